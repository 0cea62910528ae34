// Columns for people.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qm::ctl {

/// A table for people: columns as wide as their widest cell, two blanks between them, the last one open.
///
/// Thread-safety: none.
class Table {
  public:
    /// `right`: these columns are aligned on the right.
    explicit Table(std::vector<std::size_t> right = {}) : right_(std::move(right)) {}

    /// Cells are harmless already.
    void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    bool empty() const { return rows_.empty(); }
    /// With `indent` blanks in front of each line.
    std::string str(std::size_t indent = 0) const;
    /// Line by line, without line ends.
    std::vector<std::string> lines() const;

  private:
    std::vector<std::size_t> right_;
    std::vector<std::vector<std::string>> rows_;
};

/// Columns that the text takes on a terminal, nearly: wide characters count two, combining ones none.
std::size_t columns(std::string_view text);
/// Not more than `width` columns; what is cut ends with an ellipsis.
std::string cut_to(std::string_view text, std::size_t width);

} // namespace qm::ctl
