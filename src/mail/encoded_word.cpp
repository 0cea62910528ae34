#include "mail/encoded_word.h"

#include <algorithm>
#include <cstdint>

namespace qm::mail {
namespace {

/// The characters of charset names; never a slash or a blank, so a name cannot carry options for iconv.
bool may_stand_in_charset(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_.:+").find(c) != std::string_view::npos;
}

int hexadecimal(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return -1;
}

int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '+') {
        return 62;
    }
    return c == '/' ? 63 : -1;
}

void append_quoted(std::string_view text, std::string& to)
{
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '_') {
            to.push_back(' ');
            continue;
        }
        if (c == '=' && i + 2 < text.size()) {
            const int high = hexadecimal(text[i + 1]);
            const int low = hexadecimal(text[i + 2]);
            if (high >= 0 && low >= 0) {
                to.push_back(static_cast<char>(high * 16 + low));
                i += 2;
                continue;
            }
        }
        to.push_back(c);
    }
}

bool append_base64(std::string_view text, std::string& to)
{
    std::uint32_t bits = 0;
    unsigned count = 0; // of bits
    bool any = text.empty();
    for (const char c : text) {
        if (c == '=') { // the end of a group; some programs put several together
            bits = 0;
            count = 0;
            continue;
        }
        const int digit = base64_digit(c);
        if (digit < 0) {
            continue;
        }
        bits = (bits << 6U | static_cast<std::uint32_t>(digit)) & 0xFFFFU;
        count += 6;
        if (count >= 8) {
            count -= 8;
            to.push_back(static_cast<char>(bits >> count & 0xFFU));
            any = true;
        }
    }
    return any;
}

} // namespace

std::optional<EncodedWord> encoded_word_at(std::string_view text)
{
    if (!text.starts_with("=?")) {
        return std::nullopt;
    }
    EncodedWord word;
    std::size_t at = 2;
    while (at < text.size() && may_stand_in_charset(text[at])) {
        ++at;
    }
    word.charset = text.substr(2, at - 2);
    if (at < text.size() && text[at] == '*') {
        do {
            ++at;
        } while (at < text.size() && may_stand_in_charset(text[at]));
    }
    if (word.charset.empty() || at + 2 >= text.size() || text[at] != '?' || text[at + 2] != '?') {
        return std::nullopt;
    }
    const char encoding = text[at + 1];
    word.is_base64 = encoding == 'B' || encoding == 'b';
    if (!word.is_base64 && encoding != 'Q' && encoding != 'q') {
        return std::nullopt;
    }
    at += 3;
    const auto end = text.find_first_of("?\r\n", at);
    if (end == std::string_view::npos || !text.substr(end).starts_with("?=")) {
        return std::nullopt;
    }
    word.text = text.substr(at, end - at);
    word.length = end + 2;
    return word;
}

bool append_bytes(const EncodedWord& word, std::string& to)
{
    if (word.is_base64) {
        return append_base64(word.text, to);
    }
    append_quoted(word.text, to);
    return true;
}

} // namespace qm::mail
