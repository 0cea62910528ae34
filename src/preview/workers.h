// Preview workers from outside: started, asked, watched, and replaced when they die.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "preview/frame.h"
#include "quarantine/store.h"

namespace qm::preview {

struct WorkersOptions {
    std::string program;                        ///< path of quarantine-preview; "": see worker_program()
    std::size_t most = 4;                       ///< that run at a time
    std::chrono::milliseconds deadline{15'000}; ///< for one preview, all in all
};

/// quarantine-preview beside this program, or where it is installed.
std::string worker_program();

/// A few worker processes (preview/worker.h), each with one message at a time, kept for the next one. One
/// that dies, does not answer in time or answers nonsense is killed and costs this one preview: an error in
/// the log, a number in counts(), and the sentence "cannot be shown safely". What comes back is checked: it
/// is a compromised worker that may have written it.
///
/// Thread-safety: every member may be called at once from any thread.
class Workers {
  public:
    explicit Workers(WorkersOptions options = {});
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    /// The message from its first byte, at most `limit` of it; `about` names it in the log. Errors:
    /// BackendError of the reader.
    Preview ask(const Request& request, MessageReader& message, std::uint64_t limit,
                const std::string& about = {});
    Counts counts() const;

  private:
    class Worker;
    class Turn;

    std::unique_ptr<Worker> take(std::chrono::steady_clock::time_point deadline);
    void give_back(std::unique_ptr<Worker> worker);

    const WorkersOptions options_;
    mutable std::mutex mutex_;
    std::condition_variable free_;
    std::vector<std::unique_ptr<Worker>> idle_;
    std::size_t busy_ = 0;
    Counts counts_;
};

} // namespace qm::preview
