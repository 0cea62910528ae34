// Text that keeps to its own place.
#pragma once

#include <string>
#include <string_view>

namespace qm::html {

/// Without the characters that turn the order of the text around them beyond the end of the element they
/// stand in (bidirectional embeddings, overrides, isolates; marks, which do not, stay), and without byte
/// order marks; at most six marks on one letter. Valid UTF-8.
std::string in_reading_order(std::string_view text);

} // namespace qm::html
