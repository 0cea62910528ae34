// Text that was made to be unseen is seen: no element has letters in the color of what is behind them.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "html/allowed.h"
#include "html/colors.h"
#include "html/style.h"

namespace qm::html {

/// Follows the colors through a document that is written from its beginning to its end, black on white
/// outside of everything.
class Legible {
  public:
    /// Changes the color of an element's text when it could not be read, and leaves out a background that
    /// lies behind elements which are not inside it (columns of a table). Doing it twice changes nothing.
    /// `style`: of the element; in `attributes` it is not looked for.
    void enter(const Element& element, Written& attributes, Declarations& style);
    void leave() { open_.pop_back(); }

    /// A background that `text` must have to itself where it comes now. Nobody knows how wide a box will be
    /// and where its text ends: what could not be read beside the paper of its box takes the paper along.
    std::optional<Rgb> paper_of_its_own(std::string_view text) const;

  private:
    struct Colors {
        Rgb text = 0x000000;
        Rgb paper = 0xFFFFFF;   ///< behind the text
        Rgb box = 0xFFFFFF;     ///< behind a box inside: the background of words in a line ends there
        Rgb outside = 0xFFFFFF; ///< behind the table around it
        double darkest = 1;     ///< luminance of what may be behind the text, out to the page
        double lightest = 1;
        bool is_read_anywhere = true; ///< its text, whatever of these is behind it
        bool needs_paper = false;     ///< its text
    };
    std::vector<Colors> open_{Colors{}};
};

} // namespace qm::html
