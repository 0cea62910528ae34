// The store that keeps nothing (quarantine_type = NONE).
#pragma once

#include "quarantine/store.h"

namespace qm::store {

std::unique_ptr<MessageStore> open_null_store(const Section& section);

} // namespace qm::store
