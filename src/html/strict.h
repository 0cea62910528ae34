// Is this HTML ours? Asked of what comes out of a process that may have been taken over.
#pragma once

#include <string_view>

namespace qm::html {

/// True when `fragment` could have been written by sanitize() or text_to_html(): character by character what
/// they write, only elements, attributes and values of src/html/allowed, every element where it may stand and
/// closed, the images those with this `src` and an `alt`, no text that cannot be seen. No HTML parser is
/// needed for that, and none is used. It ends at the first element that could not; time is linear.
///
/// Thread-safety: may be called from any thread.
bool is_sanitized(std::string_view fragment, std::string_view replacement_image);

} // namespace qm::html
