// Colors, their names, and what can be read on what.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qm::html {

using Rgb = std::uint32_t; ///< 0xRRGGBB

/// Of "#fff", "#ffffff" or a name of CSS Color Level 4, in lower case; nothing for anything else, and for
/// transparent, which hides what is written in it.
std::optional<Rgb> color_value(std::string_view written);

/// "#ff0000"
std::string written(Rgb color);

/// Relative luminance (WCAG 2.1), 0 to 1.
double luminance(Rgb color);

/// The contrast ratio of WCAG 2.1: 1 for the same color, 21 for black and white.
double contrast(Rgb one, Rgb other);
/// The same for two luminances, the lighter one first; below 1 when it is the darker one.
double contrast_of(double lighter, double darker);

} // namespace qm::html
