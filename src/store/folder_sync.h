// fsync of one folder for many writers.
#pragma once

#include <condition_variable>
#include <cstdint>
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

    /// How many have failed: to be asked before something is put into the folder.
    std::uint64_t failures() const;

    /// Returns when everything that was in the folder at the call is durable there. Errors: BackendError, for
    /// all who share it, and for those who had asked for `failures_before` by then: the kernel tells of a
    /// write that failed once, so the next fsync may say that all is well when it is not.
    void sync(std::uint64_t failures_before);
    void sync() { sync(failures()); }

  private:
    struct Round {
        bool done = false;
        std::string error;
    };

    const std::string folder_;
    const Sync sync_;
    mutable std::mutex mutex_; ///< guards what follows
    std::condition_variable ended_;
    std::shared_ptr<Round> next_; ///< of those who wait for one to begin
    bool runs_ = false;
    std::uint64_t failures_ = 0;
    std::string last_failure_;
};

} // namespace qm::store
