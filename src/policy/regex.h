// PCRE2 with limits: giving up is an outcome of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quarantine/held_mail.h"

namespace qm::policy {

enum class RegexOutcome : std::uint8_t { no_match, match, gave_up };

/// A compiled regex: MULTILINE, DOTALL, CASELESS, UTF, UCP, MATCH_INVALID_UTF, JIT where there is one;
/// `(?P<name>...)` and `(?<name>...)`. Searches unanchored.
///
/// Thread-safety: const members may be called at once from any thread.
class Regex {
  public:
    /// At most this many backtracking steps from one position of the subject (about a millisecond).
    static constexpr std::uint32_t kMatchLimit = 100'000;
    /// About as much CPU time for one search: a regex may stay below the limit of steps at every one of 60
    /// 000 positions.
    static constexpr std::chrono::milliseconds kMaxSearchTime{200};

    /// Errors: ConfigError with the offset and PCRE2's words; an empty pattern is one.
    explicit Regex(std::string_view pattern);
    ~Regex();
    Regex(Regex&&) noexcept;
    Regex& operator=(Regex&&) noexcept;

    /// Searches `subject` (any bytes). On a match `groups` (if given) gets every group of the pattern, those
    /// that took no part with an empty text; otherwise it is left alone. Whatever keeps PCRE2 from an answer
    /// is gave_up, never no_match.
    RegexOutcome search(std::string_view subject, MatchGroups* groups = nullptr) const;

    const std::string& pattern() const;
    /// The name of each group, "" for unnamed ones; the position is the number minus one.
    const std::vector<std::string>& group_names() const;

  private:
    class Code;
    std::unique_ptr<Code> code_;
};

} // namespace qm::policy
