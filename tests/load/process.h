// What /proc says of a process.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <sys/types.h>

namespace qm::load {

struct Sample {
    double seconds = 0;                       ///< since the run began
    double cpu_seconds = 0;                   ///< of all its life, user and system
    std::uint64_t memory = 0, own_memory = 0; ///< bytes resident; without files that are mapped
    std::uint64_t threads = 0;
    std::uint64_t files = 0;    ///< open descriptors
    std::uint64_t answered = 0; ///< mails, so far
};

/// Nothing when there is no such process.
std::optional<Sample> sample_of(pid_t process);

} // namespace qm::load
