// Takes everything away from this process that reading a message does not need.
#pragma once

#include <chrono>
#include <cstdint>

namespace qm::preview {

struct Confinement {
    std::uint64_t memory = 512ULL << 20U; ///< bytes of address space (RLIMIT_AS)
    std::chrono::seconds processor{5};    ///< time on a processor (RLIMIT_CPU)
};

/// A root process becomes nobody, and no program that it starts gets rights back. Errors: an exception says
/// what could not be given up.
void become_nobody();

/// Makes ready what confine() needs, once, so that the processes that come of this one find it.
/// Errors: an exception says what is missing.
void prepare_confinement();

/// For a process of one thread that has opened all it needs: from here on it reads and writes descriptor 0,
/// takes memory, and ends. No file can be opened (EACCES). No socket can be made, no program started, no
/// process or thread begun, no signal sent: who tries is killed by the kernel (seccomp,
/// SECCOMP_RET_KILL_PROCESS). Limits: memory, processor time, no core file, no file written, no descriptor
/// above those it has. Nobody may look into it (PR_SET_DUMPABLE).
///
/// In a build with sanitizers, whose runtime needs more than that, only processor time is limited. Errors: an
/// exception says what could not be taken away; then nothing may be read.
void confine(const Confinement& confinement);

} // namespace qm::preview
