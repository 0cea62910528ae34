// How much memory messages on their way may take.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace qm::store {

/// Bytes of memory that writers share.
///
/// Thread-safety: every member may be called at once from any thread.
class BufferMemory {
  public:
    explicit BufferMemory(std::uint64_t bytes) : left_(static_cast<std::int64_t>(bytes)) {}

    bool take(std::size_t bytes)
    {
        const auto wanted = static_cast<std::int64_t>(bytes);
        if (left_.fetch_sub(wanted) >= wanted) {
            return true;
        }
        left_.fetch_add(wanted);
        return false;
    }

    void give_back(std::size_t bytes) { left_.fetch_add(static_cast<std::int64_t>(bytes)); }

  private:
    std::atomic<std::int64_t> left_;
};

} // namespace qm::store
