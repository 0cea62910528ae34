// Writes down which whitelist rows are in use, beside the path of the mail.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "sql/connection.h"
#include "whitelist/whitelist_table.h"

namespace qm::whitelist {

/// Sets last_used of a row, at most once an hour and within some seconds, by a thread of its own that the
/// first row starts; many rows in one transaction. What fails is forgotten, and what does not fit waits for
/// the next mail: a mark is never worth a mail's delay.
///
/// Thread-safety: every member may be called at once from any thread.
/// Lifetime:      the pool must live longer.
class UsageMarks {
  public:
    UsageMarks(sql::Pool& pool, TableName table);
    ~UsageMarks();
    UsageMarks(const UsageMarks&) = delete;
    UsageMarks& operator=(const UsageMarks&) = delete;

    /// The row has just exempted a recipient. Never waits for a database.
    void used(std::int64_t row);

  private:
    using Clock = std::chrono::steady_clock;
    void run(const std::stop_token& stop);
    void mark(std::deque<std::int64_t> rows);

    sql::Pool& pool_;
    const TableName table_;
    std::mutex mutex_; ///< guards what follows
    std::condition_variable_any changed_;
    std::unordered_map<std::int64_t, Clock::time_point> marked_;
    std::deque<std::int64_t> due_;
    bool complained_ = false; ///< only the thread's
    std::jthread thread_;     ///< last member: ends before the others
};

} // namespace qm::whitelist
