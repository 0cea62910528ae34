#include "mail/attachment_name.h"

#include "base/text.h"
#include "mail/decode.h"

namespace qm::mail {
namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kEnd = 60; ///< bytes kept of the end of a name that is too long
constexpr std::size_t kMaxRaw = 8192;

std::string shortened(std::string name)
{
    if (name.size() <= kMaxName) {
        return name;
    }
    constexpr std::string_view kEllipsis = "\u2026";
    std::size_t end = name.size() - kEnd;
    while (end < name.size() && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80U) {
        ++end;
    }
    return std::string(text::cut_utf8(name, kMaxName - kEnd - kEllipsis.size())) + std::string(kEllipsis) +
           name.substr(end);
}

bool is_blank(char32_t code)
{
    return code == ' ' || code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) ||
           code == 0x202F || code == 0x205F || code == 0x3000;
}

/// Is there anything to be seen but dots?
bool is_seen(std::string_view name)
{
    while (!name.empty()) {
        const text::Character character = text::first_character(name);
        if (character.code != '.' && !is_blank(character.code)) {
            return true;
        }
        name.remove_prefix(character.bytes);
    }
    return false;
}

} // namespace

std::string attachment_name(std::string_view raw)
{
    std::string name = decode_for_people(raw.substr(0, kMaxRaw), kMaxRaw);
    if (const auto slash = name.find_last_of("/\\"); slash != std::string::npos) {
        name.erase(0, slash + 1);
    }
    name = shortened(std::string(text::trim(name)));
    return is_seen(name) ? name : "unnamed";
}

} // namespace qm::mail
