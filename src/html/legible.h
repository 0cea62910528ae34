// Text that was made to be unseen is seen: no element has letters in the color of what is behind them.
#pragma once

#include <vector>

#include "html/allowed.h"
#include "html/colors.h"
#include "html/fitting.h"

namespace qm::html {

/// Follows the colors through a document that is written from its beginning to its end, black on white
/// outside of everything.
class Legible {
  public:
    /// Changes the color of an element's text when it could not be read, and leaves out a background that
    /// lies behind elements which are not inside it (columns of a table). Doing it twice changes nothing.
    void enter(const Element& element, Written& attributes);
    void leave() { open_.pop_back(); }

  private:
    struct Colors {
        Rgb text = 0x000000;
        Rgb paper = 0xFFFFFF;   ///< behind the text
        Rgb outside = 0xFFFFFF; ///< behind the table around it
    };
    std::vector<Colors> open_{Colors{}};
};

} // namespace qm::html
