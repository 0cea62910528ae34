#include "whitelist/usage_marks.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "quarantine/error.h"

namespace qm::whitelist {

namespace {

constexpr std::chrono::hours kInterval{1};
constexpr std::size_t kMaxRemembered = 50'000;
constexpr std::size_t kMaxDue = 1'000;
/// So long rows are gathered, or until there are so many: a transaction for each would cost more than the
/// lookup.
constexpr std::chrono::seconds kGather{1};
constexpr std::size_t kEnough = 200;
/// Rows of one statement, or one.
constexpr std::size_t kTogether = 20;
constexpr std::chrono::seconds kPatience{3};

} // namespace

UsageMarks::UsageMarks(sql::Pool& pool, TableName table) : pool_(pool), table_(std::move(table)) {}

UsageMarks::~UsageMarks()
{
    thread_.request_stop();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void UsageMarks::used(std::int64_t row)
{
    const Clock::time_point now = Clock::now();
    std::size_t due = 0;
    {
        const std::lock_guard lock(mutex_);
        if (due_.size() >= kMaxDue) {
            return;
        }
        const auto [place, is_new] = marked_.try_emplace(row, now);
        if (!is_new && now - place->second < kInterval) {
            return;
        }
        place->second = now;
        due_.push_back(row);
        due = due_.size();
        if (marked_.size() > kMaxRemembered) {
            marked_.clear(); // the database keeps the hour, too
        }
        if (!thread_.joinable()) {
            thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
        }
    }
    if (due == 1 || due == kEnough) {
        changed_.notify_one();
    }
}

void UsageMarks::run(const std::stop_token& stop)
{
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !due_.empty(); })) {
        changed_.wait_for(lock, stop, kGather, [this] { return due_.size() >= kEnough; });
        std::deque<std::int64_t> rows;
        rows.swap(due_);
        lock.unlock();
        try {
            mark(std::move(rows));
        } catch (const std::exception& error) {
            if (!complained_) {
                complained_ = true;
                log::warning("whitelist", {{"status", "last_used not written"}, {"reason", error.what()}});
            }
        }
        lock.lock();
    }
}

void UsageMarks::mark(std::deque<std::int64_t> rows)
{
    std::ranges::sort(rows); // whoever locks several locks them in this order
    const auto now = std::chrono::system_clock::now();
    const sql::Pool::Lease lease = pool_.lease(kPatience);
    sql::Transaction transaction(*lease);
    for (std::size_t begin = 0; begin < rows.size();) {
        const std::size_t count = rows.size() - begin < kTogether ? 1 : kTogether;
        sql::Row parameters{database_time(now), database_time(now - kInterval)};
        std::string ids;
        for (std::size_t i = begin; i < begin + count; ++i) {
            parameters.emplace_back(rows[i]);
            ids += fmt::format("{}:{}", ids.empty() ? "" : ", ", parameters.size());
        }
        lease->execute(
            fmt::format(
                "UPDATE {} SET last_used = :1 WHERE id IN ({}) AND (last_used IS NULL OR last_used < :2)",
                table_.quoted(lease->engine()), ids),
            parameters);
        begin += count;
    }
    transaction.commit();
}

} // namespace qm::whitelist
