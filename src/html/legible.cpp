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

/// What the element says of its text, as a browser weighs it: the style first.
std::optional<Rgb> own_text(const Element& element, const Written& attributes, const Declarations& style)
{
    if (const auto color = color_value(style.find("color"))) {
        return color;
    }
    const std::string* const attribute = element.name == "font" ? find_written(attributes, "color") : nullptr;
    return attribute == nullptr ? std::nullopt : color_value(*attribute);
}

std::optional<Rgb> own_paper(const Element& element, const Written& attributes, const Declarations& style)
{
    if (const std::string_view paper = style.find("background-color"); !paper.empty()) {
        return color_value(paper); // transparent: nothing of its own
    }
    if (const std::string* const attribute = find_written(attributes, "bgcolor")) {
        return color_value(*attribute);
    }
    return element.name == "mark" ? std::optional(kMarker) : std::nullopt;
}

} // namespace

void Legible::enter(const Element& element, Written& attributes, Declarations& style)
{
    Colors colors = open_.back();
    const bool is_in_line = element.role == Role::inline_text || element.role == Role::void_text;
    if (element.role == Role::caption) {
        colors.box = colors.outside; // it stands beside the table
    } else if (element.role == Role::table) {
        colors.outside = colors.box;
    } else if (element.role == Role::column || element.role == Role::column_group) {
        style.erase("background-color");
    }
    const Rgb inherited = element.name == "mark" ? kBlack : colors.text;
    const auto text = own_text(element, attributes, style);
    colors.text = text.value_or(inherited);
    const auto paper = own_paper(element, attributes, style);
    colors.paper = paper.value_or(is_in_line ? colors.paper : colors.box);
    colors.box = is_in_line ? colors.box : colors.paper;
    // Without a document type, a browser gives a table the color of the page.
    bool must_say = element.role == Role::table && !text && colors.text != kBlack;
    // What is around it can be read already.
    const bool is_as_around = colors.text == open_.back().text && colors.paper == open_.back().paper;
    if (!is_as_around && contrast(colors.text, colors.paper) < kLeastContrast) {
        erase_written(attributes, "color");
        style.erase("color");
        colors.text = inherited;
        must_say = element.role == Role::table && inherited != kBlack;
        if (contrast(inherited, colors.paper) < kLeastContrast) {
            const bool dark = contrast(kWhite, colors.paper) > contrast(kBlack, colors.paper);
            colors.text = dark ? kWhite : kBlack;
            must_say = true;
        }
    }
    if (must_say) {
        style.set("color", written(colors.text));
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
    const bool is_needed =
        open_.back().needs_paper && text.find_first_not_of(" \t\r\n\f") != std::string_view::npos;
    return is_needed ? std::optional(open_.back().paper) : std::nullopt;
}

} // namespace qm::html
