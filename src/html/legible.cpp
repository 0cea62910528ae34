#include "html/legible.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace qm::html {
namespace {

/// Below this letters are not seen; light grey on white (#cccccc: 1.6) is.
constexpr double kLeastContrast = 1.5;
constexpr Rgb kBlack = 0x000000;
constexpr Rgb kWhite = 0xFFFFFF;
constexpr Rgb kMarker = 0xFFFF00; ///< of <mark>

/// The last value of a property in a style that clean_style() has written, "" when it has none.
std::string_view property_of(std::string_view style, std::string_view name)
{
    std::string_view value;
    while (!style.empty()) {
        const std::string_view declaration = style.substr(0, style.find(';'));
        style.remove_prefix(std::min(declaration.size() + 1, style.size()));
        if (declaration.starts_with(name) && declaration.substr(name.size()).starts_with(':')) {
            value = declaration.substr(name.size() + 1);
        }
    }
    return value;
}

void remove_property(Written& attributes, std::string_view name)
{
    std::string* const style = find_written(attributes, "style");
    if (style == nullptr || property_of(*style, name).empty()) {
        return;
    }
    std::string rest;
    for (const std::string_view declaration : text::split(*style, ';')) {
        if (!declaration.starts_with(name) || !declaration.substr(name.size()).starts_with(':')) {
            rest += rest.empty() ? "" : ";";
            rest += declaration;
        }
    }
    *style = rest;
    if (rest.empty()) {
        erase_written(attributes, "style");
    }
}

void add_text_color(Written& attributes, Rgb color)
{
    if (std::string* const style = find_written(attributes, "style")) {
        *style += ";color:" + written(color);
    } else {
        attributes.emplace_back("style", "color:" + written(color));
    }
}

std::string_view style_of(Written& attributes)
{
    const std::string* const style = find_written(attributes, "style");
    return style == nullptr ? std::string_view() : std::string_view(*style);
}

/// What the element says of its text, as a browser weighs it: the style first.
std::optional<Rgb> own_text(const Element& element, Written& attributes)
{
    if (const auto color = color_value(property_of(style_of(attributes), "color"))) {
        return color;
    }
    const std::string* const attribute = element.name == "font" ? find_written(attributes, "color") : nullptr;
    return attribute == nullptr ? std::nullopt : color_value(*attribute);
}

std::optional<Rgb> own_paper(const Element& element, Written& attributes)
{
    const std::string_view style = property_of(style_of(attributes), "background-color");
    if (!style.empty()) {
        return color_value(style); // transparent: nothing of its own
    }
    if (const std::string* const attribute = find_written(attributes, "bgcolor")) {
        return color_value(*attribute);
    }
    return element.name == "mark" ? std::optional(kMarker) : std::nullopt;
}

} // namespace

void Legible::enter(const Element& element, Written& attributes)
{
    Colors colors = open_.back();
    const bool is_in_line = element.role == Role::inline_text || element.role == Role::void_text;
    if (element.role == Role::caption) {
        colors.box = colors.outside; // it stands beside the table
    } else if (element.role == Role::table) {
        colors.outside = colors.box;
    } else if (element.role == Role::column || element.role == Role::column_group) {
        remove_property(attributes, "background-color");
    }
    const Rgb inherited = element.name == "mark" ? kBlack : colors.text;
    const auto text = own_text(element, attributes);
    colors.text = text.value_or(inherited);
    const auto paper = own_paper(element, attributes);
    colors.paper = paper.value_or(is_in_line ? colors.paper : colors.box);
    colors.box = is_in_line ? colors.box : colors.paper;
    // Without a document type, a browser gives a table the color of the page.
    bool must_say = element.role == Role::table && !text && colors.text != kBlack;
    // What is around it can be read already.
    const bool is_as_around = colors.text == open_.back().text && colors.paper == open_.back().paper;
    if (!is_as_around && contrast(colors.text, colors.paper) < kLeastContrast) {
        erase_written(attributes, "color");
        remove_property(attributes, "color");
        colors.text = inherited;
        must_say = element.role == Role::table && inherited != kBlack;
        if (contrast(inherited, colors.paper) < kLeastContrast) {
            const bool dark = contrast(kWhite, colors.paper) > contrast(kBlack, colors.paper);
            colors.text = dark ? kWhite : kBlack;
            must_say = true;
        }
    }
    if (must_say) {
        add_text_color(attributes, colors.text);
    }
    if (colors.text != open_.back().text || colors.paper != open_.back().paper) {
        colors.darkest = std::min(colors.darkest, luminance(colors.paper));
        colors.lightest = std::max(colors.lightest, luminance(colors.paper));
        const double ink = luminance(colors.text);
        colors.is_read_anywhere = contrast_of(ink, colors.lightest) >= kLeastContrast ||
                                  contrast_of(colors.darkest, ink) >= kLeastContrast;
    }
    colors.needs_paper = !colors.is_read_anywhere && !(is_in_line && paper);
    open_.push_back(colors);
}

std::optional<Rgb> Legible::paper_of_its_own(std::string_view text) const
{
    const bool is_shown = text.find_first_not_of(" \t\r\n\f") != std::string_view::npos;
    return is_shown && open_.back().needs_paper ? std::optional(open_.back().paper) : std::nullopt;
}

} // namespace qm::html
