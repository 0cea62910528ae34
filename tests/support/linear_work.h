// Work that grows with its input, not with the square of it. Measured in processor time; the limits are so
// wide that only another order of growth breaks them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string_view>

#include <gtest/gtest.h>

#include "support/processor_time.h"

namespace qm::test {

#ifdef QM_SANITIZED
constexpr int kSlower = 20; ///< how much a sanitizer may cost
#else
constexpr int kSlower = 1;
#endif

/// The cheapest of a few runs: caches are warm, and nobody was in the way.
template <typename Run>
std::chrono::nanoseconds cost_of(Run run)
{
    std::chrono::nanoseconds cheapest = std::chrono::hours(1);
    for (int i = 0; i < 3; ++i) {
        const auto begin = processor_time();
        run();
        cheapest = std::min(cheapest, processor_time() - begin);
    }
    return cheapest;
}

/// `run(make(size))` and `run(make(2 * size))`: the second costs less than three times as much as the first
/// (a quadratic one four times), or both so little that it cannot be measured.
template <typename Make, typename Run>
void expect_linear(std::string_view what, std::size_t size, Make make, Run run)
{
    constexpr std::chrono::milliseconds kTooLittle{40};
    const auto cost = [&](std::size_t n) {
        const auto input = make(n);
        return cost_of([&] { run(input); });
    };
    const auto once = cost(size);
    const auto twice = cost(2 * size);
    EXPECT_TRUE(twice < kTooLittle * kSlower || twice < 3 * once)
        << what.substr(0, 100) << ": " << once.count() / 1000 << " us, and " << twice.count() / 1000
        << " us for twice as much";
}

/// Less than this, whatever machine; for inputs that a limit cuts.
template <typename Run>
void expect_cheap(std::string_view what, std::chrono::milliseconds limit, Run run)
{
    const auto begin = processor_time();
    run();
    const auto cost = processor_time() - begin;
    EXPECT_LT(cost, limit * kSlower) << what.substr(0, 100);
}

} // namespace qm::test
