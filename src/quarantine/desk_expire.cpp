// Desk: what has lain long enough goes.
#include "quarantine/desk.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "catalog/retention.h"
#include "quarantine/error.h"

namespace qm {
namespace {

/// Between two looks at Progress; a batch is two commits.
constexpr std::size_t kBatch = 500;

/// Expires one quarantine. Each batch is closed in the catalog, then its bytes go, then its rows: whenever it
/// is killed, the next run finds the rest as it was, the oldest first.
class Expiry {
  public:
    Expiry(catalog::Retention& retention, const Settings& settings, const Quarantine& quarantine,
           bool dry_run, const Progress& progress)
        : retention_(retention), settings_(settings), quarantine_(quarantine), dry_run_(dry_run),
          progress_(progress)
    {
    }

    /// What an earlier run began. False: stopped by Progress.
    bool begun_before(ExpireReport::Part& part)
    {
        HeldId behind;
        for (;;) {
            const std::vector<HeldId> closed = retention_.closed(quarantine_.name, behind, kBatch);
            if (closed.empty()) {
                return true;
            }
            behind = closed.back();
            part.messages += static_cast<std::int64_t>(dry_run_ ? closed.size() : finish(closed).size());
            if (!progress_("expire " + quarantine_.name, static_cast<std::uint64_t>(part.messages), 0)) {
                return false;
            }
        }
    }

    /// False: stopped by Progress.
    bool too_old(Time before, ExpireReport::Part& part)
    {
        const std::int64_t expected = retention_.amount(quarantine_.name, before).messages;
        const bool finished = run(before, expected, part, [](const catalog::Old&) { return true; });
        too_old_ = part.bytes;
        return finished;
    }

    /// Of what is not too old.
    bool too_much(std::optional<Time> kept_since, ExpireReport::Part& part)
    {
        std::uint64_t bytes = retention_.amount(quarantine_.name, std::nullopt).bytes;
        HeldId behind;
        if (kept_since) {
            bytes -= dry_run_ ? std::min(bytes, too_old_) : 0;
            behind = HeldId(*kept_since - std::chrono::milliseconds(1), std::string(10, '\xFF'));
        }
        if (bytes <= quarantine_.max_size) {
            return true;
        }
        std::uint64_t excess = bytes - quarantine_.max_size;
        return run(
            std::nullopt, 0, part,
            [&excess](const catalog::Old& old) {
                const bool goes = excess > 0;
                excess -= std::min(excess, old.has_bytes ? old.size : 0);
                return goes;
            },
            behind);
    }

    /// Why the store did not let go of some messages; "" when it did.
    std::string trouble() const
    {
        if (stuck_.empty()) {
            return {};
        }
        std::string why;
        try {
            quarantine_.store->remove(stuck_.front());
        } catch (const BackendError& error) {
            why = error.what();
        }
        return fmt::format(
            "{} messages could not be deleted and are tried again next time; the first one: {}",
            stuck_.size(), why.empty() ? stuck_.front().str() : why);
    }

  private:
    template <typename Goes>
    bool run(std::optional<Time> before, std::int64_t expected, ExpireReport::Part& part, Goes goes,
             HeldId behind = {})
    {
        for (;;) {
            const std::vector<catalog::Old> batch =
                retention_.oldest(quarantine_.name, before, behind, kBatch);
            if (batch.empty()) {
                return true;
            }
            behind = batch.back().id;
            std::vector<catalog::Old> going;
            bool last = false;
            for (const catalog::Old& old : batch) {
                // Nobody has heard of it yet: to let it go now would be to lose it.
                if (!old.untold && !goes(old)) {
                    last = true;
                    break;
                }
                if (old.untold) {
                    ++part.untold;
                } else {
                    going.push_back(old);
                }
            }
            remove(going, part);
            if (!progress_("expire " + quarantine_.name, static_cast<std::uint64_t>(part.messages),
                           static_cast<std::uint64_t>(expected))) {
                return false;
            }
            if (last) {
                return true;
            }
        }
    }

    void remove(const std::vector<catalog::Old>& batch, ExpireReport::Part& part)
    {
        expect_files(batch);
        std::vector<HeldId> closed;
        if (dry_run_) {
            std::ranges::transform(batch, std::back_inserter(closed), &catalog::Old::id);
        } else {
            closed = finish(retention_.close(batch));
        }
        for (const catalog::Old& old : batch) {
            if (std::ranges::binary_search(closed, old.id.str(), {}, &HeldId::str)) {
                ++part.messages;
                part.bytes += old.has_bytes ? old.size : 0;
            }
        }
    }

    /// Old files may have been deleted by hand. But where those of the messages behind them are missing, too,
    /// a disk is not mounted, and rows are all that is left.
    void expect_files(const std::vector<catalog::Old>& batch) const
    {
        if (std::ranges::none_of(batch, &catalog::Old::has_bytes) || has_any_file(batch)) {
            return;
        }
        if (!has_any_file(retention_.oldest(quarantine_.name, std::nullopt, batch.back().id, kBatch))) {
            throw BackendError(fmt::format(
                "the files of the oldest messages are not in {}: is its disk mounted? Nothing was "
                "deleted; quarantinectl store check --repair marks them as lost",
                quarantine_.store->folder()));
        }
    }

    bool has_any_file(const std::vector<catalog::Old>& messages) const
    {
        return std::ranges::any_of(messages, [&](const catalog::Old& old) {
            return old.has_bytes && quarantine_.store->open(old.id) != nullptr;
        });
    }

    /// Bytes, then rows. Returns those that went; what the store does not let go stays closed.
    std::vector<HeldId> finish(std::vector<HeldId> closed)
    {
        std::vector<HeldId> left = quarantine_.store->remove_all(closed);
        if (settings_.spool && !quarantine_.store->keeps()) {
            left = settings_.spool->remove_all(closed);
        }
        std::erase_if(closed, [&](const HeldId& id) { return std::ranges::find(left, id) != left.end(); });
        retention_.forget(closed);
        stuck_.insert(stuck_.end(), left.begin(), left.end());
        return closed;
    }

    catalog::Retention& retention_;
    const Settings& settings_;
    const Quarantine& quarantine_;
    bool dry_run_;
    const Progress& progress_;
    std::uint64_t too_old_ = 0; ///< bytes
    std::vector<HeldId> stuck_;
};

std::int64_t in_days(std::chrono::seconds time)
{
    return std::chrono::duration_cast<std::chrono::days>(time).count();
}

void log_part(const ExpireReport::Part& part)
{
    log::info("expire", {{"quarantine", part.quarantine},
                         {"messages", std::to_string(part.messages)},
                         {"bytes", std::to_string(part.bytes)},
                         {"untold", std::to_string(part.untold)},
                         {"why", part.why},
                         {"status", "expired"}});
}

/// The quarantines that share a whitelist must all let its rows go; the longest time counts.
std::map<std::shared_ptr<Whitelist>, std::chrono::seconds> whitelist_times(const Settings& settings)
{
    std::map<std::shared_ptr<Whitelist>, std::chrono::seconds> times;
    for (const Quarantine& quarantine : settings.quarantines) {
        if (!quarantine.whitelist) {
            continue;
        }
        const auto [place, is_new] = times.try_emplace(quarantine.whitelist, quarantine.whitelist_expire);
        const bool all_stay = place->second.count() == 0 || quarantine.whitelist_expire.count() == 0;
        place->second =
            all_stay ? std::chrono::seconds(0) : std::max(place->second, quarantine.whitelist_expire);
    }
    return times;
}

} // namespace

ExpireReport Desk::expire(bool dry_run, const Progress& progress)
{
    const std::shared_ptr<const Settings> settings = settings_.get();
    ExpireReport report;
    const auto turn = dry_run ? std::nullopt : catalog::take_turn(catalog_, catalog::Turn::expire);
    if (!dry_run && !turn) {
        report.elsewhere = true;
        return report;
    }
    for (const Quarantine& quarantine : settings->quarantines) {
        if (!report.stopped) {
            // A postman would have given up by then: there is none.
            catalog::Retention retention(catalog_,
                                         clock_.now() - quarantine.notification_retry - std::chrono::days(1));
            expire(quarantine, retention, *settings, dry_run, progress, report);
        }
    }
    catalog::Retention retention(catalog_);
    for (const std::string& name : retention.quarantines()) {
        if (settings->quarantine(name) == nullptr) {
            const auto amount = retention.amount(name, std::nullopt);
            report.parts.push_back({.quarantine = name,
                                    .messages = amount.messages,
                                    .bytes = amount.bytes,
                                    .why = "is not configured any more: nothing is deleted",
                                    .configured = false});
        }
    }
    if (!report.stopped) {
        expire_whitelists(*settings, dry_run, report);
    }
    return report;
}

void Desk::expire(const Quarantine& quarantine, catalog::Retention& retention, const Settings& settings,
                  bool dry_run, const Progress& progress, ExpireReport& report)
{
    if (const std::string away = store_away(quarantine); !away.empty()) {
        report.troubles.push_back(fmt::format("[{}] {}", quarantine.name, away));
        return;
    }
    Expiry expiry(retention, settings, quarantine, dry_run, progress);
    std::optional<Time> kept_since;
    const auto one = [&](std::string why, auto work) {
        ExpireReport::Part part{.quarantine = quarantine.name, .why = std::move(why)};
        try {
            quarantine.store->check(); // from one that is away nothing can be removed
            report.stopped = report.stopped || !work(part);
        } catch (const BackendError& error) {
            report.troubles.push_back(fmt::format("[{}] {}", quarantine.name, error.what()));
        }
        if (part.messages > 0 || part.untold > 0) {
            if (!dry_run) {
                log_part(part);
            }
            report.parts.push_back(std::move(part));
        }
    };
    one("begun by an earlier run", [&](ExpireReport::Part& part) { return expiry.begun_before(part); });
    if (quarantine.keep.count() > 0 && !report.stopped) {
        kept_since = clock_.now() - quarantine.keep;
        one(fmt::format("older than {} days", in_days(quarantine.keep)),
            [&](ExpireReport::Part& part) { return expiry.too_old(*kept_since, part); });
    }
    if (quarantine.max_size > 0 && !report.stopped) {
        one(fmt::format("above {}", text::human_size(quarantine.max_size)),
            [&](ExpireReport::Part& part) { return expiry.too_much(kept_since, part); });
    }
    if (const std::string trouble = expiry.trouble(); !trouble.empty()) {
        report.troubles.push_back(fmt::format("[{}] {}", quarantine.name, trouble));
    }
}

void Desk::expire_whitelists(const Settings& settings, bool dry_run, ExpireReport& report)
{
    for (const auto& [whitelist, time] : whitelist_times(settings)) {
        if (time.count() == 0) {
            continue;
        }
        try {
            const auto moment = std::chrono::floor<std::chrono::seconds>(clock_.now() - time);
            const auto rows = whitelist->rows();
            const std::int64_t expired = rows ? rows->expire(moment, dry_run) : 0;
            report.whitelist_rows += expired;
            if (expired > 0 && !dry_run) {
                log::info("expire", {{"whitelist", whitelist->shown()},
                                     {"rows", std::to_string(expired)},
                                     {"status", "expired"}});
            }
        } catch (const BackendError& error) {
            report.troubles.emplace_back(error.what());
        }
    }
}

} // namespace qm
