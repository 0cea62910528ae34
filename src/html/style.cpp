#include "html/style.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "html/allowed.h"
#include "html/values.h"

namespace qm::html {
namespace {

constexpr std::size_t kMaxDeclarations = 40;
constexpr std::size_t kMaxStyle = 4000; ///< bytes

/// The end of the declaration that begins `style`: a `;` outside quotes and brackets.
std::size_t declaration_end(std::string_view style)
{
    char quote = '\0';
    int brackets = 0;
    for (std::size_t i = 0; i < style.size(); ++i) {
        const char c = style[i];
        if (quote != '\0') {
            quote = c == quote ? '\0' : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '(') {
            ++brackets;
        } else if (c == ')') {
            --brackets;
        } else if (c == ';' && brackets <= 0) {
            return i;
        }
    }
    return style.size();
}

/// Takes it from the beginning of `style`.
std::string_view take_declaration(std::string_view& style)
{
    const std::size_t end = declaration_end(style);
    const std::string_view declaration = style.substr(0, end);
    style.remove_prefix(std::min(end + 1, style.size()));
    return declaration;
}

bool is_border_style(std::string_view word)
{
    constexpr std::array<std::string_view, 8> kDrawn = {"dashed", "dotted", "double", "groove",
                                                        "inset",  "outset", "ridge",  "solid"};
    return std::ranges::find(kDrawn, word) != kDrawn.end();
}

/// What a value says of "left" or "right": top, right, bottom, left; what is not said is as at the other
/// side.
std::string_view word_of_side(std::string_view value, std::string_view side)
{
    std::array<std::string_view, 4> words{};
    std::size_t count = 0;
    for (; !value.empty() && count < words.size(); ++count) {
        words.at(count) = value.substr(0, value.find(' '));
        value.remove_prefix(std::min(words.at(count).size() + 1, value.size()));
    }
    const std::size_t place = side == "left" ? 3 : 1;
    return words.at(place < count ? place : count > 1 ? 1 : 0);
}

} // namespace

const std::string* find_written(const Written& attributes, std::string_view name)
{
    const auto found = std::ranges::find(attributes, name, &Written::value_type::first);
    return found == attributes.end() ? nullptr : &found->second;
}

std::string* find_written(Written& attributes, std::string_view name)
{
    const auto found = std::ranges::find(attributes, name, &Written::value_type::first);
    return found == attributes.end() ? nullptr : &found->second;
}

void write_attribute(Written& attributes, std::string_view name, std::string value)
{
    if (std::string* const found = find_written(attributes, name)) {
        *found = std::move(value);
    } else {
        attributes.emplace_back(name, std::move(value));
    }
}

void erase_written(Written& attributes, std::string_view name)
{
    std::erase_if(attributes, [&](const auto& attribute) { return attribute.first == name; });
}

unsigned number_written(const Written& attributes, std::string_view name, unsigned otherwise)
{
    const std::string* const value = find_written(attributes, name);
    if (value != nullptr) {
        std::from_chars(value->data(), value->data() + value->size(), otherwise);
    }
    return otherwise;
}

bool may_be_clean(std::string_view style)
{
    // Comments and escapes are how a value is made to look like another one. Nobody writes them in mail.
    return style.find("/*") == std::string_view::npos && style.find('\\') == std::string_view::npos;
}

Parting parting_of(std::string_view style)
{
    constexpr std::string_view kDisplay = "display";
    const std::string lower = text::to_lower(style);
    if (lower.find(kDisplay) == std::string::npos) {
        return Parting::nothing;
    }
    Parting parting = Parting::nothing;
    std::string_view rest = lower;
    while (!rest.empty()) {
        const std::string_view declaration = take_declaration(rest);
        const auto colon = std::min(declaration.find(':'), declaration.size());
        if (text::trim(declaration.substr(0, colon)) != kDisplay) {
            continue;
        }
        const std::string_view value =
            text::trim(declaration.substr(std::min(colon + 1, declaration.size())));
        const std::string_view word = value.substr(0, value.find_first_of(" !"));
        if (word == "table-cell") {
            parting = Parting::blank;
        } else {
            const bool is_in_line = word.empty() || word.starts_with("inline") || word == "contents" ||
                                    word == "initial" || word == "inherit" || word == "unset" ||
                                    word == "revert";
            parting = is_in_line ? Parting::nothing : Parting::line_end;
        }
    }
    return parting;
}

std::string clean_style(std::string_view style)
{
    if (!may_be_clean(style)) {
        return {};
    }
    std::string result;
    std::size_t count = 0;
    while (!style.empty()) {
        const std::string_view declaration = take_declaration(style);
        const auto colon = declaration.find(':');
        if (colon == std::string_view::npos) {
            continue;
        }
        const auto allowed = allowed_declaration(text::trim(declaration.substr(0, colon)),
                                                 text::trim(declaration.substr(colon + 1)));
        if (!allowed) {
            continue;
        }
        count += 1 + static_cast<std::size_t>(std::ranges::count(*allowed, ';')); // `font` becomes several
        if (count > kMaxDeclarations || result.size() + allowed->size() >= kMaxStyle) {
            break;
        }
        result += result.empty() ? "" : ";";
        result += *allowed;
    }
    return result;
}

void Declarations::read(std::string_view clean)
{
    all_.clear();
    set_.clear();
    initials_ = 0;
    changed_ = false;
    while (!clean.empty()) {
        const std::string_view declaration = clean.substr(0, clean.find(';'));
        clean.remove_prefix(std::min(declaration.size() + 1, clean.size()));
        const auto colon = declaration.find(':');
        if (colon != std::string_view::npos) {
            all_.emplace_back(declaration.substr(0, colon), declaration.substr(colon + 1));
            initials_ |= initial(declaration);
        }
    }
}

std::string_view Declarations::find(std::string_view property) const
{
    if (!may_have(property)) {
        return {};
    }
    const auto found = std::find_if(all_.rbegin(), all_.rend(),
                                    [&](const auto& declaration) { return declaration.first == property; });
    return found == all_.rend() ? std::string_view() : found->second;
}

bool Declarations::erase(std::string_view property)
{
    const bool erased = may_have(property) && std::erase_if(all_, [&](const auto& declaration) {
                                                  return declaration.first == property;
                                              }) > 0;
    changed_ = changed_ || erased;
    return erased;
}

void Declarations::erase_family(std::string_view beginning)
{
    if (!may_have(beginning)) {
        return;
    }
    const auto erased = std::erase_if(
        all_, [&](const auto& declaration) { return declaration.first.starts_with(beginning); });
    changed_ = changed_ || erased > 0;
}

void Declarations::set(std::string_view property, std::string_view value)
{
    if (find(property) != value) {
        erase(property);
        add(property, value);
    }
}

void Declarations::add(std::string_view property, std::string_view value)
{
    const std::string_view name = set_.emplace_back(property);
    all_.emplace_back(name, set_.emplace_back(value));
    initials_ |= initial(name);
    changed_ = true;
}

std::optional<double> Declarations::side(std::string_view family, std::string_view side) const
{
    std::optional<double> result;
    if (!may_have(family)) {
        return result;
    }
    for (const auto& [property, value] : all_) {
        if (!property.starts_with(family)) {
            continue;
        }
        const std::string_view rest = property.substr(family.size());
        if (rest.empty()) {
            result = pixels(word_of_side(value, side));
        } else if (rest.substr(1) == side) {
            result = pixels(value);
        }
    }
    return result;
}

double Declarations::border(std::string_view side) const
{
    if (!may_have("border")) {
        return 0;
    }
    constexpr double kMedium = 3;
    constexpr double kThick = 5;
    // Who gives a border its style may be the browser: for a table with the attribute, and its cells.
    std::optional<double> width;
    std::optional<bool> is_drawn;
    const auto read = [&](std::string_view word) {
        if (word == "none" || word == "hidden") {
            is_drawn = false;
        } else if (word == "thin" || word == "medium" || word == "thick") {
            width = word == "thin" ? 1 : word == "thick" ? kThick : kMedium;
        } else if ((word.front() >= '0' && word.front() <= '9') || word.front() == '.') {
            width = pixels(word);
        } else if (is_border_style(word)) {
            is_drawn = true;
        }
    };
    for (const auto& [property, value] : all_) {
        const bool is_of_side = property.starts_with("border-") && property.substr(7) == side;
        if (is_of_side || property == "border") {
            width = kMedium;
            is_drawn = false;
            for (const std::string_view word : text::split(value, ' ')) {
                read(word);
            }
        } else if (property == "border-style" || property == "border-width") {
            read(word_of_side(value, side));
        }
    }
    return is_drawn == std::optional(false) ? 0 : width.value_or(is_drawn ? kMedium : 0);
}

void Declarations::shorten(std::size_t most, std::size_t bytes)
{
    while (!all_.empty() && (all_.size() > most || size() > bytes)) {
        all_.pop_back();
        changed_ = true;
    }
}

/// Of str().
std::size_t Declarations::size() const
{
    std::size_t sum = all_.empty() ? 0 : all_.size() - 1;
    for (const auto& [property, value] : all_) {
        sum += property.size() + 1 + value.size();
    }
    return sum;
}

std::string Declarations::str() const
{
    std::string result;
    result.reserve(size());
    for (const auto& [property, value] : all_) {
        result += result.empty() ? "" : ";";
        result += property;
        result += ':';
        result += value;
    }
    return result;
}

std::string_view strokes_of(const Element& element, const Declarations& style)
{
    if (const std::string_view said = style.find("text-decoration"); !said.empty()) {
        return said == "none" ? "" : said;
    }
    if (element.name == "u" || element.name == "ins") {
        return "underline";
    }
    const bool is_struck = element.name == "s" || element.name == "strike" || element.name == "del";
    return is_struck ? "line-through" : "";
}

} // namespace qm::html
