// The table of message stores. A new store is a file of its own and one row here.
#pragma once

#include <span>

#include "quarantine/store.h"

namespace qm::store {

std::span<const StoreType> builtin_stores();

} // namespace qm::store
