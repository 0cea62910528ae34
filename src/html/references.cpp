#include "html/references.h"

#include <algorithm>

namespace qm::html {
namespace {

constexpr std::size_t kMostDigits = 7; ///< of a character, and of a number that fits into 32 bits
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";
constexpr std::string_view kUnknown = "&#xFFFD;";

/// Bytes of the number that begins `text` ("&#...") when it has too many digits, else 0.
std::size_t length_of_long_number(std::string_view text)
{
    std::size_t begin = 2;
    const bool is_hex = text.size() > begin && (text[begin] == 'x' || text[begin] == 'X');
    begin += is_hex ? 1 : 0;
    const auto significant = text.find_first_not_of('0', begin);
    const auto end = std::min(text.find_first_not_of(is_hex ? kHexDigits : kDigits, begin), text.size());
    if (significant >= end || end - significant <= kMostDigits) {
        return 0;
    }
    return end + (text.substr(end).starts_with(';') ? 1 : 0);
}

} // namespace

std::string_view with_short_numbers(std::string_view text, std::string& changed)
{
    changed.clear();
    std::size_t begin = 0; ///< of what stays as it is
    std::size_t at = text.find("&#");
    while (at != std::string_view::npos) {
        std::size_t length = length_of_long_number(text.substr(at));
        if (length > 0) {
            changed.append(text, begin, at - begin);
            changed += kUnknown;
            begin = at + length;
        }
        at = text.find("&#", at + std::max<std::size_t>(length, 2));
    }
    return begin == 0 ? text : std::string_view(changed.append(text, begin));
}

bool ends_in_reference(std::string_view text)
{
    const auto before = std::find_if(text.rbegin(), text.rend(),
                                     [](char c) { return c == ';' || c == '#' || !is_of_reference(c); });
    std::string_view beginning = text.substr(0, static_cast<std::size_t>(text.rend() - before));
    if (beginning.ends_with('#')) {
        beginning.remove_suffix(1);
    }
    return beginning.ends_with('&');
}

bool is_of_reference(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '#' || c == ';';
}

} // namespace qm::html
