// All writes to the catalog, several callers to a commit.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "quarantine/error.h"
#include "sql/connection.h"

namespace qm::catalog {

/// The transaction ended without an answer to its COMMIT (the connection broke, the log could not be synced):
/// its changes may be kept or not. Whoever wrote has to be able to live with both.
class UnknownOutcome final : public BackendError {
  public:
    using BackendError::BackendError;
};

/// Group commit: a thread takes the jobs that wait, runs them in one transaction (each behind a savepoint, so
/// that one that fails does not take others with it) and commits once. A durable commit costs milliseconds;
/// shared by sixteen mails it costs each a sixteenth. What has worked for longer than a commit takes is
/// committed, whoever else waits: those whose jobs are done can go on meanwhile.
///
/// A database server that is away, or does not answer, costs those who wait at that moment their time, and
/// nobody else: from then on run() throws at once, and the writer's own thread tries the server until it
/// answers.
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
    /// database failed or `patience` ended before the job began; then nothing of the job is kept, except with
    /// UnknownOutcome. A job may be run by nobody else afterwards, whatever it threw.
    void run(Job job, std::chrono::milliseconds patience = std::chrono::seconds(20));

  private:
    struct Ticket;
    using Batch = std::deque<std::shared_ptr<Ticket>>;

    void work(const std::stop_token& stop);
    std::size_t run_batch(const Batch& batch);
    void end_batch(const Batch& batch, std::size_t ran);
    void commit(sql::Transaction& transaction);
    void run_one(Ticket& ticket, bool alone);
    sql::Connection& connection();
    void wait_until_back(const std::stop_token& stop);
    void went_away(const std::exception_ptr& failure);

    sql::Target target_;
    sql::ConnectOptions options_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::condition_variable back_; ///< away_ is empty
    Batch waiting_;
    std::string away_; ///< why the server is not asked now; "" when it is
    std::chrono::steady_clock::time_point away_since_{};
    std::unique_ptr<sql::Connection> connection_;       ///< the thread's own, as is the next one
    std::chrono::steady_clock::duration commit_time_{}; ///< that a commit takes lately
    std::jthread thread_;
};

} // namespace qm::catalog
