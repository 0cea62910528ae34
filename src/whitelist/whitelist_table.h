// The table that holds a whitelist: where it is, what it is called, how it is made.
#pragma once

#include <optional>
#include <string>

#include "quarantine/section.h"
#include "sql/connection.h"

namespace qm::whitelist {

/// The name of the table, checked: it stands in statements and cannot be bound.
class TableName {
  public:
    /// Nothing if `text` is no [A-Za-z_][A-Za-z0-9_]{0,62}, optionally behind a schema and a dot.
    static std::optional<TableName> parse(std::string_view text);

    /// Quoted as the engine wants it: the spelling counts.
    std::string quoted(sql::Engine engine) const;
    const std::string& schema() const { return schema_; } ///< "" without one
    const std::string& table() const { return table_; }

  private:
    std::string schema_;
    std::string table_;
};

struct TablePlace {
    sql::Target target;
    TableName table;
};

/// Reads whitelist_db_connection and whitelist_db_table. Nothing after a section.mistake().
std::optional<TablePlace> read_place(const Section& section);

/// True when there is a table (or view) of this name. Errors: BackendError.
bool table_exists(sql::Connection& connection, const TableName& name);

/// Makes the table of the ancestor if it is missing. Several processes may do it at once. Errors:
/// BackendError.
void ensure_table(sql::Connection& connection, const TableName& name);

/// "2026-08-04 14:03:12", UTC, as all engines understand it.
std::string database_time(std::chrono::system_clock::time_point time);

} // namespace qm::whitelist
