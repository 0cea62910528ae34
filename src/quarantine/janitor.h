// Resolves what dead processes have left behind, beside the mail path.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "quarantine/desk.h"

namespace qm {

/// A thread that sweeps (Desk::sweep) and settles releases left behind.
///
/// With a catalog in a file this process is the only daemon: everything older than its start is a leftover,
/// and is resolved at once. With a catalog on a server others may be at work: what is older than a grace time
/// is resolved now and once an hour, by one node at a time.
///
/// Thread-safety: every member may be called at once from any thread.
class Janitor {
  public:
    /// `notices_due` is called when messages were taken up whose recipients are to be told.
    Janitor(Desk& desk, catalog::Catalog& catalog, const Clock& clock, std::function<void()> notices_due);
    ~Janitor();
    Janitor(const Janitor&) = delete;
    Janitor& operator=(const Janitor&) = delete;

    void start();
    /// Ends the thread, at most one page of messages later.
    void stop();

    /// One round (what the thread does; tests call it). False: it has to be tried again soon.
    bool round();

  private:
    void work(const std::stop_token& stop);
    bool sweep();

    Desk& desk_;
    const Clock& clock_;
    std::function<void()> notices_due_;
    bool is_shared_; ///< the catalog, by several nodes
    Time started_;
    std::mutex round_; ///< one at a time; guards the next three
    std::string last_error_;
    std::vector<std::string> troubles_;  ///< of the last sweep
    Time not_swept_since_ = Time::max(); ///< no sweep has come to its end since then
    std::stop_source ending_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_;
};

} // namespace qm
