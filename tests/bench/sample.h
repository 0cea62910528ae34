// A catalog full of made-up mail that looks like a real one.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "quarantine/held_mail.h"

namespace qm::bench {

/// Makes messages, the same ones for the same seed: five quarantines, 20 000 senders in 3 000 domains and one
/// domain that sends a third of all, eight domains of recipients, one to three recipients a message, most of
/// them held, released or deleted.
///
/// Some things never meet, so that a search for both has much to read and nothing to find: kHeavyDomain
/// writes neither to kShunned nor into the quarantine "policy", and its mail is never `copied`.
class Sample {
  public:
    static constexpr const char* kHeavyDomain = "big.example";
    static constexpr const char* kShunned = "our1.example.net";

    /// The messages are spread evenly over the time up to `end`.
    Sample(std::uint64_t count, Time end);

    HeldMail next();
    Time time_of(std::uint64_t number) const;

  private:
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }
    /// Low numbers are frequent, high ones rare.
    std::size_t skewed(std::size_t limit);
    std::size_t weighted(const std::vector<std::size_t>& weights);
    HeldRecipient recipient(bool from_heavy);

    std::uint64_t count_;
    std::uint64_t number_ = 0;
    Time end_;
    std::mt19937_64 random_{20260804}; // NOLINT(cert-msc51-cpp,bugprone-random-generator-seed): repeatable
};

} // namespace qm::bench
