// Keeps a second daemon away from our catalog and folders.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/file_lock.h"

namespace qm::daemon {

/// Thread-safety: none.
class InstanceLocks {
  public:
    /// Holds exactly these lock files from now on: new ones are taken first, then those no longer named are
    /// let go. Errors: BackendError naming what another daemon uses; then nothing has changed.
    void hold(const std::vector<std::string>& files);

  private:
    /// Which file it is, whatever its name: through a second one we would find it locked, by ourselves.
    using Identity = std::pair<dev_t, ino_t>;
    static std::optional<Identity> identity_of(const std::string& file);

    std::map<Identity, FileLock> held_;
};

} // namespace qm::daemon
