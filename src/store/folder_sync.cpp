#include "store/folder_sync.h"

#include <utility>

#include "quarantine/error.h"

namespace qm::store {

std::uint64_t FolderSync::failures() const
{
    const std::lock_guard lock(mutex_);
    return failures_;
}

void FolderSync::sync(std::uint64_t failures_before)
{
    std::unique_lock lock(mutex_);
    if (!next_) {
        next_ = std::make_shared<Round>();
    }
    const std::shared_ptr<Round> mine = next_;
    while (!mine->done) {
        if (runs_) {
            ended_.wait(lock);
            continue;
        }
        // Nobody is at work, so the round that is to begin is ours.
        runs_ = true;
        next_.reset();
        lock.unlock();
        std::string error;
        try {
            sync_(folder_);
        } catch (const std::exception& failure) {
            error = failure.what();
        }
        lock.lock();
        runs_ = false;
        mine->done = true;
        if (!error.empty()) {
            ++failures_;
            last_failure_ = error;
        }
        mine->error = std::move(error);
        ended_.notify_all();
    }
    if (!mine->error.empty()) {
        throw BackendError(mine->error);
    }
    if (failures_ != failures_before) {
        throw BackendError(last_failure_);
    }
}

} // namespace qm::store
