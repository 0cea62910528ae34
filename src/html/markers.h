// What a browser writes in front of the items of a list.
#pragma once

#include <cstdint>
#include <vector>

#include "html/allowed.h"
#include "html/style.h"

namespace qm::html {

/// A list in front of whose items something is written.
bool has_markers(const Element& element);

/// Counts the items of the lists in a document that is written from its beginning to its end. A marker stands
/// outside of its item: a long one lies on what is beside the list.
class Markers {
  public:
    struct Text {
        double letters = 16;     ///< pixels
        bool from_right = false; ///< there or around it
        unsigned direction = 0;  ///< the same in elements whose text has the same
    };

    /// Leaves out the marker of an item when there is no space for it, or none at the side where a browser
    /// writes it: that of its own text, while the space is at the side of the list's. `text`: of the element.
    /// Doing it twice changes nothing.
    void enter(const Element& element, Written& attributes, Declarations& style, const Text& text);
    void leave(const Element& element);

    /// Pixels that a list has for its markers.
    static double space_before(const Declarations& style, bool from_right);

  private:
    enum class Kind : std::uint8_t { none, sign, decimal, letter, roman };
    struct List {
        double space = 0;
        unsigned next = 1; ///< number of an item
        unsigned direction = 0;
    };

    static Kind kind_of(const Element& element, const Written& attributes, const Declarations& style,
                        Kind around);
    static double width_of(Kind kind, unsigned number);

    std::vector<List> lists_{List{}}; ///< the first has the items without a list
    std::vector<Kind> kinds_{Kind::sign};
};

} // namespace qm::html
