#include "mail/body_text.h"

#include <algorithm>

#include "base/text.h"
#include "mail/charset.h"

namespace qm::mail {
namespace {

constexpr std::size_t kMetaSearch = 2048; ///< bytes in which a <meta> with a charset is looked for

std::string western(std::string_view bytes)
{
    const Charset* const charset = find_charset("windows-1252");
    const auto text = charset == nullptr ? std::nullopt : to_utf8(*charset, bytes);
    return text ? *text : text::to_valid_utf8(bytes);
}

/// Is it UTF-8 with a few accidents (or a character cut at the end), rather than another charset?
bool is_mostly_utf8(std::string_view bytes)
{
    std::size_t good = 0;
    std::size_t bad = 0;
    while (!bytes.empty()) {
        const std::size_t length = text::utf8_length(bytes);
        good += length > 1 ? 1 : 0;
        bad += length == 0 ? 1 : 0;
        bytes.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return bad == 0 || good > 2 * bad;
}

std::string_view charset_of_mark(std::string_view bytes)
{
    if (bytes.starts_with("\xEF\xBB\xBF")) {
        return "utf-8";
    }
    if (bytes.starts_with("\xFF\xFE")) {
        return "utf-16le";
    }
    if (bytes.starts_with("\xFE\xFF")) {
        return "utf-16be";
    }
    return {};
}

/// <meta charset="x"> or <meta http-equiv="Content-Type" content="text/html; charset=x">
std::string charset_of_meta(std::string_view bytes)
{
    const std::string begin = text::to_lower(bytes.substr(0, kMetaSearch));
    const auto meta = begin.find("<meta");
    const auto at = meta == std::string::npos ? meta : begin.find("charset=", meta);
    if (at == std::string::npos) {
        return {};
    }
    std::string_view value = std::string_view(begin).substr(at + 8);
    value.remove_prefix(std::min(value.find_first_not_of("\"' "), value.size()));
    return std::string(value.substr(0, value.find_first_of("\"' ;/>\r\n\t")));
}

/// Half of the bytes of Latin text in UTF-16 are NUL, and those of other text are hardly ever UTF-8: then a
/// declaration of UTF-16 is a lie.
bool can_be(const Charset& charset, std::string_view bytes)
{
    const bool is_wide = charset.unit > 1;
    return !is_wide || bytes.find('\0') != std::string_view::npos || text::to_valid_utf8(bytes) != bytes;
}

std::string guessed(std::string_view bytes, bool is_html)
{
    if (is_mostly_utf8(bytes)) {
        return text::to_valid_utf8(bytes);
    }
    if (is_html) {
        const Charset* const charset = find_charset(charset_of_meta(bytes));
        if (charset != nullptr && charset->unit == 1 && !is_utf7(charset)) {
            if (const auto text = to_utf8(*charset, bytes)) {
                return *text;
            }
        }
    }
    return western(bytes);
}

bool is_ascii_name(std::string_view charset)
{
    return text::equals_ignoring_case(charset, "us-ascii") || text::equals_ignoring_case(charset, "ascii");
}

/// What the declared charset cannot read, and UTF-8 can, was UTF-8; 8-bit bytes where a charset has none are
/// anything but that charset.
bool is_lie(const Charset& charset, std::string_view bytes, std::string_view text)
{
    if (text::is_ascii(bytes) || text.find("\uFFFD") == std::string_view::npos) {
        return false;
    }
    return is_utf7(&charset) || charset.names.starts_with("iso-2022-") || text::to_valid_utf8(bytes) == bytes;
}

std::string decoded(std::string_view bytes, std::string_view charset, bool is_html)
{
    if (const std::string_view mark = charset_of_mark(bytes); !mark.empty()) {
        const Charset* const marked = find_charset(mark);
        if (const auto text = marked == nullptr ? std::nullopt : to_utf8(*marked, bytes)) {
            return *text;
        }
    }
    const Charset* const declared = find_charset(charset);
    const bool is_utf8 = declared != nullptr && declared == find_charset("utf-8");
    const bool is_markup_to_few = is_html && is_utf7(declared);
    if (declared == nullptr || is_utf8 || is_markup_to_few || is_ascii_name(charset) ||
        !can_be(*declared, bytes)) {
        return guessed(bytes, is_html);
    }
    const auto text = to_utf8(*declared, bytes);
    return text && !is_lie(*declared, bytes, *text) ? *text : guessed(bytes, is_html);
}

bool is_no_text(char32_t code)
{
    const bool is_space = code == '\t' || code == '\n' || code == '\r' || code == '\f';
    return (code < 0x20 && !is_space) || (code >= 0x7F && code <= 0x9F) || code == 0xFFFD;
}

/// White space, and characters that show nothing. Controls do where they are read in the wrong charset.
bool is_invisible(char32_t code)
{
    const bool is_blank = code == ' ' || code == '\t' || code == '\r' || code == '\n' || code == 0xA0 ||
                          (code >= 0x2000 && code <= 0x200A) || code == 0x202F || code == 0x205F ||
                          code == 0x3000;
    return is_blank || (code > 0x9F && text::is_deceptive(code));
}

} // namespace

std::string body_text(std::string_view bytes, std::string_view charset, bool is_html)
{
    std::string text = decoded(bytes, charset, is_html);
    std::erase(text, '\0');
    if (text.starts_with("\uFEFF")) {
        text.erase(0, 3);
    }
    return text;
}

bool is_plausible_text(std::string_view bytes, std::string_view charset)
{
    constexpr std::size_t kOneIn = 20; // in random bytes more than one in ten is a control
    const Charset* const declared = is_ascii_name(charset) ? nullptr : find_charset(charset);
    const auto converted = declared == nullptr ? std::nullopt : to_utf8(*declared, bytes);
    const std::string text = converted ? *converted : text::to_valid_utf8(bytes);
    std::size_t all = 0;
    std::size_t bad = 0;
    for (std::string_view rest = text; !rest.empty();) {
        const text::Character character = text::first_character(rest);
        ++all;
        bad += is_no_text(character.code) ? 1 : 0;
        rest.remove_prefix(character.bytes);
    }
    return bad * kOneIn <= all;
}

bool is_blank_text(std::string_view text)
{
    while (!text.empty()) {
        const text::Character character = text::first_character(text);
        if (!is_invisible(character.code)) {
            return false;
        }
        text.remove_prefix(character.bytes);
    }
    return true;
}

} // namespace qm::mail
