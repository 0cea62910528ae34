// Many rows for one table in few statements.
#pragma once

#include <string>
#include <vector>

#include "sql/connection.h"

namespace qm::sql {

/// Inserts the rows in their order, several with one statement. `into` is the beginning of it: "INSERT INTO
/// table (column, ...)"; every row has a value for each of these columns. Nothing for no rows. Not atomic by
/// itself: use a Transaction. Errors: as Connection::execute().
void insert_rows(Connection& connection, const std::string& into, const std::vector<Row>& rows);

} // namespace qm::sql
