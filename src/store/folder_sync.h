// fsync of one folder for many writers.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/file.h"

namespace qm::store {

/// Writers who want a folder to be durable at the same moment share one fsync: each waits for one that began
/// after it had asked.
///
/// Thread-safety: every member may be called at once from any thread.
class FolderSync {
  public:
    using Sync = std::function<void(const std::string& folder)>;

    /// `sync` makes a folder durable or throws; it is called by one thread at a time.
    explicit FolderSync(std::string folder, Sync sync = sync_folder)
        : folder_(std::move(folder)), sync_(std::move(sync))
    {
    }

    const std::string& folder() const { return folder_; }

    /// Returns when everything that was in the folder at the call is durable there. Errors: BackendError, for
    /// all who share it.
    void sync();

  private:
    struct Round {
        bool done = false;
        std::string error;
    };

    const std::string folder_;
    const Sync sync_;
    std::mutex mutex_; ///< guards what follows
    std::condition_variable ended_;
    std::shared_ptr<Round> next_; ///< of those who wait for one to begin
    bool runs_ = false;
};

} // namespace qm::store
