// A desk of one's own, for a program beside the daemon (quarantinectl): catalog, settings, clock.
#pragma once

#include <memory>
#include <string>

#include "quarantine/desk.h"
#include "quarantine/settings.h"

namespace qm {

/// Works on the same catalog and the same stores as a daemon, while it runs or not.
///
/// Thread-safety: the desk's. Errors: ConfigError, BackendError.
class OpenDesk {
  public:
    enum class Mode {
        rules, ///< for explain() of mail that is not on record: the catalog is not touched and need not be
               ///< there
        read,  ///< for looking: changes nothing; the catalog must be there and of this version
        work,  ///< creates or migrates the catalog, and resolves releases that a process left behind
    };
    OpenDesk(std::shared_ptr<const Settings> settings, Mode mode);
    ~OpenDesk();
    OpenDesk(const OpenDesk&) = delete;
    OpenDesk& operator=(const OpenDesk&) = delete;

    Desk& desk();

  private:
    class Body;
    std::unique_ptr<Body> body_;
};

} // namespace qm
