#include "notify/header_field.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/text.h"

namespace qm::notify {
namespace {

constexpr std::size_t kWidth = 76;       ///< of a line
constexpr std::size_t kMaxWord = 66;     ///< that stands as it is, with "Subject: " in front
constexpr std::size_t kMaxEncoded = 75;  ///< RFC 2047, section 2
constexpr std::size_t kLeastRoom = 30;   ///< for an encoded word in a line that has begun
constexpr std::size_t kMaxText = 20'000; ///< bytes of a value
constexpr std::size_t kAroundText = 12;  ///< =?utf-8?Q? and ?=

bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// RFC 2047, section 5, rule 3: what may stand as it is in an encoded word wherever that stands.
bool is_plain_in_q(char c)
{
    return is_letter_or_digit(c) || std::string_view("!*+-/").find(c) != std::string_view::npos;
}

std::size_t length_in_q(std::string_view text)
{
    std::size_t length = 0;
    for (const char c : text) {
        length += c == ' ' || is_plain_in_q(c) ? 1 : 3;
    }
    return length;
}

std::size_t length_in_b(std::string_view text)
{
    return (text.size() + 2) / 3 * 4;
}

std::string in_q(std::string_view text)
{
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string result;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == ' ') {
            result.push_back('_');
        } else if (is_plain_in_q(c)) {
            result.push_back(c);
        } else {
            result.push_back('=');
            result.push_back(kDigits[byte >> 4U]);
            result.push_back(kDigits[byte & 15U]);
        }
    }
    return result;
}

std::string in_b(std::string_view text)
{
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string result;
    for (std::size_t i = 0; i < text.size(); i += 3) {
        std::uint32_t bits = 0;
        for (std::size_t j = i; j < i + 3; ++j) {
            bits = bits << 8U | (j < text.size() ? static_cast<unsigned char>(text[j]) : 0U);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            result.push_back(i + j <= text.size() ? kDigits[bits >> (18U - 6U * j) & 63U] : '=');
        }
    }
    return result;
}

/// How many bytes of `text` fit an encoded word of `room` bytes: whole characters, one at least.
std::size_t fitting_in_q(std::string_view text, std::size_t room)
{
    std::size_t taken = 0;
    while (taken < text.size()) {
        const std::size_t more = taken + text::first_character(text.substr(taken)).bytes;
        if (taken > 0 && length_in_q(text.substr(0, more)) + kAroundText > room) {
            break;
        }
        taken = more;
    }
    return taken;
}

/// The same, and without padding unless it is all of the text: some programs (GMime) take the texts of
/// neighbours together before they decode them. 0 when there is no such piece.
std::size_t fitting_in_b(std::string_view text, std::size_t room)
{
    if (length_in_b(text) + kAroundText <= room) {
        return text.size();
    }
    std::size_t taken = 0;
    for (std::size_t more = 0; length_in_b(text.substr(0, more)) + kAroundText <= room;
         more += text::first_character(text.substr(more)).bytes) {
        taken = more % 3 == 0 ? more : taken;
    }
    return taken;
}

/// One field that grows token by token. Tokens stand behind a blank or in a new line.
class Field {
  public:
    explicit Field(std::string_view name) : text_(name) { text_.push_back(':'); }

    void add(std::string_view token)
    {
        const bool fits = column() + 1 + token.size() <= kWidth;
        if (!fits && has_token_) {
            fold();
        }
        text_.push_back(' ');
        text_ += token;
        has_token_ = true;
    }

    void add_words(std::string_view text)
    {
        for (const std::string_view word : text::split(text, ' ')) {
            add(word);
        }
    }

    void add_encoded(std::string_view text)
    {
        // Q can be read as it is, as long as most of it is ASCII.
        const bool is_foreign = 2 * length_in_q(text) > 3 * length_in_b(text);
        while (!text.empty()) {
            if (has_token_ && column() + kLeastRoom > kWidth) {
                fold();
            }
            const std::size_t room = std::min(kMaxEncoded, kWidth - std::min(kWidth, column() + 1));
            const std::size_t in_base64 = is_foreign ? fitting_in_b(text, room) : 0;
            const std::size_t taken = in_base64 > 0 ? in_base64 : fitting_in_q(text, room);
            const std::string_view piece = text.substr(0, taken);
            add(in_base64 > 0 ? "=?utf-8?B?" + in_b(piece) + "?=" : "=?utf-8?Q?" + in_q(piece) + "?=");
            text.remove_prefix(taken);
        }
    }

    std::string finish()
    {
        if (!has_token_) {
            text_.push_back(' ');
        }
        return text_ + "\r\n";
    }

  private:
    std::size_t column() const { return text_.size() - line_; }
    void fold()
    {
        text_ += "\r\n";
        line_ = text_.size();
    }

    std::string text_;
    std::size_t line_ = 0; ///< where the last line begins
    bool has_token_ = false;
};

bool is_printable(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

/// A reader would take it for an encoded word, or for the beginning of one.
bool looks_encoded(std::string_view text)
{
    return text.find("=?") != std::string_view::npos;
}

bool must_be_encoded(std::string_view word)
{
    return !is_printable(word) || looks_encoded(word) || word.size() > kMaxWord;
}

/// RFC 5322: words of a phrase that need no quotes.
bool is_atoms(std::string_view text)
{
    constexpr std::string_view kSigns = " !#$%&'*+-/=?^_`{|}~";
    const bool fits = std::ranges::all_of(
        text, [&](char c) { return is_letter_or_digit(c) || kSigns.find(c) != std::string_view::npos; });
    return fits && std::ranges::none_of(text::split(text, ' '), must_be_encoded);
}

std::string quoted(std::string_view text)
{
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            result.push_back('\\');
        }
        result.push_back(c);
    }
    return result + '"';
}

/// A display name. A quoted one is never folded: some programs read a fold in quotes wrongly.
void add_phrase(Field& field, std::string_view text)
{
    if (is_atoms(text)) {
        field.add_words(text);
        return;
    }
    const std::string in_quotes = quoted(text);
    if (is_printable(text) && !looks_encoded(text) && in_quotes.size() <= kMaxWord) {
        field.add(in_quotes);
    } else {
        field.add_encoded(text);
    }
}

} // namespace

std::string plain_field(std::string_view name, std::string_view value)
{
    std::string text(value);
    std::erase_if(text, [](char c) { return c < ' ' || c > '~'; });
    return std::string(name) + ": " + text + "\r\n";
}

std::string text_field(std::string_view name, std::string_view text)
{
    const std::string line = text::one_line(text, kMaxText);
    const std::vector<std::string_view> words = text::split(line, ' ');
    const auto first = std::ranges::find_if(words, must_be_encoded);
    const auto last = std::find_if(words.rbegin(), words.rend(), must_be_encoded).base();
    Field field(name);
    for (auto word = words.begin(); word != first; ++word) {
        field.add(*word);
    }
    if (first != words.end()) {
        const char* const end = (last - 1)->data() + (last - 1)->size();
        field.add_encoded({first->data(), static_cast<std::size_t>(end - first->data())});
        for (auto word = last; word != words.end(); ++word) {
            field.add(*word);
        }
    }
    return field.finish();
}

std::string mailbox_field(std::string_view name, std::string_view display, std::string_view address)
{
    const std::string line = text::one_line(display, kMaxText);
    Field field(name);
    if (line.empty()) {
        field.add(address);
    } else {
        add_phrase(field, line);
        field.add("<" + std::string(address) + ">");
    }
    return field.finish();
}

std::string group_field(std::string_view name, std::string_view group)
{
    Field field(name);
    add_phrase(field, text::one_line(group, kMaxText));
    field.add(":;"); // a blank in front: an encoded word ends at one
    return field.finish();
}

} // namespace qm::notify
