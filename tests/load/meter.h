// How long answers take: each worker has a meter of its own, added up at the end.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <memory>

#include "load/mail.h"
#include "load/protocol.h"

namespace qm::load {

using Clock = std::chrono::steady_clock;

/// Durations in groups of at most 3 % width.
///
/// Thread-safety: none.
class Histogram {
  public:
    void add(std::chrono::nanoseconds duration)
    {
        const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
        ++groups_->at(group_of(value));
        ++count_;
        longest_ = std::max(longest_, value);
    }

    void add(const Histogram& other)
    {
        for (std::size_t i = 0; i < kGroups; ++i) {
            groups_->at(i) += other.groups_->at(i);
        }
        count_ += other.count_;
        longest_ = std::max(longest_, other.longest_);
    }

    std::uint64_t count() const { return count_; }
    double longest_ms() const { return static_cast<double>(longest_) / 1e6; }

    /// Milliseconds that this part of all answers (0.5, 0.99) did not exceed; 0 without any.
    double within_ms(double part) const
    {
        const auto wanted = static_cast<std::uint64_t>(part * static_cast<double>(count_));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < kGroups; ++i) {
            seen += groups_->at(i);
            if (seen > wanted) {
                return static_cast<double>(std::min(upper_end(i), longest_)) / 1e6;
            }
        }
        return longest_ms();
    }

  private:
    static constexpr unsigned kFine = 5; ///< 32 groups from a power of two to the next
    static constexpr std::size_t kGroups = (64 - kFine + 1) << kFine;

    static std::size_t group_of(std::uint64_t value)
    {
        if (value < (1U << kFine)) {
            return static_cast<std::size_t>(value);
        }
        const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kFine - 1;
        return (std::size_t{shift} << kFine) + static_cast<std::size_t>(value >> shift);
    }

    static std::uint64_t upper_end(std::size_t group)
    {
        if (group < (2U << kFine)) {
            return group;
        }
        const std::size_t shift = (group >> kFine) - 1;
        return ((static_cast<std::uint64_t>(group - (shift << kFine)) + 1) << shift) - 1;
    }

    std::unique_ptr<std::array<std::uint64_t, kGroups>> groups_ =
        std::make_unique<std::array<std::uint64_t, kGroups>>();
    std::uint64_t count_ = 0;
    std::uint64_t longest_ = 0;
};

/// What the answer to a part of the conversation took, by the kind of the mail.
class Meter {
  public:
    /// Before this nothing is counted.
    void start() { started_ = true; }

    void add(Kind kind, Stage stage, Clock::duration duration)
    {
        if (started_) {
            at(kind, stage).add(std::chrono::duration_cast<std::chrono::nanoseconds>(duration));
        }
    }

    void add(const Meter& other)
    {
        for (std::size_t i = 0; i < histograms_.size(); ++i) {
            histograms_.at(i).add(other.histograms_.at(i));
        }
    }

    Histogram& at(Kind kind, Stage stage)
    {
        return histograms_.at(static_cast<std::size_t>(kind) * kStages + static_cast<std::size_t>(stage));
    }
    const Histogram& at(Kind kind, Stage stage) const
    {
        return histograms_.at(static_cast<std::size_t>(kind) * kStages + static_cast<std::size_t>(stage));
    }

  private:
    std::array<Histogram, kKinds * kStages> histograms_;
    bool started_ = false;
};

} // namespace qm::load
