// Text without the controls that a terminal or a mail program obeys.
#pragma once

#include <string>
#include <string_view>

namespace qm::preview {

/// Valid UTF-8; of the controls only tab and line feed stay.
std::string plain(std::string_view text);

} // namespace qm::preview
