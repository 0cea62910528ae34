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

void Legible::enter(const Element& element, Written& attributes, Declarations& style, Content content)
{
    const Colors& around = open_.back();
    Colors colors = around;
    const bool is_in_line = element.role == Role::inline_text || element.role == Role::void_text;
    if (element.role == Role::caption) {
        colors.box = colors.outside; // it stands beside the table
    } else if (element.role == Role::table) {
        colors.outside = colors.box;
    } else if (element.role == Role::column || element.role == Role::column_group ||
               element.role == Role::void_text) { // a browser paints nothing for a line's end
        style.erase("background-color");
    }
    const bool is_mark = element.name == "mark";
    const Rgb inherited = is_mark ? kBlack : colors.text;
    const auto text = own_text(element, attributes, style);
    colors.text = text.value_or(inherited);
    const auto paper = paper_of(around, element, attributes, style);
    const bool is_painted_line = element.role == Role::inline_text && paper.has_value();
    const bool is_around_others = is_painted_line && content == Content::elements;
    if (is_around_others) {
        style.erase("background-color");
        if (is_mark) {
            style.set("background-color", "transparent");
        }
    } else if (is_painted_line) {
        style.set("line-height", "normal");
    }
    const Rgb behind = is_in_line ? colors.paper : colors.box;
    colors.paper = paper.value_or(behind);
    colors.is_on_words = is_around_others ? around.is_on_words || colors.paper != behind
                                          : around.is_on_words && is_in_line && !is_painted_line;
    colors.box = is_in_line ? colors.box : colors.paper;
    // What is around it can be read already.
    const bool is_as_around = colors.text == around.text && colors.paper == around.paper;
    if (!is_as_around && contrast(colors.text, colors.paper) < kLeastContrast) {
        colors.text = inherited;
        if (contrast(inherited, colors.paper) < kLeastContrast) {
            const bool dark = contrast(kWhite, colors.paper) > contrast(kBlack, colors.paper);
            colors.text = dark ? kWhite : kBlack;
        }
    }
    say(colors, element, text == colors.text, attributes, style);
    strike(colors, element, style);
    if (colors.text != around.text || colors.paper != around.paper) {
        colors.darkest = std::min(colors.darkest, luminance(colors.paper));
        colors.lightest = std::max(colors.lightest, luminance(colors.paper));
        const double ink = luminance(colors.text);
        colors.is_read_anywhere = contrast_of(ink, colors.lightest) >= kLeastContrast ||
                                  contrast_of(colors.darkest, ink) >= kLeastContrast;
    }
    colors.needs_paper = !colors.is_read_anywhere && !(is_painted_line && !is_around_others);
    open_.push_back(colors);
}

/// Strokes in the color of the paper would cut through the letters: there is none then.
std::optional<Rgb> Legible::paper_of(const Colors& around, const Element& element, Written& attributes,
                                     Declarations& style)
{
    const auto paper = own_paper(element, attributes, style);
    if (!paper || !around.is_struck || contrast(around.stroke, *paper) >= kLeastContrast) {
        return paper;
    }
    erase_written(attributes, "bgcolor");
    style.erase("background-color");
    if (element.name == "mark") {
        style.set("background-color", "transparent");
    }
    return std::nullopt;
}

/// Writes the color of its text into the element, where it is not what a browser gives it. `is_own`: it is
/// written there.
void Legible::say(Colors& colors, const Element& element, bool is_own, Written& attributes,
                  Declarations& style)
{
    const bool is_mark = element.name == "mark";
    if (colors.is_on_words || !is_own) {
        erase_written(attributes, "color");
        style.erase("color");
    }
    if (colors.is_on_words) {
        if (is_mark) { // a browser gives it another one
            style.set("color", written(colors.said));
        }
        return;
    }
    const Rgb by_browser = is_mark ? kBlack : colors.said;
    // Without a document type, a browser gives a table the color of the page.
    const bool is_lost = element.role == Role::table && colors.text != kBlack;
    if (!is_own && (is_lost || colors.text != by_browser)) {
        style.set("color", written(colors.text));
    }
    colors.said = colors.text;
}

void Legible::strike(Colors& colors, const Element& element, Declarations& style)
{
    std::string_view strokes = strokes_of(element, style);
    if (element.role == Role::table && !strokes.empty() &&
        contrast(colors.text, colors.outside) < kLeastContrast) {
        style.erase("text-decoration"); // its caption stands outside
        strokes = {};
    }
    if (colors.is_on_words && colors.text != colors.said && !strokes.empty()) {
        colors.strokes = strokes;
        style.set("text-decoration", "none");
    } else if (!colors.is_on_words && !colors.strokes.empty()) {
        if (element.role == Role::inline_text) {
            style.set("text-decoration", colors.strokes);
        }
        colors.strokes.clear();
    } else if (!colors.is_struck && !strokes.empty()) {
        colors.is_struck = true;
        colors.stroke = colors.text;
    }
}

std::optional<std::string> Legible::paint_for(std::string_view text, bool alone) const
{
    const Colors& colors = open_.back();
    const auto has_letters = [&] { return text.find_first_not_of(" \t\n") != std::string_view::npos; };
    if (text.empty() || !(colors.is_on_words || (colors.needs_paper && has_letters()))) {
        return std::nullopt;
    }
    std::string paint = "background-color:" + written(colors.paper) + ";line-height:normal";
    if (alone || colors.text != colors.said) {
        paint += ";color:" + written(colors.text);
    }
    if (!colors.strokes.empty()) {
        paint += ";text-decoration:" + colors.strokes;
    }
    return paint;
}

} // namespace qm::html
