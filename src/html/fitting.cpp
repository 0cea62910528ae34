#include "html/fitting.h"

#include <algorithm>
#include <array>
#include <charconv>
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
constexpr double kMostLetters = 60;
constexpr double kLeastBesideStroke = 0.6; ///< of the letters that the stroke belongs to
constexpr std::size_t kMaxColumns = 60;    ///< that cells can reach over

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

bool has_stroke(const Element& element, std::string_view decoration)
{
    const bool usual = element.name == "u" || element.name == "s" || element.name == "strike" ||
                       element.name == "del" || element.name == "ins";
    return usual || (!decoration.empty() && decoration != "none");
}

const std::string* find(const Written& attributes, std::string_view name)
{
    const auto found = std::ranges::find(attributes, name, &Written::value_type::first);
    return found == attributes.end() ? nullptr : &found->second;
}

void erase_attribute(Written& attributes, std::string_view name)
{
    std::erase_if(attributes, [&](const auto& attribute) { return attribute.first == name; });
}

void put(Written& attributes, std::string_view name, const std::string& value)
{
    const auto found = std::ranges::find(attributes, name, &Written::value_type::first);
    if (value.empty()) {
        erase_attribute(attributes, name);
    } else if (found == attributes.end()) {
        attributes.emplace_back(name, value);
    } else {
        found->second = value;
    }
}

unsigned number_of(const Written& attributes, std::string_view name, unsigned otherwise)
{
    const std::string* const value = find(attributes, name);
    if (value != nullptr) {
        std::from_chars(value->data(), value->data() + value->size(), otherwise);
    }
    return otherwise;
}

/// Pixels of <font size>: 1 to 7, or up and down from 3.
double pixels_of_font(std::string_view size)
{
    constexpr std::array<double, 7> kSizes = {10, 13, 16, 18, 24, 32, 48};
    const int digit = size.back() - '0';
    const int step = size.front() == '+' ? 3 + digit : size.front() == '-' ? 3 - digit : digit;
    return kSizes.at(static_cast<std::size_t>(std::clamp(step, 1, 7) - 1));
}

bool is_part_of_table(const Element& element)
{
    return element.role >= Role::column_group;
}

} // namespace

void Fitting::enter(const Element& element, Written& attributes)
{
    const std::string* const written = find(attributes, "style");
    const std::string before = written == nullptr ? std::string() : *written; // attributes will move
    Declarations style(before);
    style.shorten(kMaxDeclarations, kMaxStyle);
    Place place = open_.back();
    fit_box(element, place, attributes, style);
    fit_direction(element, place, attributes, style);
    fit_letters(element, place, attributes, style);
    if (style.has_changed()) {
        put(attributes, "style", style.str());
    }
    fit_cell(element, attributes);
    open_.push_back(place);
}

void Fitting::leave(const Element& element)
{
    open_.pop_back();
    if (element.role == Role::table) {
        tables_.pop_back();
    }
}

void Fitting::fit_box(const Element& element, Place& place, Written& attributes, Declarations& style) const
{
    if (element.role == Role::inline_text) {
        for (const std::string_view family : {"padding", "border", "margin", "width", "max-width", "min-"}) {
            style.erase_family(family);
        }
        return;
    }
    const std::string* const align = find(attributes, "align");
    if (element.role == Role::table && align != nullptr && *align != "center") {
        erase_attribute(attributes, "align");
    }
    const double indent = style.pixels_of("margin") + style.pixels_of("padding");
    if (open_.back().indent + indent > place.room) {
        style.erase_family("margin");
        style.erase_family("padding");
    } else {
        place.indent += indent;
    }
    const std::string_view width =
        style.find("width").empty() ? style.find("max-width") : style.find("width");
    if (!width.empty() && width != "auto" && width != "none" && !is_part_of_table(element) &&
        element.role != Role::table) {
        place.wraps = true;
        const double pixels_wide = width.ends_with('%') ? 0 : pixels(width);
        place.room = std::min(place.room, place.indent + pixels_wide / 4);
    }
}

void Fitting::fit_direction(const Element& element, Place& place, Written& attributes,
                            Declarations& style) const
{
    const std::string* const direction = find(attributes, "dir");
    const bool turns = (direction != nullptr && *direction != "ltr") || style.find("direction") == "rtl";
    place.from_right = place.from_right || turns;
    place.wraps = place.wraps || turns;
    if (place.from_right) {
        style.erase("min-width");
        for (const std::string_view margin : {"margin", "margin-left", "margin-right"}) {
            const std::string_view value = style.find(margin);
            if (!value.empty() && value.find("auto") == std::string_view::npos) {
                style.erase(margin);
            }
        }
        const bool has_width = !style.find("width").empty() || find(attributes, "width") != nullptr;
        if (has_width && !is_part_of_table(element)) {
            style.set("max-width", "100%");
        }
    }
    if (!place.wraps) {
        return;
    }
    erase_attribute(attributes, "nowrap");
    const std::string_view space = style.find("white-space");
    if (space == "pre" || (element.name == "pre" && (space.empty() || space == "nowrap"))) {
        style.set("white-space", "pre-wrap");
    } else if (space == "nowrap") {
        style.erase("white-space");
    }
    style.erase("word-wrap");
    if (const std::string_view breaks = style.find("word-break");
        breaks == "keep-all" || breaks == "normal") {
        style.erase("word-break");
    }
    if (!open_.back().wraps && style.find("word-break").empty()) {
        style.set("word-break", "break-word");
    }
}

void Fitting::fit_letters(const Element& element, Place& place, Written& attributes,
                          Declarations& style) const
{
    const Place& around = open_.back();
    const auto size_of = [&] {
        if (const std::string_view size = style.find("font-size"); !size.empty()) {
            return pixels(size);
        }
        const std::string* const size = element.name == "font" ? find(attributes, "size") : nullptr;
        return size == nullptr ? around.letters * scale_of(element) : pixels_of_font(*size);
    };
    double size = size_of();
    const bool is_too_small = size < around.stroke * kLeastBesideStroke;
    if (is_too_small) {
        if (element.name == "font") {
            erase_attribute(attributes, "size");
        }
        size = around.letters * scale_of(element);
    }
    const double fitted = std::clamp(size, kLeastLetters, kMostLetters);
    if (fitted != size) {
        style.set("font-size",
                  fmt::format("{:.0f}px", fitted)); // in its place: once erased it would lose that
    } else if (is_too_small) {
        style.erase("font-size");
    }
    size = fitted;
    place.letters = size;
    // Without a document type the box of letters has its own height, and the line that of what is in it.
    const bool has_paper = element.role == Role::inline_text &&
                           (element.name == "mark" || !style.find("background-color").empty());
    if (has_paper || has_stroke(element, style.find("text-decoration"))) {
        place.stroke = std::max(place.stroke, size);
    }
}

void Fitting::fit_cell(const Element& element, Written& attributes)
{
    if (element.role == Role::table) {
        tables_.emplace_back();
    } else if (element.role == Role::row_group) {
        tables_.back().busy.clear();
    } else if (element.role == Role::row) {
        tables_.back().column = 0;
        for (unsigned& rows : tables_.back().busy) {
            rows -= rows > 0 ? 1 : 0;
        }
    } else if (element.role == Role::cell) {
        Grid& grid = tables_.back();
        const auto is_busy = [&](std::size_t column) {
            return column < grid.busy.size() && grid.busy[column] > 0;
        };
        while (is_busy(grid.column)) {
            ++grid.column;
        }
        const unsigned wanted = number_of(attributes, "colspan", 1);
        unsigned columns = 1;
        while (columns < wanted && grid.column + columns < kMaxColumns && !is_busy(grid.column + columns)) {
            ++columns;
        }
        if (columns != wanted) {
            put(attributes, "colspan", std::to_string(columns));
        }
        if (const unsigned rows = number_of(attributes, "rowspan", 1); rows > 1) {
            if (grid.column + columns > kMaxColumns) {
                erase_attribute(attributes, "rowspan");
            } else {
                grid.busy.resize(std::max(grid.busy.size(), grid.column + columns));
                std::fill_n(grid.busy.begin() + static_cast<std::ptrdiff_t>(grid.column), columns, rows);
            }
        }
        grid.column += columns;
    }
}

} // namespace qm::html
