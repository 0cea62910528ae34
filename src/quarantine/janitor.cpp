#include "quarantine/janitor.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "quarantine/error.h"

namespace qm {
namespace {

/// Longer than any mail is under way between its file and its row.
constexpr std::chrono::minutes kGrace{10};
constexpr std::chrono::hours kInterval{1};
constexpr std::chrono::seconds kSoon{10};
/// As long as something is in the way.
constexpr std::chrono::seconds kLater{300};

std::int64_t count(const StoreReport& report, StoreFinding::Kind kind)
{
    return std::ranges::count(report.findings, kind, &StoreFinding::kind);
}

void log_report(const StoreReport& report)
{
    using Kind = StoreFinding::Kind;
    const auto number = [&](Kind kind) { return std::to_string(count(report, kind)); };
    if (report.findings.empty()) {
        log::debug("sweep", {{"checked", std::to_string(report.checked)}, {"status", "swept"}});
        return;
    }
    log::warning("sweep", {{"checked", std::to_string(report.checked)},
                           {"files_without_row", number(Kind::file_without_row)},
                           {"rows_without_file", number(Kind::row_without_file)},
                           {"useless_files", number(Kind::useless_file)},
                           {"found_again", number(Kind::found_again)},
                           {"unreadable", number(Kind::unreadable)},
                           {"unfinished_files", number(Kind::unfinished_file)},
                           {"status", "swept"}});
}

} // namespace

Janitor::Janitor(Desk& desk, catalog::Catalog& catalog, const Clock& clock, std::function<void()> notices_due)
    : desk_(desk), clock_(clock), notices_due_(std::move(notices_due)), is_shared_(catalog.file().empty()),
      started_(clock.now())
{
}

Janitor::~Janitor()
{
    stop();
}

void Janitor::start()
{
    thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void Janitor::stop()
{
    ending_.request_stop();
    thread_.request_stop();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Janitor::work(const std::stop_token& stop)
{
    std::chrono::seconds pause = kSoon;
    while (!stop.stop_requested()) {
        const bool done = round();
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, stop, done ? std::chrono::seconds(kInterval) : pause, [] { return false; });
        pause = done ? kSoon : std::min(pause * 2, kLater);
    }
}

bool Janitor::round()
{
    const std::lock_guard lock(round_);
    try {
        desk_.resolve_left_releases();
        const bool done = sweep();
        last_error_.clear();
        not_swept_since_ = done ? Time::max() : std::min(not_swept_since_, clock_.now());
        return done;
    } catch (const std::exception& error) {
        if (std::exchange(last_error_, error.what()) != error.what()) { // once
            log::error("sweep", {{"error", error.what()}, {"status", "tries-again"}});
        }
        not_swept_since_ = std::min(not_swept_since_, clock_.now());
        return false;
    }
}

bool Janitor::sweep()
{
    const Time before = is_shared_ ? clock_.now() - kGrace : std::max(started_, clock_.now() - kGrace);
    const auto report = desk_.sweep(
        before, [this](auto, auto, auto) { return !ending_.stop_requested(); }, not_swept_since_);
    if (!report) {
        return is_shared_; // another node does it; on this machine an import or a repair, soon over
    }
    log_report(*report);
    if (std::exchange(troubles_, report->troubles) != report->troubles) { // once
        for (const std::string& trouble : report->troubles) {
            log::error("sweep", {{"error", trouble}, {"status", "left"}});
        }
    }
    if (report->notices_due) {
        notices_due_();
    }
    return report->troubles.empty();
}

} // namespace qm
