// Whether anything is seen of HTML.
#pragma once

#include <string_view>

namespace qm::preview {

/// True when the sanitizer would show neither a character that is seen nor an image. Time is linear.
bool is_blank_html(std::string_view html);

} // namespace qm::preview
