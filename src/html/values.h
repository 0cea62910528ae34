// Checks of single values: each rebuilds what may stay in a form that passes the same check unchanged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "html/allowed.h"

namespace qm::html {

/// The value as it may be written, nothing when it may not.
using Checked = std::optional<std::string>;

/// How the value of a property is checked.
enum class Css : std::uint8_t {
    color,
    background, ///< the color in it; images are gone
    font,       ///< written as several declarations, with their names
    keyword,
    lengths,
    font_family,
    font_size,
    line_height,
    border
};

struct Property {
    std::string_view name;
    Css check;
    std::string_view keywords = {}; ///< allowed words, "left|right"
    double max_pixels = 0;          ///< of a length
    std::size_t max_words = 1;
    double min_pixels = 0;            ///< of a length
    std::string_view written_as = {}; ///< the name in the result, when another
};

/// `value` in lower case, without blanks at its ends and with blanks as the only white space.
Checked check_css(const Property& property, std::string_view value);

/// Of a length in pixels or absolute units, or of a word for the size of letters; 0 for anything else.
double pixels(std::string_view length);

/// Any attribute but style, text and target; `value` without blanks at its ends.
Checked check_attribute(Value kind, std::string_view value);

} // namespace qm::html
