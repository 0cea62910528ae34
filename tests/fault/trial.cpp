#include "fault/trial.h"

#include <array>
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

namespace qm::test {

void Trouble::begin(FaultyFolder& disk) const
{
    if (for_good) {
        disk.watch_and_keep_failing(number, fault);
    } else {
        disk.watch(number, fault);
    }
}

std::string Trouble::str() const
{
    return std::string(to_string(fault)) + (for_good ? " from call " : " at call ") + std::to_string(number) +
           ", " + call;
}

std::vector<Trouble> every_trouble(const std::vector<SeenCall>& calls, bool for_good)
{
    constexpr std::array kFaults{Fault::no_space, Fault::io_error, Fault::over_quota, Fault::too_many_files,
                                 Fault::half_written};
    std::vector<Trouble> troubles;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        for (const Fault fault : kFaults) {
            const bool lasts = fault == Fault::no_space || fault == Fault::io_error;
            if (can_fail(calls.at(i).call, fault) && (lasts || !for_good)) {
                troubles.push_back(
                    {.number = i + 1,
                     .fault = fault,
                     .for_good = for_good,
                     .call = std::string(to_string(calls.at(i).call)) + " " + calls.at(i).path});
            }
        }
    }
    return troubles;
}

std::string try_all(const std::vector<Trouble>& troubles, unsigned at_once,
                    const std::function<void(const Trouble&)>& trial)
{
    LoggedText log;
    std::atomic<std::size_t> next{0};
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < at_once; ++i) {
            threads.emplace_back([&] {
                for (std::size_t mine = next++; mine < troubles.size(); mine = next++) {
                    const testing::ScopedTrace trace(__FILE__, __LINE__, troubles.at(mine).str());
                    try {
                        trial(troubles.at(mine));
                    } catch (const std::exception& error) {
                        ADD_FAILURE() << error.what();
                    }
                }
            });
        }
    }
    testing::Test::RecordProperty("troubles", static_cast<int>(troubles.size()));
    return log.text();
}

} // namespace qm::test
