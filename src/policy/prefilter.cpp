#include "policy/prefilter.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "policy/literals.h"

namespace qm::policy {
namespace {

constexpr std::size_t kGram = 3;

/// How often a character stands in headers, roughly: the commonest letters of languages are the commonest
/// here.
unsigned commonness(char c)
{
    constexpr std::string_view kByFrequency = "eariotnslcudpmhgbfywkvxzjq";
    const auto place = kByFrequency.find(c);
    return place == std::string_view::npos ? (c == ' ' ? 26U : 8U) : 26U - static_cast<unsigned>(place);
}

/// The place of the three bytes of a literal that are likely to be rare.
std::size_t rarest_gram(std::string_view literal)
{
    std::size_t best = 0;
    unsigned least = ~0U;
    for (std::size_t i = 0; i + kGram <= literal.size(); ++i) {
        const unsigned sum = commonness(literal[i]) + commonness(literal[i + 1]) + commonness(literal[i + 2]);
        if (sum < least) {
            least = sum;
            best = i;
        }
    }
    return best;
}

std::uint32_t lower(char c)
{
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte;
}

/// Contains a letter outside ASCII that is "s" or "k" when case does not count.
bool has_odd_letter(std::string_view text)
{
    return text.find("\xC5\xBF") != std::string_view::npos ||
           text.find("\xE2\x84\xAA") != std::string_view::npos;
}

} // namespace

Prefilter::Prefilter(std::span<const std::string_view> patterns)
{
    std::map<std::string, std::vector<Index>> by_literal;
    for (Index regex = 0; regex < patterns.size(); ++regex) {
        std::vector<std::string> literals = required_literals(patterns[regex]);
        (literals.empty() ? always_ : others_).push_back(regex);
        for (std::string& literal : literals) {
            by_literal[std::move(literal)].push_back(regex);
        }
    }
    for (auto& [text, regexes] : by_literal) {
        const std::size_t gram = rarest_gram(text);
        std::uint32_t bytes = 0;
        for (const char c : std::string_view(text).substr(gram, kGram)) {
            bytes = bytes >> 8U | lower(c) << 16U;
        }
        buckets_.emplace_back(hash(bytes), static_cast<Index>(literals_.size()));
        is_used_.set(buckets_.back().first);
        literals_.push_back({text, static_cast<std::uint8_t>(gram), std::move(regexes)});
    }
    std::ranges::sort(buckets_);
}

std::uint32_t Prefilter::hash(std::uint32_t gram)
{
    constexpr std::uint32_t kMultiplier = 0x9E3779B1;
    return gram * kMultiplier >> (32U - kBits);
}

void Prefilter::search(std::string_view text, std::vector<Index>& found) const
{
    found.clear();
    if (others_.empty() || text.size() < kGram) {
        return;
    }
    if (!text::is_ascii(text) && has_odd_letter(text)) {
        found = others_;
        return;
    }
    std::vector<Index> literals;
    std::vector<bool> is_there; // one a literal, once there may be one
    std::uint32_t gram = 0;
    for (std::size_t end = 1; end <= text.size(); ++end) {
        gram = gram >> 8U | lower(text[end - 1]) << 16U;
        const std::uint32_t here = hash(gram);
        if (!is_used_[here] || end < kGram) {
            continue;
        }
        is_there.resize(literals_.size());
        auto bucket = std::ranges::lower_bound(buckets_, here, {}, &std::pair<std::uint32_t, Index>::first);
        for (; bucket != buckets_.end() && bucket->first == here; ++bucket) {
            const Literal& literal = literals_[bucket->second];
            const std::size_t before = literal.gram + kGram;
            if (!is_there[bucket->second] && end >= before &&
                text::starts_with_ignoring_case(text.substr(end - before), literal.text)) {
                is_there[bucket->second] = true;
                literals.push_back(bucket->second);
            }
        }
    }
    for (const Index literal : literals) {
        found.insert(found.end(), literals_[literal].regexes.begin(), literals_[literal].regexes.end());
    }
    std::ranges::sort(found);
    found.erase(std::unique(found.begin(), found.end()), found.end());
}

} // namespace qm::policy
