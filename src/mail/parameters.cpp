#include "mail/parameters.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "mail/charset.h"
#include "mail/decode.h"

namespace qm::mail {
namespace {

constexpr auto kNowhere = std::string_view::npos;
constexpr std::uint32_t kMaxNumber = 1'000'000; ///< of a piece
constexpr std::size_t kMaxValues = 4;           ///< of one parameter

bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/// RFC 2045: a character of a type, a parameter's name or a plain value.
bool is_token_character(char c)
{
    return c > ' ' && c < 0x7F && std::string_view("()<>@,;:\\\"/[]?=").find(c) == kNowhere;
}

std::string_view without_blanks(std::string_view text)
{
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return text;
}

/// Without blanks and comments in front. A comment that nothing closes reaches to the end.
std::string_view without_comments(std::string_view text)
{
    std::size_t depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '(') {
            ++depth;
        } else if (depth == 0 && !is_blank(text[i])) {
            return text.substr(i);
        } else if (depth > 0 && text[i] == ')') {
            --depth;
        } else if (depth > 0 && text[i] == '\\') {
            ++i;
        }
    }
    return {};
}

/// Takes the token that begins `text` off it.
std::string_view take_token(std::string_view& text)
{
    const auto end = std::ranges::find_if_not(text, is_token_character);
    const std::string_view token = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(token.size());
    return token;
}

struct Parameter {
    std::string_view name; ///< as written, with the asterisks of RFC 2231
    std::string value;
};

/// Walks over the parameters of an unfolded field.
class ParameterReader {
  public:
    explicit ParameterReader(std::string_view line) : rest_(line)
    {
        // "Content-Disposition: filename=x" has no word in front, and yet a name.
        if (rest_.find('=') > rest_.find(';')) {
            rest_.remove_prefix(rest_.find(';') + 1);
        }
    }

    /// Nothing at the end.
    std::optional<Parameter> next()
    {
        while (!rest_.empty()) {
            skip_comments();
            const auto end = rest_.find_first_of("=;");
            if (end == kNowhere || rest_[end] == ';') {
                rest_.remove_prefix(end == kNowhere ? rest_.size() : end + 1);
                continue;
            }
            Parameter parameter;
            parameter.name = text::trim(rest_.substr(0, end));
            rest_.remove_prefix(end + 1);
            parameter.value = value();
            return parameter;
        }
        return std::nullopt;
    }

  private:
    /// A comment that nothing closes is none: it would hide what stands behind it.
    void skip_comments()
    {
        const std::string_view behind = comment_is_open_ ? std::string_view() : without_comments(rest_);
        comment_is_open_ = behind.empty();
        rest_ = comment_is_open_ ? without_blanks(rest_) : behind;
    }

    std::string value()
    {
        rest_ = without_blanks(rest_);
        std::string content;
        if (rest_.starts_with('"')) {
            rest_.remove_prefix(1);
            if (!quote_is_open_ && quoted(content)) {
                skip_to_next();
                return content;
            }
            quote_is_open_ = true;
        }
        content = text::trim(rest_.substr(0, rest_.find(';')));
        skip_to_next();
        return content;
    }

    /// False, and nothing taken, when no quote closes the value.
    bool quoted(std::string& content)
    {
        for (std::size_t i = 0; i < rest_.size(); ++i) {
            if (rest_[i] == '"') {
                rest_.remove_prefix(i + 1);
                return true;
            }
            if (rest_[i] == '\\' && i + 1 < rest_.size() && (rest_[i + 1] == '"' || rest_[i + 1] == '\\')) {
                ++i;
            }
            content.push_back(rest_[i]);
        }
        return false;
    }

    void skip_to_next()
    {
        const auto end = rest_.find(';');
        rest_.remove_prefix(end == kNowhere ? rest_.size() : end + 1);
    }

    std::string_view rest_;
    /// One was found that nothing closes, so none behind it is closed either.
    bool quote_is_open_ = false;
    bool comment_is_open_ = false;
};

int hexadecimal(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string without_percent_signs(std::string_view text)
{
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            const int high = hexadecimal(text[i + 1]);
            const int low = hexadecimal(text[i + 2]);
            if (high >= 0 && low >= 0) {
                bytes.push_back(static_cast<char>(high * 16 + low));
                i += 2;
                continue;
            }
        }
        bytes.push_back(text[i]);
    }
    return bytes;
}

/// Takes charset'language' off an encoded value; the charset.
std::string_view take_charset(std::string_view& value)
{
    const auto first = value.find('\'');
    const auto second = first == kNowhere ? kNowhere : value.find('\'', first + 1);
    if (second == kNowhere) {
        return {};
    }
    const std::string_view charset = value.substr(0, first);
    value.remove_prefix(second + 1);
    return charset;
}

/// Whoever shows the value reads stray bytes as UTF-8 where they are that, which suits these declarations.
bool may_stay_bytes(const Charset* charset, std::string_view name)
{
    return charset == nullptr || charset == find_charset("utf-8") ||
           text::equals_ignoring_case(name, "us-ascii");
}

std::string in_utf8(std::string_view charset_name, std::string bytes)
{
    const Charset* const charset = find_charset(charset_name);
    if (may_stay_bytes(charset, charset_name)) {
        return bytes;
    }
    return to_utf8(*charset, bytes).value_or(bytes);
}

struct Piece {
    std::uint32_t number = 0;
    bool is_encoded = false;
    std::string value;
};

/// What stands behind the name: "" (plain), "*" (encoded), "*3" or "*3*" (a piece).
std::optional<Piece> piece_of(std::string_view marks)
{
    Piece piece;
    marks.remove_prefix(1);
    const std::size_t digits = std::min(marks.find_first_not_of("0123456789"), marks.size());
    for (const char c : marks.substr(0, digits)) {
        piece.number = std::min(piece.number * 10 + static_cast<std::uint32_t>(c - '0'), kMaxNumber);
    }
    marks.remove_prefix(digits);
    piece.is_encoded = marks == "*";
    return digits > 0 && (marks.empty() || piece.is_encoded) ? std::optional(piece) : std::nullopt;
}

std::string joined(std::vector<Piece> pieces)
{
    std::ranges::stable_sort(pieces, {}, &Piece::number);
    // Not the one of std::ranges, which clang 14 cannot read.
    pieces.erase(std::unique(pieces.begin(), pieces.end(),
                             [](const Piece& a, const Piece& b) { return a.number == b.number; }),
                 pieces.end());
    std::string_view charset;
    std::string bytes;
    for (const Piece& piece : pieces) {
        std::string_view value = piece.value;
        if (&piece == pieces.data() && piece.is_encoded) {
            charset = take_charset(value);
        }
        bytes += piece.is_encoded ? without_percent_signs(value) : std::string(value);
    }
    return in_utf8(charset, std::move(bytes));
}

std::string encoded(std::string_view value)
{
    const std::string_view charset = take_charset(value);
    return in_utf8(charset, without_percent_signs(value));
}

void add_new(std::vector<std::string>& values, std::string value)
{
    const bool is_known = std::ranges::find(values, value) != values.end();
    if (!value.empty() && !is_known && values.size() < kMaxValues) {
        values.push_back(std::move(value));
    }
}

} // namespace

std::string media_type(std::string_view field)
{
    const std::string line = unfold(field);
    std::string_view rest = without_comments(line);
    const std::string_view type = take_token(rest);
    rest = without_comments(rest);
    if (type.empty() || !rest.starts_with('/')) {
        return {};
    }
    rest = without_comments(rest.substr(1));
    const std::string_view subtype = take_token(rest);
    return subtype.empty() ? std::string() : text::to_lower(std::string(type) + '/' + std::string(subtype));
}

std::string first_word(std::string_view field)
{
    const std::string line = unfold(field);
    std::string_view rest = without_comments(line);
    if (rest.starts_with('"')) {
        rest.remove_prefix(1);
    }
    return text::to_lower(take_token(rest));
}

std::vector<std::string> parameter_values(std::string_view field, std::string_view name)
{
    const std::string line = unfold(field);
    ParameterReader reader(line);
    std::vector<std::string> plain;
    std::vector<std::string> values;
    std::vector<Piece> pieces;
    while (const auto found = reader.next()) {
        if (!text::starts_with_ignoring_case(found->name, name) || found->value.empty()) {
            continue;
        }
        const std::string_view marks = found->name.substr(name.size());
        if (marks.empty()) {
            add_new(plain, found->value);
        } else if (marks == "*") {
            add_new(values, encoded(found->value));
        } else if (marks.starts_with('*')) {
            if (auto piece = piece_of(marks)) {
                piece->value = found->value;
                pieces.push_back(std::move(*piece));
            }
        }
    }
    if (!pieces.empty()) {
        add_new(values, joined(std::move(pieces)));
    }
    for (std::string& value : plain) {
        add_new(values, std::move(value));
    }
    return values;
}

std::string parameter(std::string_view field, std::string_view name)
{
    std::vector<std::string> values = parameter_values(field, name);
    return values.empty() ? std::string() : std::move(values.front());
}

} // namespace qm::mail
