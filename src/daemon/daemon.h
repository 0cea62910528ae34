// The running program: starts the rooms, waits for signals, reloads, stops.
#pragma once

#include <memory>
#include <string>

#include "quarantine/settings.h"

namespace qm::daemon {

struct DaemonOptions {
    std::string config_file;
    std::string socket; ///< from the command line; "" : the configuration's
    bool log_to_stderr = false;
};

/// Runs until SIGTERM or SIGINT; SIGUSR1 reloads; SIGHUP does nothing. `settings` are
/// those of the start, checked. Returns the exit code (sysexits.h).
int run(const DaemonOptions& options, std::shared_ptr<const Settings> settings);

} // namespace qm::daemon
