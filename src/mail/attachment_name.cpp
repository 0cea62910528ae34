#include "mail/attachment_name.h"

#include <algorithm>

#include "base/text.h"
#include "mail/decode.h"

namespace qm::mail {
namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxEnd = 60; ///< bytes kept of the end of a name that is too long
constexpr std::size_t kMaxRaw = std::size_t{64} * 1024;
constexpr std::size_t kMaxDecoded = 4 * kMaxRaw;

/// A row of these pushes the end of a name out of sight.
bool is_blank(char32_t code)
{
    return code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x202F ||
           code == 0x205F || code == 0x3000;
}

std::string with_plain_blanks(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const text::Character character = text::first_character(text);
        text::append_utf8(result, is_blank(character.code) ? U' ' : character.code);
        text.remove_prefix(character.bytes);
    }
    return text::one_line(result, kMaxDecoded);
}

bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string_view without_path(std::string_view name)
{
    if (const auto slash = name.find_last_of("/\\"); slash != std::string_view::npos) {
        name.remove_prefix(slash + 1);
    }
    const bool has_drive = name.size() > 1 && is_letter(name[0]) && name[1] == ':';
    return has_drive ? name.substr(2) : name;
}

} // namespace

std::string shortened_name(std::string_view name, std::size_t limit)
{
    if (name.size() <= limit) {
        return std::string(name);
    }
    constexpr std::string_view kEllipsis = "\u2026";
    const std::size_t kept = std::min(kMaxEnd, limit / 2);
    std::size_t end = name.size() - kept;
    while (end < name.size() && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80U) {
        ++end;
    }
    return std::string(text::cut_utf8(name, limit - kept - kEllipsis.size())) + std::string(kEllipsis) +
           std::string(name.substr(end));
}

std::string attachment_name(std::string_view raw)
{
    raw.remove_prefix(raw.size() - std::min(raw.size(), kMaxRaw));
    const std::string line = with_plain_blanks(decode_for_people(raw, kMaxDecoded));
    std::string_view name = without_path(line);
    const auto last = name.find_last_not_of(". ");
    if (last == std::string_view::npos) {
        return "unnamed";
    }
    name = text::trim(name.substr(0, last + 1));
    return shortened_name(name, kMaxName);
}

} // namespace qm::mail
