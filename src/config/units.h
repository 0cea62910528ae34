// What the text of an option may be: amounts, flags, choices. The sentences about what is expected stand here
// too, so that a check and its message cannot disagree.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quarantine/section.h"

namespace qm::config {

/// A whole number, with or without a sign.
std::optional<std::int64_t> parse_number(std::string_view text);
/// Seconds: "90", "90s", "10m", "4h", "7d", "2w". At most a hundred years.
std::optional<std::int64_t> parse_duration(std::string_view text);
/// Days: "14" or "14d". At most a hundred years.
std::optional<std::int64_t> parse_days(std::string_view text);
/// Bytes: "512", "64K", "25M", "2G" (1024).
std::optional<std::int64_t> parse_size(std::string_view text);
/// yes, no, true, false, on, off, 1, 0 in any case.
std::optional<bool> parse_flag(std::string_view text);
/// The position of `text` in `choices` ("first|last"), in any case.
std::optional<std::size_t> parse_choice(std::string_view text, std::string_view choices);
/// Items between commas or line ends, trimmed, empty ones left out.
std::vector<std::string> parse_list(std::string_view text);

/// An option of a kind that counts: number, duration (seconds), days, size (bytes), between its min and max.
std::optional<std::int64_t> parse_amount(const Option& option, std::string_view text);

/// What a value of this option looks like, to stand behind "expected": "a whole number from 1 to 65535".
std::string expected(const Option& option);

/// What is wrong with `value` and what is expected; "" when nothing is. Looks at the text only, never at
/// files.
std::string fault(const Option& option, std::string_view value);

} // namespace qm::config
