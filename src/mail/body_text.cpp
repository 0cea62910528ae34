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

/// Half of the bytes of Latin text in UTF-16 are NUL: a declaration of UTF-16 without any is a lie.
bool can_be(const Charset& charset, std::string_view bytes)
{
    const bool is_wide = charset.unit > 1;
    return !is_wide || !text::is_ascii(bytes) || bytes.find('\0') != std::string_view::npos;
}

std::string guessed(std::string_view bytes, bool is_html)
{
    if (is_mostly_utf8(bytes)) {
        return text::to_valid_utf8(bytes);
    }
    if (is_html) {
        const Charset* const charset = find_charset(charset_of_meta(bytes));
        if (charset != nullptr && charset->unit == 1) {
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
    if (declared == nullptr || is_utf8 || is_ascii_name(charset) || !can_be(*declared, bytes)) {
        return guessed(bytes, is_html);
    }
    const auto text = to_utf8(*declared, bytes);
    return text ? *text : guessed(bytes, is_html);
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

bool is_blank_text(std::string_view text, bool is_html)
{
    bool in_tag = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (is_html && c == '<') {
            if (text::starts_with_ignoring_case(text.substr(i), "<img")) {
                return false;
            }
            in_tag = true;
        } else if (in_tag) {
            in_tag = c != '>';
        } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            return false;
        }
    }
    return true;
}

} // namespace qm::mail
