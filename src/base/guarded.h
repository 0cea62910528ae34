// A value that can only be reached through its lock.
#pragma once

#include <mutex>
#include <utility>

namespace qm {

/// `auto pool = pool_.lock(); pool->push_back(x);` The lock ends with the returned object.
///
/// Thread-safety: lock() may be called from any thread; it blocks until the value is free.
template <typename T>
class Guarded {
  public:
    class Access {
      public:
        T* operator->() { return value_; }
        T& operator*() { return *value_; }
        /// For std::condition_variable.
        std::unique_lock<std::mutex>& held() { return lock_; }

      private:
        friend class Guarded;
        Access(std::mutex& mutex, T& value) : lock_(mutex), value_(&value) {}
        std::unique_lock<std::mutex> lock_;
        T* value_;
    };

    Guarded() = default;
    explicit Guarded(T value) : value_(std::move(value)) {}
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;

    Access lock() { return Access(mutex_, value_); }

  private:
    std::mutex mutex_;
    T value_{};
};

} // namespace qm
