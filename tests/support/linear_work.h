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
/// A sanitizer looks at all of the input of iconv() and others at every call: it is not linear itself.
constexpr bool kHasGrowth = false;
#else
constexpr int kSlower = 1;
constexpr bool kHasGrowth = true;
#endif
#ifdef __SANITIZE_THREAD__
constexpr std::size_t kSmaller = 8; ///< one thread has no races, and growth is not looked at
#else
constexpr std::size_t kSmaller = 1;
#endif

/// Runs `run(make(size))` and `run(make(2 * size))`: the second costs less than three times as much as the
/// first (a quadratic one four times), or both so little that it cannot be measured; and less than `limit` in
/// any case. What fails is tried again, because others on the machine cost us time as well.
template <typename Make, typename Run>
void expect_linear(std::string_view what, std::size_t size, Make make, Run run,
                   std::chrono::milliseconds limit = std::chrono::seconds(10))
{
    constexpr std::chrono::milliseconds kTooLittle{40};
    constexpr int kTries = 10; // the least of each counts, and a machine may be slow for a while
    const auto one = make(size / kSmaller);
    const auto two = make(2 * size / kSmaller);
    const auto cost_of = [&](const auto& input) {
        const auto begin = processor_time();
        run(input);
        return processor_time() - begin;
    };
    auto once = cost_of(one);
    auto twice = cost_of(two);
    const auto is_linear = [&] { return !kHasGrowth || twice < kTooLittle || twice < 3 * once; };
    for (int i = 1; i < kTries && !is_linear(); ++i) {
        once = std::min(once, cost_of(one));
        twice = std::min(twice, cost_of(two));
    }
    EXPECT_TRUE(is_linear()) << what.substr(0, 100) << ": " << once.count() / 1000 << " us, and "
                             << twice.count() / 1000 << " us for twice as much";
    EXPECT_LT(twice, limit * kSlower) << what.substr(0, 100);
}

/// Less than this on any machine: for work that a limit ends.
template <typename Run>
void expect_cheap(std::string_view what, std::chrono::milliseconds limit, Run run)
{
    const auto begin = processor_time();
    run();
    EXPECT_LT(processor_time() - begin, limit * kSlower) << what.substr(0, 100);
}

} // namespace qm::test
