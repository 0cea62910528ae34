// All writes to the catalog, several callers to a commit.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "sql/connection.h"

namespace qm::catalog {

/// Group commit: a thread takes every job that waits, runs them in one transaction (each behind a savepoint,
/// so that one that fails does not take others with it) and commits once. A durable commit costs
/// milliseconds; shared by sixteen mails it costs each a sixteenth.
///
/// Thread-safety: run() may be called at once from any thread; jobs run on the writer's thread, one after the
/// other.
class Writer {
  public:
    using Job = std::function<void(sql::Connection&)>;

    Writer(sql::Target target, sql::ConnectOptions options);
    ~Writer(); ///< finishes what waits
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// Returns when the job's changes are durable. Throws what the job threw, or BackendError when the
    /// database failed or `patience` ended before the job began; in both cases nothing of the job is kept.
    void run(Job job, std::chrono::milliseconds patience = std::chrono::seconds(20));

  private:
    struct Ticket;

    void work(const std::stop_token& stop);
    void run_batch(const std::deque<std::shared_ptr<Ticket>>& batch);
    void run_one(Ticket& ticket, bool alone);
    sql::Connection& connection();

    sql::Target target_;
    sql::ConnectOptions options_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::condition_variable done_;
    std::deque<std::shared_ptr<Ticket>> waiting_;
    std::unique_ptr<sql::Connection> connection_; ///< the thread's own
    std::jthread thread_;
};

} // namespace qm::catalog
