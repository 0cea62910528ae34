// A whitelist in a database table (whitelist_type = DB).
#pragma once

#include <span>

#include "quarantine/whitelist.h"

namespace qm::whitelist {

std::span<const Option> sql_whitelist_options();

std::unique_ptr<Whitelist> open_sql_whitelist(const Section& section);

} // namespace qm::whitelist
