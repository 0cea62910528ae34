#include "sql/insert.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>

namespace qm::sql {
namespace {

/// Rows of one statement, the most first: a few lengths, so that each is prepared once.
constexpr std::array<std::size_t, 3> kLengths{50, 10, 1};

std::string values(std::size_t rows, std::size_t columns)
{
    std::string text = " VALUES ";
    std::size_t number = 0;
    for (std::size_t row = 0; row < rows; ++row) {
        text += row == 0 ? "(" : ", (";
        for (std::size_t column = 0; column < columns; ++column) {
            text += column == 0 ? ":" : ", :";
            text += std::to_string(++number);
        }
        text += ')';
    }
    return text;
}

} // namespace

void insert_rows(Connection& connection, const std::string& into, const std::vector<Row>& rows)
{
    for (std::size_t begin = 0; begin < rows.size();) {
        const std::size_t count = *std::ranges::find_if(
            kLengths, [left = rows.size() - begin](std::size_t length) { return length <= left; });
        Row parameters;
        parameters.reserve(count * rows[begin].size());
        for (std::size_t i = begin; i < begin + count; ++i) {
            std::ranges::copy(rows[i], std::back_inserter(parameters));
        }
        connection.execute(into + values(count, rows[begin].size()), parameters);
        begin += count;
    }
}

} // namespace qm::sql
