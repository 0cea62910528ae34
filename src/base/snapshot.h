// The current version of an immutable value.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace qm {

/// get() hands out the version of this moment; whoever holds it keeps it, however often set() is called.
///
/// Thread-safety: every member may be called at once from any thread. (A mutex on purpose: libstdc++'s
/// std::atomic<std::shared_ptr> makes ThreadSanitizer report a race.)
template <typename T>
class Snapshot {
  public:
    explicit Snapshot(std::shared_ptr<const T> value) : value_(std::move(value)) {}

    std::shared_ptr<const T> get() const
    {
        const std::lock_guard lock(mutex_);
        return value_;
    }

    /// Returns the version that was current until now, so that the caller decides where it is destroyed.
    std::shared_ptr<const T> set(std::shared_ptr<const T> value)
    {
        const std::lock_guard lock(mutex_);
        return std::exchange(value_, std::move(value));
    }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const T> value_;
};

} // namespace qm
