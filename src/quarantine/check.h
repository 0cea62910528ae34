// Everything that can be checked without listening or creating anything.
#pragma once

#include <string>

#include "quarantine/settings.h"

namespace qm {

/// check_world() and the two places only the daemon knows: the socket (`socket`, or the configuration's when
/// it is "") and the catalog.
WorldCheck check_places(const Settings& settings, const std::string& socket);

} // namespace qm
