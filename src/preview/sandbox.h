// Takes everything away from this process that reading a message does not need.
#pragma once

#include <chrono>
#include <cstdint>

namespace qm::preview {

struct Confinement {
    std::uint64_t memory = 512ULL << 20U; ///< bytes of address space (RLIMIT_AS)
};

/// For a process of one thread that has opened all it needs: from here on it reads and writes descriptor 0,
/// takes memory, and ends. No file can be opened (EACCES). No socket can be made, no program started, no
/// process or thread begun, no signal sent: who tries is killed by the kernel (seccomp,
/// SECCOMP_RET_KILL_PROCESS). A root process becomes nobody first. Limits: memory, no core file, no file
/// written, no descriptor above those it has.
///
/// In a build with sanitizers, whose runtime needs more than that, only the user changes. Errors: an
/// exception says what could not be taken away; then nothing may be read.
void confine(const Confinement& confinement);

/// Ends this process (SIGALRM, SIGPROF) when it takes longer from now on, by the clock or in processor time.
void end_at_the_latest(std::chrono::milliseconds clock, std::chrono::milliseconds processor);
/// Takes that back.
void no_end();

} // namespace qm::preview
