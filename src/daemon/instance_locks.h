// Keeps a second daemon away from our catalog and folders.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/file_lock.h"

namespace qm::daemon {

/// Thread-safety: none.
class InstanceLocks {
  public:
    /// Holds exactly these lock files from now on: new ones are taken first, then those no longer named are
    /// let go. Errors: BackendError naming what another daemon uses; then nothing has changed.
    void hold(const std::vector<std::string>& files);

  private:
    std::map<std::string, FileLock> held_;
};

} // namespace qm::daemon
