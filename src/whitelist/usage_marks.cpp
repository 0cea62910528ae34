#include "whitelist/usage_marks.h"

#include <fmt/format.h>

#include "base/log.h"
#include "quarantine/error.h"

namespace qm::whitelist {

namespace {

constexpr std::chrono::hours kInterval{1};
constexpr std::size_t kMaxRemembered = 50'000;
constexpr std::size_t kMaxDue = 1'000;
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
    {
        const std::lock_guard lock(mutex_);
        const auto [place, is_new] = marked_.try_emplace(row, now);
        if (!is_new && now - place->second < kInterval) {
            return;
        }
        place->second = now;
        if (due_.size() >= kMaxDue) {
            return;
        }
        due_.push_back(row);
        if (marked_.size() > kMaxRemembered) {
            marked_.clear(); // the database keeps the hour, too
        }
        if (!thread_.joinable()) {
            thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
        }
    }
    changed_.notify_one();
}

void UsageMarks::run(const std::stop_token& stop)
{
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !due_.empty(); })) {
        const std::int64_t row = due_.front();
        due_.pop_front();
        lock.unlock();
        try {
            mark(row);
        } catch (const std::exception& error) {
            if (!complained_) {
                complained_ = true;
                log::warning("whitelist", {{"status", "last_used not written"}, {"reason", error.what()}});
            }
        }
        lock.lock();
    }
}

void UsageMarks::mark(std::int64_t row)
{
    const auto now = std::chrono::system_clock::now();
    const sql::Pool::Lease lease = pool_.lease(kPatience);
    lease->execute(
        fmt::format("UPDATE {} SET last_used = :1 WHERE id = :2 AND (last_used IS NULL OR last_used < :3)",
                    table_.quoted(lease->engine())),
        {database_time(now), row, database_time(now - kInterval)});
}

} // namespace qm::whitelist
