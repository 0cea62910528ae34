#include "html/fitting.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "html/style.h"
#include "html/values.h"

namespace qm::html {
namespace {

constexpr std::size_t kMaxDeclarations = 30; ///< before ours
constexpr std::size_t kMaxStyle = 3600;      ///< bytes, before ours
constexpr double kLeastLetters = 8;
constexpr double kLeastOfSmallCaps = 12; ///< which are shown two thirds as large
constexpr double kMostLetters = 60;
constexpr double kUsualLetters = 16;
constexpr double kLeastBesideStroke = 0.6; ///< of the letters that the stroke belongs to
constexpr double kMostOfSpace = 0.75;      ///< for one letter
constexpr double kWidestLetter = 1.2;      ///< of their size
constexpr double kPage = 700;              ///< pixels; most are wider
constexpr double kNarrowPage = 300;        ///< pixels; few are narrower
constexpr double kBordersOfRule = 2;       ///< pixels at both sides of <hr>, by the browser
constexpr double kIndent = 40;             ///< pixels, by the browser
constexpr double kLeastBeforeItems = 1.25; ///< of their letters
constexpr double kBlank = 0.18;            ///< of the letters around it; few fonts have a narrower one
constexpr double kMostRoundBorder = 3;     ///< pixels
constexpr double kMostBorders = 6;         ///< pixels beside each other that hide no letter

struct Scale {
    std::string_view name;
    double factor;
};
constexpr std::array kScales = {Scale{"h1", 2},      Scale{"h2", 1.5},   Scale{"h3", 1.17},
                                Scale{"h5", 0.83},   Scale{"h6", 0.67},  Scale{"small", 0.833},
                                Scale{"sub", 0.833}, Scale{"sup", 0.833}};

double scale_of(const Element& element)
{
    const auto* const found = std::ranges::find(kScales, element.name, &Scale::name);
    return found == kScales.end() ? 1 : found->factor;
}

/// Pixels of <font size>: 1 to 7, or up and down from 3.
double pixels_of_font(std::string_view size)
{
    constexpr std::array<double, 7> kSizes = {10, 13, 16, 18, 24, 32, 48};
    const int digit = size.back() - '0';
    const int step = size.front() == '+' ? 3 + digit : size.front() == '-' ? 3 - digit : digit;
    return kSizes.at(static_cast<std::size_t>(std::clamp(step, 1, 7) - 1));
}

/// Is a width a share of the space that leaves none for so many pixels beside it?
bool fills(std::string_view width, double beside)
{
    return width.ends_with('%') && beside > 0 && pixels(width) / pixels("100%") + beside / kNarrowPage > 1;
}

double margins_of(const Declarations& style)
{
    return style.side("margin", "left").value_or(0) + style.side("margin", "right").value_or(0);
}

bool is_part_of_table(const Element& element)
{
    return element.role >= Role::column_group;
}

} // namespace

bool Fitting::row_is_full() const
{
    return tables_.back().row_is_full();
}

bool Fitting::touches_neighbours() const
{
    return open_.back().beside_cell < kBlank * open_.back().letters;
}

void Fitting::enter(const Element& element, Written& attributes, Declarations& style)
{
    if (element.role == Role::table) {
        tables_.emplace_back();
    } else if (is_part_of_table(element)) {
        tables_.back().enter(element, attributes);
    }
    style.shorten(kMaxDeclarations, kMaxStyle);
    Place place = open_.back();
    place.taken = 0;
    place.sides = 0;
    const std::string* const direction = find_written(attributes, "dir");
    if ((direction != nullptr && *direction != "ltr") || style.find("direction") == "rtl") {
        place.from_right = true;
        place.wraps = true;
        place.space = std::min(place.space, kPage);
    }
    place.direction = direction_of(direction, style.find("direction"), place.direction);
    if (element.role == Role::inline_text) {
        fit_raised(element, place, style);
        for (const std::string_view family : {"padding", "border", "margin", "width", "max-width", "min-"}) {
            style.erase_family(family);
        }
    } else {
        if (style.side_borders() > 2 * kMostRoundBorder) { // the text would stand on its corners
            style.erase_family("border-radius");
        }
        fit_sides(element, place, attributes, style);
        if (element.role < Role::table || element.role == Role::caption) { // tables grow with what is in them
            place.borders += style.border("right");
            place.has_wall = place.has_wall || place.borders > kMostBorders;
            place.wraps = place.wraps || place.has_wall;
        }
        if (place.has_wall) {
            place.space = std::min(place.space, kPage);
        }
        fit_width(element, place, attributes, style);
    }
    fit_lines(element, place, attributes, style);
    fit_letters(element, place, attributes, style);
    markers_.enter(element, attributes, style, {place.letters, place.from_right, place.direction});
    open_.push_back(place);
}

void Fitting::leave(const Element& element)
{
    markers_.leave(element);
    Place place = open_.back();
    open_.pop_back();
    if (element.role == Role::table) {
        place.taken = std::max(place.taken, tables_.back().taken());
        tables_.pop_back();
    }
    const double taken = place.taken + place.sides;
    if (element.role == Role::cell) {
        tables_.back().leave_cell(taken);
    } else if (element.role != Role::void_text) { // an image is written without its style
        open_.back().taken = std::max(open_.back().taken, taken);
    }
}

/// 0: from left to right, 1: from right to left; each that depends on the text is one of its own.
unsigned Fitting::direction_of(const std::string* attribute, std::string_view style, unsigned around)
{
    if (!style.empty()) {
        return style == "rtl" ? 1 : 0;
    }
    if (attribute == nullptr) {
        return around;
    }
    return *attribute == "ltr" ? 0 : *attribute == "rtl" ? 1 : ++directions_;
}

/// Steps up or down in a line lead away from it, and paper and strokes with them.
void Fitting::fit_raised(const Element& element, Place& place, Declarations& style) const
{
    const Place& around = open_.back();
    const std::string_view align = style.find("vertical-align");
    const bool has_paper = element.name == "mark" || !style.find("background-color").empty();
    if (!align.empty() && align != "baseline" &&
        (around.raised || has_paper || around.stroke > 0 || !strokes_of(element, style).empty())) {
        style.erase("vertical-align");
    }
    const bool is_raised = element.name == "sub" || element.name == "sup";
    if (is_raised && around.raised) {
        style.set("vertical-align", "baseline");
    }
    const std::string_view left = style.find("vertical-align");
    place.raised = around.raised || is_raised || (!left.empty() && left != "baseline");
}

/// Margins, paddings and borders at both sides, with those that a browser gives where the style is silent.
double Fitting::sides_of(const Element& element, bool from_right, const Written& attributes,
                         const Declarations& style) const
{
    const bool is_quote = element.name == "blockquote";
    const double padding = element.role == Role::cell ? tables_.back().padding() : 0;
    const double margin_begin = is_quote || element.name == "dd" ? kIndent : 0;
    const double margin_end = is_quote ? kIndent : 0;
    const double padding_begin = has_markers(element) ? kIndent : padding;
    const double borders = element.role == Role::table ? 2 * number_written(attributes, "border", 0) : 0;
    const auto sides = [&](std::string_view begin, std::string_view end) {
        return style.side("margin", begin).value_or(margin_begin) +
               style.side("margin", end).value_or(margin_end) +
               style.side("padding", begin).value_or(padding_begin) +
               style.side("padding", end).value_or(padding);
    };
    const double usual = sides("left", "right");
    // In it may be an element from left to right.
    return (from_right ? std::max(usual, sides("right", "left")) : usual) + style.side_borders() + borders;
}

/// What stands at the sides of a box, and what that leaves for boxes inside.
void Fitting::fit_sides(const Element& element, Place& place, Written& attributes, Declarations& style)
{
    const std::string* const align = find_written(attributes, "align");
    if (element.role == Role::table && align != nullptr && *align != "center") {
        erase_written(attributes, "align");
    }
    if (element.role == Role::table) {
        const std::string* const width = find_written(attributes, "width");
        const double margins = margins_of(style);
        if (fills(style.find("width"), margins) || (width != nullptr && fills(*width, margins))) {
            style.erase_family("margin");
        }
    }
    if (place.from_right) {
        for (const std::string_view margin : {"margin", "margin-left", "margin-right"}) {
            const std::string_view value = style.find(margin);
            if (value != "0" && value.find("auto") == std::string_view::npos) {
                style.erase(margin);
            }
        }
    }
    if (element.role == Role::cell) {
        place.space = tables_.back().space_in_cell(place.space, attributes);
    }
    place.sides = sides_of(element, place.from_right, attributes, style);
    const double most = element.role == Role::cell ? place.space / 2 : place.space; // others will follow
    const auto fits = [&](double sides) {
        return place.indent + sides <= place.room && sides + place.letters <= place.space && sides <= most;
    };
    if (has_markers(element) && style.find("list-style-type") != "none" && fits(place.sides + kIndent) &&
        Markers::space_before(style, place.from_right) < kLeastBeforeItems * place.letters) {
        style.erase_family("padding");
        place.sides = sides_of(element, place.from_right, attributes, style);
    }
    if (place.sides > 0 && !fits(place.sides)) {
        for (const std::string_view family : {"margin", "padding", "border"}) {
            style.erase_family(family);
        }
        erase_written(attributes, "border");
        place.sides = sides_of(element, place.from_right, attributes, style);
        if (place.sides > 0 && !fits(place.sides)) {
            style.set(has_markers(element) || element.role == Role::cell ? "padding" : "margin", "0");
            place.sides = 0;
        }
    }
    place.indent += place.sides;
    place.space -= place.sides;
    if (element.role == Role::cell) {
        const Grid& grid = tables_.back();
        place.beside_cell = grid.gap() + std::min(style.side("padding", "left").value_or(grid.padding()),
                                                  style.side("padding", "right").value_or(grid.padding()));
    }
    if (element.role == Role::table) {
        tables_.back().enter_table(place.space, attributes, style);
    }
}

/// Widths that are a share of what is around; those of tables, whose borders are inside, are not asked for.
void Fitting::fit_shares(const Element& element, const Place& place, Written& attributes,
                         Declarations& style) const
{
    const double beside = element.role == Role::void_block ? place.sides + kBordersOfRule : place.sides;
    // A cell is as wide as what is in it needs: out of a part of that, some would stick.
    const bool may_be_part = tables_.empty() || element.role == Role::void_block;
    const auto fits = [&](std::string_view width) {
        return may_be_part || !width.ends_with('%') || width == "100%";
    };
    const std::string* const width = find_written(attributes, "width");
    if (width != nullptr && (!fits(*width) || fills(*width, beside))) {
        erase_written(attributes, "width");
    }
    for (const std::string_view property : {"width", "min-width"}) {
        if (!fits(style.find(property)) || fills(style.find(property), beside)) {
            style.erase(property);
        }
    }
    if (!fits(style.find("max-width"))) {
        style.erase("max-width");
    }
}

/// How wide a box is, and what that leaves for boxes inside.
void Fitting::fit_width(const Element& element, Place& place, Written& attributes, Declarations& style) const
{
    const auto pixels_of = [](std::string_view width) { return width.ends_with('%') ? 0 : pixels(width); };
    if (element.role < Role::table) {
        fit_shares(element, place, attributes, style);
    }
    // A cell is as wide as what is in it needs, whatever its width says.
    const bool is_part = is_part_of_table(element) && element.role != Role::caption;
    const std::string* const attribute = find_written(attributes, "width");
    if (place.from_right || place.has_wall) {
        style.erase("min-width");
        const bool has_width = !style.find("width").empty() || attribute != nullptr;
        if (has_width && !is_part_of_table(element)) {
            style.set("max-width", "100%");
        }
    }
    const double space = std::max(0.0, place.space);
    double wide = std::max(pixels_of(style.find("width")), attribute == nullptr ? 0 : pixels_of(*attribute));
    if (wide > space && !is_part) {
        style.erase("width");
        erase_written(attributes, "width");
        if (element.role == Role::table && margins_of(style) == 0) {
            write_attribute(attributes, "width", "100%");
        }
        wide = 0;
    }
    if (pixels_of(style.find("min-width")) > space) {
        style.erase("min-width");
    }
    // Without a document type a cell whose text does not wrap is never narrower.
    if (is_part && !place.wraps && wide > space) {
        erase_written(attributes, "nowrap");
    }
    const bool is_fixed = !is_part || (!place.wraps && find_written(attributes, "nowrap") != nullptr);
    const double least = pixels_of(style.find("min-width"));
    place.taken = std::max(is_fixed ? std::min(wide, space) : 0, least);
    if (element.role == Role::table) {
        return; // it grows with what is in it
    }
    const double around = place.space;
    for (const std::string_view property : {"width", "max-width"}) {
        const std::string_view width = style.find(property);
        const bool counts = !width.empty() && width != "auto" && width != "none" && width != "100%" &&
                            (!is_part || (element.role == Role::cell && property == "max-width"));
        if (!counts) {
            continue;
        }
        place.wraps = true;
        const bool is_share = width.ends_with('%');
        const double share = pixels(width) / pixels("100%");
        const double most = is_share ? kPage * share : pixels(width);
        place.room = std::min(place.room, place.indent + most / 2);
        place.space = std::min(place.space, is_share ? around * share : most);
    }
    place.taken = std::min(place.taken, std::max(place.space, least));
}

void Fitting::fit_lines(const Element& element, Place& place, Written& attributes, Declarations& style) const
{
    if (place.wraps) {
        wrap_lines(element, attributes, style);
    }
    const std::string_view said = style.find("white-space");
    if (!said.empty()) {
        place.lines = said == "pre" ? Lines::as_written : said == "nowrap" ? Lines::one : Lines::wrapped;
    } else if (element.name == "pre") {
        place.lines = Lines::as_written;
    } else if (find_written(attributes, "nowrap") != nullptr) {
        place.lines = Lines::one;
    }
    // Blanks at the end of a line would stick out, and the color behind them.
    if (style.find("white-space") == "pre-wrap") {
        style.add("white-space", "break-spaces");
    }
}

void Fitting::wrap_lines(const Element& element, Written& attributes, Declarations& style) const
{
    erase_written(attributes, "nowrap");
    const std::string_view space = style.find("white-space");
    if (space == "pre" || (element.name == "pre" && (space.empty() || space == "nowrap"))) {
        style.set("white-space", "pre-wrap");
    } else if (space == "nowrap") {
        style.erase("white-space");
    }
    const Place& around = open_.back();
    if (around.lines != Lines::wrapped && style.find("white-space").empty()) {
        style.set("white-space", around.lines == Lines::one ? "normal" : "pre-wrap");
    }
    style.erase("word-wrap");
    if (style.find("word-break") != "break-word") { // break-all keeps signs together
        style.erase("word-break");
    }
    if (!around.wraps && style.find("word-break").empty()) {
        style.set("word-break", "break-word");
    }
}

void Fitting::fit_letters(const Element& element, Place& place, Written& attributes,
                          Declarations& style) const
{
    const Place& around = open_.back();
    const double scale = scale_of(element);
    const double usual = around.letters * scale;
    double size = usual;
    const std::string* const of_font = element.name == "font" ? find_written(attributes, "size") : nullptr;
    if (const std::string_view written = style.find("font-size"); !written.empty()) {
        size = pixels(written);
    } else if (of_font != nullptr) {
        size = pixels_of_font(*of_font);
    }
    const double most = std::floor(std::clamp(place.space * kMostOfSpace, kLeastLetters, kMostLetters));
    const bool is_struck = std::min(size, most) < around.stroke * kLeastBesideStroke;
    if (is_struck) {
        size = usual;
        if (of_font != nullptr) {
            erase_written(attributes, "size");
        }
    }
    const double fitted = std::clamp(size, kLeastLetters, most);
    bool is_ours = fitted != size;
    size = fitted;
    // Without a document type a table does not take over the size of the letters around it.
    const double around_quirks = element.role == Role::table ? kUsualLetters : around.quirks_letters;
    place.quirks_letters = size == usual ? around_quirks * scale : size;
    if (place.quirks_letters < kLeastLetters || place.quirks_letters > most) {
        size = std::round(size);
        is_ours = true;
        place.quirks_letters = size;
    }
    if (is_ours) {
        style.set("font-size", fmt::format("{:.0f}px", size));
    } else if (is_struck) {
        style.erase("font-size");
    }
    place.letters = size;
    fit_small_caps(place, style);
    place.taken = std::max(place.taken, std::max(size, place.quirks_letters) * kWidestLetter);
    // Without a document type the stroke belongs to its own letters, and the line to those that are in it.
    bool strokes = !strokes_of(element, style).empty();
    if (strokes && around.struck) {
        style.set("text-decoration", "none");
        strokes = false;
    }
    place.struck = place.struck || strokes;
    if (strokes) {
        place.stroke = std::max(place.stroke, size);
    }
}

void Fitting::fit_small_caps(Place& place, Declarations& style) const
{
    const std::string_view variant = style.find("font-variant");
    place.small_caps = variant.empty() ? place.small_caps : variant == "small-caps";
    if (!place.small_caps || std::min(place.letters, place.quirks_letters) >= kLeastOfSmallCaps) {
        return;
    }
    if (open_.back().small_caps) {
        style.set("font-variant", "normal");
    } else {
        style.erase("font-variant");
    }
    place.small_caps = false;
}

} // namespace qm::html
