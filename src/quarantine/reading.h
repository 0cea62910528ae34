// A stored message as bytes in memory.
#pragma once

#include <cstddef>
#include <string>

#include "quarantine/store.h"

namespace qm {

/// All bytes, at most `limit`; what goes on behind is left. Errors: BackendError.
std::string read_all(MessageReader& reader, std::size_t limit = std::string::npos);

} // namespace qm
