// Everything that can be checked without listening or creating anything.
#pragma once

#include <string>
#include <vector>

#include "quarantine/settings.h"

namespace qm {

/// Asks the world: folders writable, databases reachable. Creates nothing. Each line says what fails and why.
struct WorldCheck {
    std::vector<std::string> mistakes;    ///< folders and files: the operator's to mend
    std::vector<std::string> unavailable; ///< databases: may come back
};
WorldCheck check_world(const Settings& settings);

/// check_world() and the two places only the daemon knows: the socket (`socket`, or the configuration's when
/// it is "") and the catalog.
WorldCheck check_places(const Settings& settings, const std::string& socket);

} // namespace qm
