#include "base/text.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

namespace qm::text {
namespace {

constexpr char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
constexpr bool is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

} // namespace

std::string to_lower(std::string_view text)
{
    std::string result(text);
    std::ranges::transform(result, result.begin(), lower);
    return result;
}

bool equals_ignoring_case(std::string_view a, std::string_view b)
{
    return std::ranges::equal(a, b, {}, lower, lower);
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix)
{
    return text.size() >= prefix.size() && equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

std::string_view trim(std::string_view text)
{
    while (!text.empty() && is_white(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_white(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

std::vector<std::string_view> split(std::string_view text, char separator)
{
    std::vector<std::string_view> pieces;
    while (!text.empty()) {
        const auto end = text.find(separator);
        pieces.push_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            break;
        }
        text.remove_prefix(end + 1);
        if (text.empty()) {
            pieces.emplace_back();
        }
    }
    return pieces;
}

std::vector<std::string> split_list(std::string_view text)
{
    std::vector<std::string> items;
    for (const std::string_view piece : split(text, ',')) {
        if (const std::string_view item = trim(piece); !item.empty()) {
            items.emplace_back(item);
        }
    }
    return items;
}

std::size_t ascii_length(std::string_view text)
{
    constexpr std::uint64_t kHighBits = 0x8080808080808080U;
    std::size_t length = 0;
    std::uint64_t eight = 0;
    while (length + sizeof eight <= text.size()) {
        std::memcpy(&eight, text.data() + length, sizeof eight);
        if ((eight & kHighBits) != 0) {
            break;
        }
        length += sizeof eight;
    }
    while (length < text.size() && static_cast<unsigned char>(text[length]) < 0x80) {
        ++length;
    }
    return length;
}

bool is_ascii(std::string_view text)
{
    return ascii_length(text) == text.size();
}

std::size_t utf8_length(std::string_view text)
{
    if (text.empty()) {
        return 0;
    }
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0U) == 0x80U; };
    const unsigned first = byte(0);
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        return continues(1) ? 2 : 0;
    }
    if (first >= 0xE0 && first <= 0xEF) {
        if (!continues(1) || !continues(2) || (first == 0xE0 && byte(1) < 0xA0) ||
            (first == 0xED && byte(1) > 0x9F)) {
            return 0;
        }
        return 3;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        if (!continues(1) || !continues(2) || !continues(3) || (first == 0xF0 && byte(1) < 0x90) ||
            (first == 0xF4 && byte(1) > 0x8F)) {
            return 0;
        }
        return 4;
    }
    return 0;
}

Character first_character(std::string_view text)
{
    const std::size_t length = utf8_length(text);
    if (length == 0) {
        return {0xFFFD, text.empty() ? 0U : 1U};
    }
    const auto first = static_cast<unsigned char>(text[0]);
    if (length == 1) {
        return {first, 1};
    }
    char32_t code = first & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        code = code << 6U | (static_cast<unsigned char>(text[i]) & 0x3FU);
    }
    return {code, length};
}

void append_utf8(std::string& to, char32_t code)
{
    const auto put = [&](char32_t byte) { to.push_back(static_cast<char>(byte)); };
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
        code = 0xFFFD;
    }
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0U | code >> 6U);
        put(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
        put(0xE0U | code >> 12U);
        put(0x80U | (code >> 6U & 0x3FU));
        put(0x80U | (code & 0x3FU));
    } else {
        put(0xF0U | code >> 18U);
        put(0x80U | (code >> 12U & 0x3FU));
        put(0x80U | (code >> 6U & 0x3FU));
        put(0x80U | (code & 0x3FU));
    }
}

std::string to_valid_utf8(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        if (const std::size_t plain = ascii_length(text); plain != 0) {
            result.append(text.substr(0, plain));
            text.remove_prefix(plain);
        } else if (const std::size_t length = utf8_length(text); length != 0) {
            result.append(text.substr(0, length));
            text.remove_prefix(length);
        } else {
            append_utf8(result, 0xFFFD);
            text.remove_prefix(1);
        }
    }
    return result;
}

std::string_view cut_utf8(std::string_view text, std::size_t limit)
{
    if (text.size() <= limit) {
        return text;
    }
    std::size_t end = limit;
    while (end > 0 && limit - end < 4 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    return text.substr(0, end);
}

bool is_deceptive(char32_t code)
{
    struct Range {
        char32_t first;
        char32_t last;
    };
    static constexpr auto kRanges = std::to_array<Range>({
        {0x00, 0x1F},       {0x7F, 0x9F}, {0xAD, 0xAD}, // soft hyphen
        {0x34F, 0x34F},                                 // joins letters, shows nothing
        {0x61C, 0x61C},                                 // bidirectional
        {0x115F, 0x1160},                               // Hangul fillers
        {0x17B4, 0x17B5},                               // Khmer vowels without a form
        {0x180B, 0x180F},                               // Mongolian variations and separator
        {0x200B, 0x200F},                               // zero width, bidirectional
        {0x2028, 0x202E},                               // line ends, bidirectional
        {0x2060, 0x206F},                               // zero width, bidirectional
        {0x2800, 0x2800},                               // Braille without a dot
        {0x3164, 0x3164},                               // Hangul filler
        {0xFE00, 0xFE0F},                               // variations
        {0xFEFF, 0xFEFF},                               // zero width
        {0xFFA0, 0xFFA0},                               // Hangul filler
        {0xFFF9, 0xFFFB},                               // annotations
        {0x1D173, 0x1D17A},                             // musical controls
        {0xE0000, 0xE007F},                             // tags
        {0xE0100, 0xE01EF},                             // variations
    });
    const bool is_usual = code >= ' ' && code <= '~';
    return !is_usual && std::ranges::any_of(kRanges, [&](const Range& range) {
        return code >= range.first && code <= range.last;
    });
}

std::string printable(std::string_view text, std::size_t limit)
{
    // Nearly everything that is logged.
    if (text.size() <= limit &&
        std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~' && c != '\\'; })) {
        return std::string(text);
    }
    std::string result;
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const Character character = first_character(text);
        std::string piece;
        if (length == 0) {
            piece = fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
        } else if (character.code == '\\') {
            piece = "\\\\";
        } else if (is_deceptive(character.code)) {
            piece = character.code < 0x80
                        ? fmt::format("\\x{:02x}", static_cast<unsigned>(character.code))
                        : fmt::format("\\u{{{:04x}}}", static_cast<unsigned>(character.code));
        } else {
            piece = text.substr(0, length);
        }
        if (result.size() + piece.size() > limit) {
            result += "...";
            break;
        }
        result += piece;
        text.remove_prefix(character.bytes);
    }
    return result;
}

std::string one_line(std::string_view text, std::size_t limit)
{
    std::string result;
    bool blank = false;
    while (!text.empty()) {
        const Character character = first_character(text);
        text.remove_prefix(character.bytes);
        const char32_t code = character.code;
        if (code == ' ' || code == '\t' || code == '\n' || code == '\r' || code == 0x85 || code == 0x2028 ||
            code == 0x2029) {
            blank = !result.empty();
            continue;
        }
        if (is_deceptive(code)) {
            continue;
        }
        const std::size_t before = result.size();
        if (blank) {
            result.push_back(' ');
        }
        append_utf8(result, code);
        if (result.size() > limit) {
            result.resize(before);
            result += "\u2026";
            break;
        }
        blank = false;
    }
    return result;
}

std::string human_size(std::uint64_t bytes)
{
    constexpr std::array<const char*, 5> kUnits{"B", "kB", "MB", "GB", "TB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 999.5 && unit + 1 < kUnits.size()) {
        value /= 1000;
        ++unit;
    }
    if (unit > 1 && value < 9.95) {
        return fmt::format("{:.1f} {}", value, kUnits.at(unit));
    }
    return fmt::format("{:.0f} {}", value, kUnits.at(unit));
}

} // namespace qm::text
