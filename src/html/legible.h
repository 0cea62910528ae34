// Text that was made to be unseen is seen: no element has letters in the color of what is behind them.
#pragma once

#include <optional>
#include <string>
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
    ///
    /// An element in a line has its background only when there is nothing but text in it: the box of larger
    /// letters, or of a font with a tall one, would lie on the lines above. Around other elements the words
    /// take the background along, with the color and the strokes, which would have another one.
    void enter(const Element& element, Written& attributes, Declarations& style, Content content);
    void leave() { open_.pop_back(); }

    /// The style of an element of its own that `text` must have where it comes now. Nobody knows how wide a
    /// box will be and where its text ends: what could not be read beside the paper of its box takes the
    /// paper along. `alone`: elements around it may not have been written; it says all of it.
    std::optional<std::string> paint_for(std::string_view text, bool alone = false) const;
    static constexpr std::size_t kMostPaint = 128; ///< bytes of it

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
        bool is_on_words = false;     ///< the text and the paper: the elements around do not say them
        Rgb said = 0x000000;          ///< the text, by these elements
        std::string strokes;          ///< through and under the text, when it is on words
        bool is_struck = false;       ///< by an element that says it
        Rgb stroke = 0x000000;        ///< of that
    };

    static std::optional<Rgb> paper_of(const Colors& around, const Element& element, Written& attributes,
                                       Declarations& style);
    static void strike(Colors& colors, const Element& element, Declarations& style);
    static void say(Colors& colors, const Element& element, bool is_own, Written& attributes,
                    Declarations& style);

    std::vector<Colors> open_{Colors{}};
};

} // namespace qm::html
