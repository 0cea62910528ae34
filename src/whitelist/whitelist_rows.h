// The rows of a whitelist table as an administrator handles them.
#pragma once

#include <memory>

#include "quarantine/whitelist.h"
#include "whitelist/whitelist_table.h"

namespace qm::whitelist {

/// Connects; makes the table, and a SQLite file, if it is missing. Errors: BackendError.
std::unique_ptr<WhitelistRows> open_rows(const TablePlace& place);

} // namespace qm::whitelist
