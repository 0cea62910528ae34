// Processor time of this process: a busy machine does not make it longer.
#pragma once

#include <chrono>
#include <ctime>

namespace qm::test {

inline std::chrono::nanoseconds processor_time()
{
    std::timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

} // namespace qm::test
