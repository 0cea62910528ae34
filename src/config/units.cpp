#include "config/units.h"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"

namespace qm::config {
namespace {

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kMostDays = 36500;
/// Of a value that is quoted in a remark: enough to find it again.
constexpr std::size_t kShown = 60;

using Unit = std::pair<char, std::int64_t>;
constexpr std::array<Unit, 5> kDurations{{{'s', 1}, {'m', 60}, {'h', 3600}, {'d', kDay}, {'w', 7 * kDay}}};
constexpr std::array<Unit, 1> kDays{{{'d', 1}}};
constexpr std::array<Unit, 3> kSizes{{{'k', 1024}, {'m', 1024 * 1024}, {'g', 1024 * 1024 * 1024}}};

/// A number that is not negative with at most one letter of `units` behind it.
template <std::size_t count>
std::optional<std::int64_t> with_unit(std::string_view value, const std::array<Unit, count>& units,
                                      std::int64_t most)
{
    std::int64_t factor = 1;
    const std::string lower = text::to_lower(value);
    std::string_view digits = lower;
    for (const auto& [letter, worth] : units) {
        if (!digits.empty() && digits.back() == letter) {
            factor = worth;
            digits = text::trim(digits.substr(0, digits.size() - 1));
            break;
        }
    }
    const auto amount = parse_number(digits);
    if (!amount || *amount < 0 || *amount > most / factor) {
        return std::nullopt;
    }
    return *amount * factor;
}

/// " from 1 to 65535", " of at least 1", " of at most 10" or nothing.
std::string limits(const Option& option, std::string_view unit)
{
    const bool open_end = option.max == std::numeric_limits<std::int64_t>::max();
    if (!open_end) {
        return fmt::format(" from {} to {}{}", option.min, option.max, unit);
    }
    // Only a plain number can be negative at all: nobody needs to be told that a time cannot.
    return option.min == 0 && option.kind != OptionKind::number
               ? ""
               : fmt::format(" of at least {}{}", option.min, unit);
}

std::string quoted(std::string_view value)
{
    const std::string_view shown = text::cut_utf8(value, kShown);
    return fmt::format("\"{}{}\"", shown, shown.size() < value.size() ? "..." : "");
}

std::string choices_in_words(std::string_view choices)
{
    return fmt::format("{}", fmt::join(text::split(choices, '|'), ", "));
}

} // namespace

std::optional<std::int64_t> parse_number(std::string_view text)
{
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) {
            return std::nullopt;
        }
    }
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (text.empty() || error != std::errc{} || stop != end) {
        return std::nullopt;
    }
    return number;
}

std::optional<std::int64_t> parse_duration(std::string_view text)
{
    return with_unit(text, kDurations, kMostDays * kDay);
}

std::optional<std::int64_t> parse_days(std::string_view text)
{
    return with_unit(text, kDays, kMostDays);
}

std::optional<std::int64_t> parse_size(std::string_view text)
{
    return with_unit(text, kSizes, std::numeric_limits<std::int64_t>::max());
}

std::optional<bool> parse_flag(std::string_view text)
{
    if (const auto position = parse_choice(text, "no|yes|false|true|off|on|0|1")) {
        return *position % 2 == 1;
    }
    return std::nullopt;
}

std::optional<std::size_t> parse_choice(std::string_view text, std::string_view choices)
{
    std::size_t position = 0;
    for (const std::string_view choice : text::split(choices, '|')) {
        if (text::equals_ignoring_case(text, choice)) {
            return position;
        }
        ++position;
    }
    return std::nullopt;
}

std::vector<std::string> parse_list(std::string_view text)
{
    std::vector<std::string> items;
    for (const std::string_view line : text::split(text, '\n')) {
        for (std::string& item : text::split_list(line)) {
            items.push_back(std::move(item));
        }
    }
    return items;
}

std::optional<std::int64_t> parse_amount(const Option& option, std::string_view text)
{
    std::optional<std::int64_t> amount;
    switch (option.kind) {
    case OptionKind::number:
        amount = parse_number(text);
        break;
    case OptionKind::duration:
        amount = parse_duration(text);
        break;
    case OptionKind::days:
        amount = parse_days(text);
        break;
    case OptionKind::size:
        amount = parse_size(text);
        break;
    default:
        break;
    }
    return amount && *amount >= option.min && *amount <= option.max ? amount : std::nullopt;
}

std::string expected(const Option& option)
{
    switch (option.kind) {
    case OptionKind::choice:
        return "one of " + choices_in_words(option.choices);
    case OptionKind::flag:
        return "yes or no";
    case OptionKind::number:
        return "a whole number" + limits(option, "");
    case OptionKind::duration:
        return "a time such as 30s, 10m, 4h, 7d or 2w" + limits(option, " seconds");
    case OptionKind::days:
        return "a whole number of days" + limits(option, "");
    case OptionKind::size:
        return "a size in bytes or such as 64K, 25M, 2G" + limits(option, " bytes");
    case OptionKind::path:
        return "one path on one line";
    case OptionKind::list:
        return option.choices.empty() ? "a list with commas"
                                      : "a list out of " + choices_in_words(option.choices);
    case OptionKind::paths:
        return "a list of paths with commas";
    case OptionKind::text:
    case OptionKind::secret:
        break;
    }
    return "a text";
}

std::string fault(const Option& option, std::string_view value)
{
    const auto wrong = [&](std::string_view found) {
        return fmt::format("expected {}; found {}", expected(option), quoted(found));
    };
    switch (option.kind) {
    case OptionKind::choice:
        return parse_choice(value, option.choices) ? "" : wrong(value);
    case OptionKind::flag:
        return parse_flag(value) ? "" : wrong(value);
    case OptionKind::number:
    case OptionKind::duration:
    case OptionKind::days:
    case OptionKind::size:
        return parse_amount(option, value) ? "" : wrong(value);
    case OptionKind::path:
        return value.find('\n') == std::string_view::npos ? "" : wrong(value);
    case OptionKind::list:
        if (!option.choices.empty()) {
            for (const std::string& item : parse_list(value)) {
                if (!parse_choice(item, option.choices)) {
                    return wrong(item);
                }
            }
        }
        return "";
    case OptionKind::text:
    case OptionKind::paths:
    case OptionKind::secret:
        break;
    }
    return "";
}

} // namespace qm::config
