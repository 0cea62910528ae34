// Text that keeps to its own place.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace qm::html {

/// Follows the text of a document through its elements, which end no letter: a mark that begins one is
/// written onto the last letter before it.
class ReadingOrder {
  public:
    /// Without the characters that turn the order of the text around them beyond the end of the element they
    /// stand in (bidirectional embeddings, overrides, isolates; marks, which do not, stay), and without byte
    /// order marks; at most six marks on one letter. Valid UTF-8. It is `text` itself where nothing is
    /// changed, else valid until the next call.
    std::string_view next(std::string_view text);

  private:
    bool stays(char32_t code);

    std::size_t marks_ = 0; ///< on the last letter
    std::string changed_;
};

/// Of a text that stands alone.
std::string in_reading_order(std::string_view text);

} // namespace qm::html
