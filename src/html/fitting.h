// Boxes keep their place: nothing lies on what is beside it, or runs out of sight.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "html/allowed.h"
#include "html/grid.h"
#include "html/markers.h"
#include "html/style.h"

namespace qm::html {

/// Follows sizes and places through a document that is written from its beginning to its end, letters of 16
/// pixels outside of everything.
class Fitting {
  public:
    /// Changes what would take the element out of its place:
    /// - boxes around words in a line (padding, borders) lie on the lines above and below;
    /// - tables that float;
    /// - margins inside margins lead to the side without end;
    /// - from right to left, what is too wide leaves the page where nobody can scroll;
    /// - a box that is wider than the one around it, or cells that together are, lie on what is beside that;
    /// - where a width is given, text that does not wrap leaves its box, and the color behind it; blanks that
    ///   are kept at the end of a line do so everywhere;
    /// - letters under 8 (small capitals: 12) or over 60 pixels, strokes of large letters through small ones;
    /// - boxes and lines that reach over wide borders around them, on which letters cannot be read;
    /// - cells of a table that lie on each other, markers of a list that lie on what is beside it.
    /// Doing it twice changes nothing. `style`: of the element; in `attributes` it is not looked for.
    void enter(const Element& element, Written& attributes, Declarations& style);
    void leave(const Element& element);

    /// True when another cell would make the table wider than the space for it: it stands in another row.
    /// Of the row that is open; never of one without a cell.
    bool row_is_full() const;
    double letters() const { return open_.back().letters; } ///< their size, pixels
    /// True where letters may stand as close to those of a cell beside theirs as if they were one word.
    bool touches_neighbours() const;

  private:
    enum class Lines : std::uint8_t { wrapped, one, as_written };
    struct Place {
        double letters = 16;        ///< their size, pixels
        double quirks_letters = 16; ///< the same in a page without a document type
        double stroke = 0;          ///< size of the largest letters that a line goes through or under
        double indent = 0;          ///< pixels of all margins and paddings
        double room = 600;          ///< for them
        bool small_caps = false;    ///< in place of small letters
        bool struck = false;        ///< a line goes through or under the letters
        bool raised = false;        ///< above or below the line
        unsigned direction = 0;
        bool from_right = false;
        double beside_cell = 400; ///< pixels between the content of the cell around and what is beside that
        double borders = 0;       ///< pixels of those at the right of the boxes around
        bool has_wall = false;    ///< of borders that hide letters; nothing may be wider than its box
        bool wraps = false;       ///< lines may not be wider than their box
        Lines lines = Lines::wrapped;

        /// Pixels that boxes inside may take beside each other. More than a window has where what is too wide
        /// sticks out to the right of everything, and can be scrolled to.
        double space = 1400;
        // Of this element alone:
        double taken = 0; ///< by the widest box inside
        double sides = 0; ///< its own margins, paddings and borders
    };

    unsigned direction_of(const std::string* attribute, std::string_view style, unsigned around);
    void fit_raised(const Element& element, Place& place, Declarations& style) const;
    void fit_sides(const Element& element, Place& place, Written& attributes, Declarations& style);
    void fit_shares(const Element& element, const Place& place, Written& attributes,
                    Declarations& style) const;
    void fit_width(const Element& element, Place& place, Written& attributes, Declarations& style) const;
    double sides_of(const Element& element, bool from_right, const Written& attributes,
                    const Declarations& style) const;
    void fit_lines(const Element& element, Place& place, Written& attributes, Declarations& style) const;
    void wrap_lines(const Element& element, Written& attributes, Declarations& style) const;
    void fit_letters(const Element& element, Place& place, Written& attributes, Declarations& style) const;
    void fit_small_caps(Place& place, Declarations& style) const;

    std::vector<Place> open_{Place{}};
    std::vector<Grid> tables_;
    Markers markers_;
    unsigned directions_ = 1; ///< the last that was given
};

} // namespace qm::html
