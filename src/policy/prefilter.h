// Which of many regexes may match a text at all: asked once a text, whatever their number.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qm::policy {

/// Finds the literals that regexes require (policy/literals) in texts. Never leaves out a regex that matches;
/// it may name some that do not.
///
/// Thread-safety: const members may be called at once from any thread.
class Prefilter {
  public:
    using Index = std::uint32_t;

    Prefilter() = default;

    /// `patterns` compile; a regex is named by its place among them.
    explicit Prefilter(std::span<const std::string_view> patterns);

    /// Those that require nothing and have to be tried on every text. Ascending.
    const std::vector<Index>& always() const { return always_; }

    /// Of the others, those that may match `text`: ascending, each once. `found` is overwritten.
    void search(std::string_view text, std::vector<Index>& found) const;

  private:
    struct Literal {
        std::string text;           ///< lower case
        std::uint8_t gram = 0;      ///< where in it the three bytes stand that it is found by
        std::vector<Index> regexes; ///< that require it
    };

    /// Three bytes in lower case, the first one lowest, are looked up by a number of this many bits.
    static constexpr unsigned kBits = 15;
    static std::uint32_t hash(std::uint32_t gram);

    std::vector<Index> always_;
    std::vector<Index> others_; ///< all that require something
    std::vector<Literal> literals_;
    std::bitset<1U << kBits> is_used_;                     ///< 4 KB: what is asked for each byte of a text
    std::vector<std::pair<std::uint32_t, Index>> buckets_; ///< hash and literal, sorted
};

} // namespace qm::policy
