// The table of whitelists. A new whitelist is a file of its own and one row here.
#pragma once

#include <span>

#include "quarantine/whitelist.h"

namespace qm::whitelist {

std::span<const WhitelistType> builtin_whitelists();

} // namespace qm::whitelist
