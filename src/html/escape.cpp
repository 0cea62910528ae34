#include <algorithm>
#include <array>

#include "base/text.h"
#include "html/reading_order.h"
#include "html/sanitizer.h"

namespace qm::html {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

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

/// What is written for a character; "": itself.
std::string_view written_for(text::Character character)
{
    switch (character.code) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        break;
    }
    const bool is_invalid = character.code == kReplacement && character.bytes == 1;
    return is_invalid || is_no_text(character.code) ? "\uFFFD" : "";
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
    std::size_t begin = 0; ///< of what is written as it is
    std::size_t at = plain_length(text);
    while (at < text.size()) {
        const text::Character character = text::first_character(text.substr(at));
        const std::size_t end = at + character.bytes;
        if (const std::string_view written = written_for(character); !written.empty()) {
            result.append(text, begin, at - begin);
            result += written;
            begin = end;
        }
        at = end + plain_length(text.substr(end));
    }
    result.append(text, begin);
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
