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
    /// Leaves out the marker of an item when there is no space for it. `letters`: their size in the element,
    /// pixels. Doing it twice changes nothing.
    void enter(const Element& element, Written& attributes, Declarations& style, double letters,
               bool from_right);
    void leave(const Element& element);

    /// Pixels that a list has for its markers.
    static double space_before(const Declarations& style, bool from_right);

  private:
    enum class Kind : std::uint8_t { none, sign, decimal, letter, roman };
    struct List {
        double space = 0;
        unsigned next = 1; ///< number of an item
    };

    static Kind kind_of(const Element& element, const Written& attributes, const Declarations& style,
                        Kind around);
    static double width_of(Kind kind, unsigned number);

    std::vector<List> lists_{List{}}; ///< the first has the items without a list
    std::vector<Kind> kinds_{Kind::sign};
};

} // namespace qm::html
