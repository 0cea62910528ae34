#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.h"
#include "html/reading_order.h"
#include "html/sanitizer.h"

namespace qm::html {
namespace {

/// The end of the line that begins `text`: CRLF, CR or LF.
struct LineEnd {
    std::size_t at;
    std::size_t length;
};

LineEnd line_end(std::string_view text)
{
    const auto at = text.find_first_of("\r\n");
    if (at == std::string_view::npos) {
        return {text.size(), 0};
    }
    return {at, text.substr(at, 2) == "\r\n" ? 2U : 1U};
}

/// One line, escaped, with its columns: HTML shows a run of blanks as one.
std::string line_to_html(std::string_view line)
{
    constexpr std::string_view kNoBreakSpace = "\u00A0";
    std::string spaced;
    spaced.reserve(line.size());
    bool after_blank = true; // a blank at the beginning of a line is not shown either
    for (const char c : line) {
        if (c == '\t') {
            spaced += kNoBreakSpace;
            spaced += kNoBreakSpace;
            spaced += kNoBreakSpace;
            spaced += ' ';
            after_blank = true;
        } else if (c == ' ' && after_blank) {
            spaced += kNoBreakSpace;
            after_blank = false;
        } else {
            spaced.push_back(c);
            after_blank = c == ' ';
        }
    }
    return escape(in_reading_order(spaced));
}

/// Controls, and the code points that are never characters.
bool is_no_text(char32_t code)
{
    return (code < 0x20 && code != '\t' && code != '\n') || (code >= 0x7F && code <= 0x9F) ||
           (code >= 0xFDD0 && code <= 0xFDEF) || (code & 0xFFFEU) == 0xFFFE;
}

bool turns_text(char32_t code)
{
    return (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

/// Marks that are written onto the letter before them; the blocks in which nearly all of them are.
bool is_mark(char32_t code)
{
    struct Range {
        char32_t first;
        char32_t last;
    };
    constexpr std::array kMarks = {
        Range{0x0300, 0x036F},   Range{0x0483, 0x0489},   Range{0x0591, 0x05BD},   Range{0x0610, 0x061A},
        Range{0x064B, 0x065F},   Range{0x06D6, 0x06ED},   Range{0x0730, 0x074A},   Range{0x07EB, 0x07F3},
        Range{0x0816, 0x082D},   Range{0x08CA, 0x0903},   Range{0x093A, 0x094F},   Range{0x0951, 0x0957},
        Range{0x0981, 0x0983},   Range{0x09BC, 0x09CD},   Range{0x0A3C, 0x0A51},   Range{0x0ABC, 0x0ACD},
        Range{0x0B3C, 0x0B57},   Range{0x0BBE, 0x0BCD},   Range{0x0C3C, 0x0C56},   Range{0x0CBC, 0x0CD6},
        Range{0x0D3B, 0x0D4D},   Range{0x0DCA, 0x0DDF},   Range{0x0E31, 0x0E31},   Range{0x0E34, 0x0E3A},
        Range{0x0E47, 0x0E4E},   Range{0x0EB1, 0x0EBC},   Range{0x0EC8, 0x0ECE},   Range{0x0F71, 0x0F97},
        Range{0x102B, 0x103E},   Range{0x135D, 0x135F},   Range{0x1712, 0x1734},   Range{0x17B4, 0x17D3},
        Range{0x1A55, 0x1A7F},   Range{0x1AB0, 0x1AFF},   Range{0x1B34, 0x1B44},   Range{0x1B6B, 0x1B73},
        Range{0x1CD0, 0x1CF9},   Range{0x1DC0, 0x1DFF},   Range{0x20D0, 0x20FF},   Range{0x2CEF, 0x2CF1},
        Range{0x2DE0, 0x2DFF},   Range{0x302A, 0x302F},   Range{0x3099, 0x309A},   Range{0xA66F, 0xA67D},
        Range{0xA8E0, 0xA8F1},   Range{0xAAB0, 0xAAC1},   Range{0xFE00, 0xFE0F},   Range{0xFE20, 0xFE2F},
        Range{0x10A01, 0x10A3F}, Range{0x11000, 0x11046}, Range{0x1D165, 0x1D1AD}, Range{0x1E000, 0x1E02A},
        Range{0xE0100, 0xE01EF}};
    if (code < kMarks.front().first) {
        return false;
    }
    const auto* const found = std::ranges::upper_bound(kMarks, code, {}, &Range::first);
    return found != kMarks.begin() && code <= std::prev(found)->last;
}

} // namespace

std::size_t plain_length(std::string_view text)
{
    static constexpr auto kPlain = [] {
        std::array<bool, 256> plain{};
        for (std::size_t c = 0x20; c < 0x7F; ++c) {
            plain.at(c) = c != '&' && c != '<' && c != '>' && c != '"' && c != '\'';
        }
        plain['\t'] = plain['\n'] = true;
        return plain;
    }();
    std::size_t length = 0;
    while (length < text.size() && kPlain[static_cast<unsigned char>(text[length])]) {
        ++length;
    }
    return length;
}

std::string escape(std::string_view text)
{
    std::string result;
    result.reserve(text.size() + text.size() / 8);
    append_escaped(text, result);
    return result;
}

void append_escaped(std::string_view text, std::string& result)
{
    while (!text.empty()) {
        if (const std::size_t plain = plain_length(text); plain != 0) {
            result.append(text.substr(0, plain));
            text.remove_prefix(plain);
            continue;
        }
        const text::Character character = text::first_character(text);
        const char32_t code = character.code;
        if (code == '&') {
            result += "&amp;";
        } else if (code == '<') {
            result += "&lt;";
        } else if (code == '>') {
            result += "&gt;";
        } else if (code == '"') {
            result += "&quot;";
        } else if (code == '\'') {
            result += "&#39;";
        } else if (is_no_text(code)) {
            result += "\uFFFD";
        } else {
            text::append_utf8(result, code);
        }
        text.remove_prefix(character.bytes);
    }
}

std::string in_reading_order(std::string_view text)
{
    constexpr char32_t kByteOrderMark = 0xFEFF;
    constexpr std::size_t kMaxMarks = 6; ///< on one letter; more of them lie on the lines above and below
    std::string result;
    result.reserve(text.size());
    std::size_t marks = 0;
    while (!text.empty()) {
        if (const std::size_t plain = text::ascii_length(text); plain != 0) {
            result.append(text.substr(0, plain));
            text.remove_prefix(plain);
            marks = 0;
            continue;
        }
        const text::Character character = text::first_character(text);
        if (!turns_text(character.code) && character.code != kByteOrderMark) {
            marks = is_mark(character.code) ? marks + 1 : 0;
            if (marks <= kMaxMarks) {
                text::append_utf8(result, character.code);
            }
        }
        text.remove_prefix(character.bytes);
    }
    return result;
}

std::string text_to_html(std::string_view text)
{
    std::string result;
    while (!text.empty()) {
        const LineEnd end = line_end(text);
        result += line_to_html(text.substr(0, end.at));
        if (end.length != 0) {
            result += "<br>\n";
        }
        text.remove_prefix(end.at + end.length);
    }
    return result;
}

} // namespace qm::html
