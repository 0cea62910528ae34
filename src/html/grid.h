// The cells of a table: where they stand, and what space they take.
#pragma once

#include <cstddef>
#include <vector>

#include "html/allowed.h"
#include "html/style.h"

namespace qm::html {

/// Of one table, from its beginning to its end. All lengths are pixels.
class Grid {
  public:
    /// Of a letter and what is between cells; no column is narrower.
    static constexpr double kLeastColumn = 9.6;

    /// What the table says of its cells. A space between them that is too much for `space`, which is the
    /// table's, goes. Doing it twice changes nothing.
    void enter_table(double space, Written& attributes, Declarations& style);
    /// A group of rows, a row or a cell. `colspan` and `rowspan` of a cell are cut to what there is.
    void enter(const Element& element, Written& attributes);
    /// `taken`: by what was in the cell.
    void leave_cell(double taken);

    /// True when another cell would make the table wider than the space for it: it stands in another row.
    /// Of the row that is open; never of one without a cell.
    bool row_is_full() const { return has_cell_ && !has_space(next_free(column_), 0); }
    /// Of the open cell, when the table has `space`.
    double space_in_cell(double space, const Written& attributes) const;
    double taken() const { return all_taken_; }
    double padding() const { return padding_; } ///< of a cell, where it does not say
    /// Cells, as a browser has it; 0 at least.
    double gap() const { return gap_; }

  private:
    void enter_cell(Written& attributes);
    bool is_busy(std::size_t column) const { return column < busy_.size() && busy_[column] > 0; }
    std::size_t next_free(std::size_t at) const;
    /// Is there space for a cell that begins in this column, and for so many pixels more?
    bool has_space(std::size_t at, double beside) const;
    double least() const { return between_ + kLeastColumn; }

    std::vector<unsigned> busy_; ///< rows that cells of earlier rows still reach into, by column
    std::size_t column_ = 0;     ///< of the next cell
    std::size_t first_ = 0;      ///< column of the open cell
    bool has_cell_ = false;      ///< in the open row
    std::vector<double> taken_;  ///< by column
    double all_taken_ = 0;
    double space_ = 0; ///< for all columns
    double padding_ = 1;
    double between_ = 2; ///< cells, at most
    double gap_ = 2;
};

} // namespace qm::html
