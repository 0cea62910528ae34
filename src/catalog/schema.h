// The tables of the catalog, version by version.
#pragma once

#include <string>

#include "sql/connection.h"

namespace qm::catalog {

/// The version this program writes.
constexpr std::int64_t kSchemaVersion = 3;

/// Brings an empty or older catalog to kSchemaVersion, in one transaction. Errors: BackendError; in
/// particular when the catalog was written by a newer program.
void migrate(sql::Connection& connection);

/// " INDEXED BY name" for SQLite: it keeps no statistics about our tables and takes a wrong index where two
/// offer themselves. "" for a server, which knows better.
std::string through_index(const sql::Connection& connection, const std::string& name);

/// True when the tables are there and of kSchemaVersion. Changes nothing. Errors: as check_version().
bool is_current(sql::Connection& connection);

/// Throws BackendError unless the catalog has this program's version or can be migrated. Changes nothing.
void check_version(sql::Connection& connection);

} // namespace qm::catalog
