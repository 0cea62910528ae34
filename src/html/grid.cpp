#include "html/grid.h"

#include <algorithm>
#include <string>

#include "html/values.h"

namespace qm::html {
namespace {

constexpr std::size_t kMaxColumns = 60; ///< that cells can reach over
constexpr double kUsualBetween = 2;     ///< cells
constexpr double kMostBetween = 0.02;   ///< of the space for all of them

} // namespace

void Grid::enter_table(double space, Written& attributes, Declarations& style)
{
    const auto spacing = [&] {
        const std::string_view said = style.find("border-spacing");
        return pixels(said.substr(0, said.find(' ')));
    };
    const auto between = [&] {
        return std::max<double>(number_written(attributes, "cellspacing", 2), spacing());
    };
    if (between() > std::max(kUsualBetween, space * kMostBetween)) {
        erase_written(attributes, "cellspacing");
        style.erase("border-spacing");
    }
    between_ = between();
    gap_ = style.find("border-collapse") == "collapse" ? 0
           : style.find("border-spacing").empty()      ? between_
                                                       : spacing();
    padding_ = number_written(attributes, "cellpadding", 1);
    space_ = space - between_; // and beside the last
}

void Grid::enter(const Element& element, Written& attributes)
{
    if (element.role == Role::row_group) {
        busy_.clear();
    } else if (element.role == Role::row) {
        column_ = 0;
        has_cell_ = false;
        for (unsigned& rows : busy_) {
            rows -= rows > 0 ? 1 : 0;
        }
    } else if (element.role == Role::cell) {
        enter_cell(attributes);
    }
}

void Grid::enter_cell(Written& attributes)
{
    column_ = next_free(column_);
    first_ = column_;
    has_cell_ = true;
    const unsigned wanted = number_written(attributes, "colspan", 1);
    unsigned columns = 1;
    while (columns < wanted && column_ + columns < kMaxColumns && !is_busy(column_ + columns)) {
        ++columns;
    }
    if (columns != wanted) {
        write_attribute(attributes, "colspan", std::to_string(columns));
    }
    if (const unsigned rows = number_written(attributes, "rowspan", 1); rows > 1) {
        if (column_ + columns > kMaxColumns || !has_space(first_, least())) {
            erase_written(attributes, "rowspan");
        } else {
            busy_.resize(std::max(busy_.size(), column_ + columns));
            std::fill_n(busy_.begin() + static_cast<std::ptrdiff_t>(column_), columns, rows);
        }
    }
    column_ += columns;
}

void Grid::leave_cell(double taken)
{
    taken_.resize(std::max(taken_.size(), column_));
    const double share = (taken + between_) / static_cast<double>(column_ - first_);
    for (std::size_t column = first_; column < column_; ++column) {
        all_taken_ += std::max(0.0, share - taken_[column]);
        taken_[column] = std::max(taken_[column], share);
    }
}

double Grid::space_in_cell(double space, const Written& attributes) const
{
    space -= between_ + all_taken_;
    for (std::size_t column = first_; column < std::min(column_, taken_.size()); ++column) {
        space += taken_[column];
    }
    if (find_written(attributes, "rowspan") != nullptr) {
        space -= least(); // a row that it reaches into has a cell too
    }
    return space;
}

bool Grid::has_space(std::size_t at, double beside) const
{
    const double taken_there = at < taken_.size() ? taken_[at] : 0;
    return all_taken_ + std::max(0.0, least() - taken_there) + beside <= space_;
}

std::size_t Grid::next_free(std::size_t at) const
{
    while (is_busy(at)) {
        ++at;
    }
    return at;
}

} // namespace qm::html
