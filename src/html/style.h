// The style attribute: cut into declarations, each checked by src/html/allowed, written anew.
#pragma once

#include <string>
#include <string_view>

namespace qm::html {

/// The declarations that may stay, "property:value;property:value"; "" when none may. At most 40.
std::string clean_style(std::string_view style);

} // namespace qm::html
