// Names of colors.
#pragma once

#include <string_view>

namespace qm::html {

/// True for a named color of CSS (level 4) in lower case, and for the words that mail programs use in place
/// of one (windowtext, inherit, currentcolor); not for transparent, which hides what is written in it.
bool is_color_name(std::string_view name);

} // namespace qm::html
