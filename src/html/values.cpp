#include "html/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "html/colors.h"

namespace qm::html {
namespace {

constexpr std::size_t kMaxValue = 300;  ///< bytes
constexpr int kMaxWidth = 1000;         ///< pixels
constexpr double kMaxSpacePercent = 25; ///< of margins and paddings: more would push a box out of its place
constexpr double kPixelsOfPercent = 6;  ///< of a usual mail: what a percent of such a space is written as

bool only_of(std::string_view text, std::string_view characters)
{
    return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kHexDigits = "0123456789abcdef";

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/// `choices`: "left|right"
bool is_one_of(std::string_view word, std::string_view choices)
{
    if (word.empty()) {
        return false;
    }
    for (auto at = choices.find(word); at != std::string_view::npos; at = choices.find(word, at + 1)) {
        const auto end = at + word.size();
        if ((at == 0 || choices[at - 1] == '|') && (end == choices.size() || choices[end] == '|')) {
            return word.find('|') == std::string_view::npos;
        }
    }
    return false;
}

std::vector<std::string_view> words_of(std::string_view value, char separator = ' ')
{
    std::vector<std::string_view> words;
    while (!value.empty()) {
        const std::string_view word = value.substr(0, value.find(separator));
        value.remove_prefix(std::min(word.size() + 1, value.size()));
        if (const auto trimmed = text::trim(word); !trimmed.empty()) {
            words.push_back(trimmed);
        }
    }
    return words;
}

Checked whole_number(std::string_view value, int least, int most)
{
    int number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size() || number < least || number > most) {
        return std::nullopt;
    }
    return std::to_string(number);
}

/// "12", "1.5", ".5": at most five digits before the point and four behind it.
std::optional<double> decimal(std::string_view value)
{
    const auto digits_of = [](std::string_view text) {
        return static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
    };
    const auto whole = value.substr(0, digits_of(value));
    const bool has_point = whole.size() < value.size() && value[whole.size()] == '.';
    const auto fraction = value.substr(std::min(whole.size() + 1, value.size()));
    const bool is_number =
        whole.size() == value.size() || (has_point && digits_of(fraction) == fraction.size());
    if (!is_number || value.empty() || value.ends_with('.') || whole.size() > 5 || fraction.size() > 4) {
        return std::nullopt;
    }
    double number = 0;
    double weight = 1;
    for (const char digit : whole) {
        number = number * 10 + (digit - '0');
    }
    for (const char digit : fraction) {
        weight /= 10;
        number += weight * (digit - '0');
    }
    return number;
}

struct Length {
    double amount = 0;
    std::string_view unit; ///< "" for a bare number
    double pixels = 0;     ///< with 16 pixels an em; of percent: the share of 16 pixels
};

struct Unit {
    std::string_view name;
    double pixels;
};
constexpr std::array kUnits = {Unit{"", 1},     Unit{"px", 1},  Unit{"pt", 4.0 / 3}, Unit{"em", 16},
                               Unit{"rem", 16}, Unit{"ex", 8},  Unit{"ch", 8},       Unit{"%", 0.16},
                               Unit{"pc", 16},  Unit{"in", 96}, Unit{"cm", 37.8},    Unit{"mm", 3.78}};

std::optional<Length> length(std::string_view word)
{
    const auto end = static_cast<std::size_t>(
        std::ranges::find_if_not(word, [](char c) { return is_digit(c) || c == '.'; }) - word.begin());
    const auto amount = decimal(word.substr(0, end));
    const auto* const unit = std::ranges::find(kUnits, word.substr(end), &Unit::name);
    if (!amount || unit == kUnits.end()) {
        return std::nullopt;
    }
    return Length{*amount, unit->name, *amount * unit->pixels};
}

bool is_space(const Property& property)
{
    return property.name.starts_with("margin") || property.name.starts_with("padding");
}

bool is_allowed_length(std::string_view word, const Property& property)
{
    const auto read = length(word);
    if (!read) {
        return false;
    }
    if (read->unit == "%") {
        return read->amount <= (is_space(property) ? kMaxSpacePercent : 100) &&
               (property.min_pixels == 0 || read->amount >= 10);
    }
    return (read->unit.empty() ? read->amount == 0 : read->pixels <= property.max_pixels) &&
           read->pixels >= property.min_pixels;
}

/// "0.5" or "50%", at most 1.
std::optional<double> opacity(std::string_view value)
{
    const bool percent = value.ends_with('%');
    const auto number = decimal(percent ? value.substr(0, value.size() - 1) : value);
    return number ? std::optional(std::min(percent ? *number / 100 : *number, 1.0)) : std::nullopt;
}

/// rgb(1, 2, 3), rgba(1, 2, 3, 0.5), rgb(1 2 3 / 50%) as #010203, on white paper: what shines through cannot
/// hide anything.
Checked rgb_color(std::string_view value)
{
    const auto open = value.find('(');
    const auto name = value.substr(0, open);
    if (open == std::string_view::npos || !value.ends_with(')') || (name != "rgb" && name != "rgba")) {
        return std::nullopt;
    }
    std::string inner(value.substr(open + 1, value.size() - open - 2));
    std::ranges::replace(inner, ',', ' ');
    std::ranges::replace(inner, '/', ' ');
    const auto parts = words_of(inner);
    if (parts.size() < 3 || parts.size() > 4) {
        return std::nullopt;
    }
    const auto alpha = parts.size() == 4 ? opacity(parts[3]) : std::optional(1.0);
    if (!alpha) {
        return std::nullopt;
    }
    Rgb result = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        int number = 0;
        const std::string_view part = parts[i];
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
        if (error != std::errc() || end != part.data() + part.size() || number < 0 || number > 255) {
            return std::nullopt;
        }
        result = (result << 8U) | static_cast<Rgb>(std::lround(number * *alpha + 255 * (1 - *alpha)));
    }
    return written(result);
}

/// `value` in lower case.
Checked css_color(std::string_view value)
{
    if (value == "windowtext") {
        return "black"; // what Outlook calls the color of text
    }
    return color_value(value) ? Checked(value) : rgb_color(value);
}

/// The color of an attribute: also hexadecimal digits without a number sign.
Checked attribute_color(std::string_view value)
{
    if (value.size() == 6 && only_of(value, kHexDigits)) {
        return "#" + std::string(value);
    }
    return css_color(value);
}

/// False for a font that shows signs, or nothing, where the text has letters.
bool has_letters(std::string_view font)
{
    return std::ranges::none_of(
        std::array{"ding",       "symbol",      "ornament", "blank",     "marlett",        "barcode",
                   "icon",       "awesome",     "glyph",    "mt extra",  "monotype sorts", "ms outlook",
                   "lastresort", "last resort", "mdl2",     "specialty", "d050000l",       "cmsy",
                   "wasy",       "gdt",         "syastro",  "symap",     "symath",         "symeteo",
                   "symusic",    "msam",        "msbm",     "cmex",      "esint",          "stmary"},
        [&](std::string_view part) { return font.find(part) != std::string_view::npos; });
}

/// Names of fonts without quotes: words of letters, digits and hyphens that begin with a letter.
Checked font_names(std::string_view value, std::string_view separator)
{
    std::string result;
    std::size_t count = 0;
    for (std::string_view name : words_of(value, ',')) {
        if (name.size() >= 2 && (name.front() == '"' || name.front() == '\'') &&
            name.back() == name.front()) {
            name = name.substr(1, name.size() - 2);
        }
        const auto words = words_of(name);
        const bool fits = !words.empty() && std::ranges::all_of(words, [](std::string_view word) {
            return kLetters.find(word.front()) != std::string_view::npos &&
                   only_of(word, "abcdefghijklmnopqrstuvwxyz0123456789-");
        });
        const std::string font = fmt::format("{}", fmt::join(words, " "));
        if (!fits || !has_letters(font) || ++count > 10) {
            continue;
        }
        result += result.empty() ? "" : separator;
        result += font;
    }
    return result.empty() ? std::nullopt : Checked(result);
}

/// Sizes that can be read and are not huge. What depends on the size around it is made absolute, because it
/// could be repeated inside itself.
Checked font_size(std::string_view value)
{
    if (is_one_of(value, "xx-small|x-small|small|medium|large|x-large|xx-large")) {
        return Checked(value);
    }
    constexpr double kLeast = 8;
    constexpr double kMost = 60;
    const auto read = length(value);
    if (!read || read->unit.empty() || read->pixels < kLeast || read->pixels > kMost) {
        return std::nullopt;
    }
    if (is_one_of(read->unit, "em|%|ex|ch")) {
        return fmt::format("{:.0f}px", read->pixels);
    }
    return Checked(value);
}

/// Lines must not lie on each other, and neither must those of an element inside with larger letters: so it
/// is always a share of the size of the letters. A background of words in a line is as high as their font
/// says, which is more than the size of its letters: it must not lie on the line above.
Checked line_height(std::string_view value)
{
    constexpr double kLeast = 1.2;
    constexpr double kMost = 4;
    constexpr double kUsualSize = 16; ///< pixels
    if (value == "normal") {
        return Checked(value);
    }
    const auto read = length(value);
    if (!read || read->amount == 0) {
        return std::nullopt;
    }
    const double share = read->unit.empty()  ? read->amount
                         : read->unit == "%" ? read->amount / 100
                                             : read->pixels / kUsualSize;
    if (share > kMost || share < 0.5) {
        return std::nullopt;
    }
    return fmt::format("{:.4g}", std::max(share, kLeast));
}

/// What depends on the size of the letters becomes pixels: letters may be large. So does a space that depends
/// on the width of what is around: a table leaves no room for it.
std::string absolute(const Property& property, std::string_view word)
{
    const auto read = length(word);
    if (read && read->unit == "%" && is_space(property)) {
        return fmt::format("{:.0f}px", std::min(read->amount * kPixelsOfPercent, property.max_pixels));
    }
    if (read && is_one_of(read->unit, "em|rem|ex|ch")) {
        return fmt::format("{:.6g}px", std::round(read->pixels * 100) / 100);
    }
    return std::string(word);
}

/// One word of a value, as it may be written.
Checked allowed_word(const Property& property, std::string_view word)
{
    if (is_one_of(word, property.keywords)) {
        return Checked(word);
    }
    if (property.check == Css::keyword) {
        return std::nullopt;
    }
    if (is_allowed_length(word, property)) {
        return absolute(property, word);
    }
    return property.check == Css::border ? css_color(word) : std::nullopt;
}

/// rgb(1, 2, 3) is one word. `value` itself when there is nothing like that, else in `joined`.
std::string_view without_inner_blanks(std::string_view value, std::string& joined)
{
    if (value.find('(') == std::string_view::npos) {
        return value;
    }
    int brackets = 0;
    for (const char c : value) {
        brackets += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (c != ' ' || brackets <= 0) {
            joined.push_back(c);
        }
    }
    return joined;
}

Checked allowed_words(const Property& property, std::string_view value)
{
    std::string joined;
    const auto words = words_of(without_inner_blanks(value, joined));
    if (words.empty() || words.size() > property.max_words) {
        return std::nullopt;
    }
    std::string result;
    for (const std::string_view word : words) {
        const auto allowed = allowed_word(property, word);
        if (!allowed) {
            return std::nullopt;
        }
        result += result.empty() ? "" : " ";
        result += *allowed;
    }
    return result;
}

Checked attribute_length(std::string_view value)
{
    if (value.ends_with('%')) {
        const auto number = whole_number(value.substr(0, value.size() - 1), 0, 100);
        return number ? Checked(*number + "%") : std::nullopt;
    }
    if (value.ends_with("px")) {
        value.remove_suffix(2);
    }
    return whole_number(value, 0, kMaxWidth);
}

Checked attribute_font_size(std::string_view value)
{
    const bool has_sign = value.starts_with('+') || value.starts_with('-');
    const std::string_view digit = value.substr(has_sign ? 1 : 0);
    return digit.size() == 1 && digit[0] >= '1' && digit[0] <= '7' ? Checked(value) : std::nullopt;
}

Checked if_one_of(std::string_view value, std::string_view choices)
{
    return is_one_of(value, choices) ? Checked(value) : std::nullopt;
}

/// The first color of a background; pictures and their places are left out.
Checked background_color(std::string_view value)
{
    std::string joined;
    for (const std::string_view word : words_of(without_inner_blanks(value, joined))) {
        if (auto color = word == "transparent" ? Checked(word) : css_color(word)) {
            return color;
        }
    }
    return std::nullopt;
}

/// "italic bold 12px/1.5 arial, sans-serif" as declarations.
Checked font(std::string_view value)
{
    std::string result;
    const auto add = [&](std::string_view name, std::string_view is) {
        result += fmt::format("{}{}:{}", result.empty() ? "" : ";", name, is);
    };
    while (!value.empty()) {
        const std::string_view word = value.substr(0, value.find(' '));
        value = text::trim(value.substr(word.size()));
        const auto slash = std::min(word.find('/'), word.size());
        if (is_one_of(word, "italic|oblique")) {
            add("font-style", word);
        } else if (word == "small-caps") {
            add("font-variant", word);
        } else if (is_one_of(word, "bold|bolder|lighter|100|200|300|400|500|600|700|800|900")) {
            add("font-weight", word);
        } else if (const auto size = font_size(word.substr(0, slash))) {
            add("font-size", *size);
            if (const auto height = line_height(word.substr(std::min(slash + 1, word.size())))) {
                add("line-height", *height);
            }
            if (const auto family = font_names(value, ",")) {
                add("font-family", *family);
            }
            return result;
        } else if (word != "normal") {
            return std::nullopt;
        }
    }
    return std::nullopt;
}

} // namespace

double pixels(std::string_view word)
{
    struct Word {
        std::string_view word;
        double pixels;
    };
    static constexpr std::array kWords = {Word{"xx-small", 9}, Word{"x-small", 10}, Word{"small", 13},
                                          Word{"medium", 16},  Word{"large", 18},   Word{"x-large", 24},
                                          Word{"xx-large", 32}};
    if (word.empty()) {
        return 0;
    }
    if (word.front() >= 'a' && word.front() <= 'z') {
        const auto* const named = std::ranges::find(kWords, word, &Word::word);
        return named == kWords.end() ? 0 : named->pixels;
    }
    const auto read = length(word);
    return read ? read->pixels : 0;
}

Checked check_css(const Property& property, std::string_view value)
{
    switch (property.check) {
    case Css::color:
        return css_color(value);
    case Css::background:
        return background_color(value);
    case Css::font:
        return font(value);
    case Css::font_family:
        return font_names(value, ",");
    case Css::font_size:
        return font_size(value);
    case Css::line_height:
        return line_height(value);
    case Css::keyword:
    case Css::lengths:
    case Css::border:
        return allowed_words(property, value);
    }
    return std::nullopt;
}

Checked check_attribute(Value kind, std::string_view value)
{
    const std::string lower = text::to_lower(value);
    if (lower.size() > kMaxValue) {
        return std::nullopt;
    }
    switch (kind) {
    case Value::align:
        return if_one_of(lower, "left|right|center|justify|top|bottom");
    case Value::vertical_align:
        return if_one_of(lower, "top|middle|bottom|baseline");
    case Value::color:
        return attribute_color(lower);
    case Value::small_number:
        return whole_number(lower, 0, 100);
    case Value::span:
        return whole_number(lower, 1, 100);
    case Value::number:
        return whole_number(lower, 0, 99999);
    case Value::length:
        return attribute_length(lower);
    case Value::font_size:
        return attribute_font_size(lower);
    case Value::font_face:
        return font_names(lower, ",");
    case Value::direction:
        return if_one_of(lower, "ltr|rtl|auto");
    case Value::language:
        return lower.size() <= 35 && only_of(lower, "abcdefghijklmnopqrstuvwxyz0123456789-") ? Checked(lower)
                                                                                             : std::nullopt;
    case Value::list_type:
        return if_one_of(value, "1|a|A|i|I|disc|circle|square");
    case Value::yes:
        return std::string();
    case Value::style:
    case Value::text:
    case Value::target:
        break;
    }
    return std::nullopt;
}

} // namespace qm::html
