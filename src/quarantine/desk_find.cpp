// Desk: what is held.
#include "quarantine/desk.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/file_lock.h"
#include "catalog/outbox.h"
#include "catalog/search.h"
#include "quarantine/error.h"
#include "quarantine/stores.h"
#include "store/trace.h"

namespace qm {
namespace {

using QuarantineStanding = Standing::QuarantineStanding;

QuarantineStanding& part_of(Standing& standing, const std::string& name)
{
    const auto found = std::ranges::find(standing.quarantines, name, &QuarantineStanding::name);
    if (found != standing.quarantines.end()) {
        return *found;
    }
    standing.quarantines.push_back({.name = name, .configured = false});
    return standing.quarantines.back();
}

std::string trouble_of(const Quarantine& quarantine)
{
    try {
        quarantine.store->check();
        if (quarantine.whitelist) {
            quarantine.whitelist->check();
        }
    } catch (const BackendError& error) {
        return error.what();
    }
    return {};
}

} // namespace

std::vector<HeldMail> Desk::find(const HeldFilter& filter)
{
    return catalog::Search(catalog_).find(filter);
}

std::optional<HeldMail> Desk::load(const HeldId& id)
{
    return catalog_.load(id);
}

std::vector<HeldId> Desk::ids_like(std::string_view prefix, std::size_t limit)
{
    return catalog::Search(catalog_).ids_like(prefix, limit);
}

std::vector<NoticeRecord> Desk::notices_of(const HeldId& id)
{
    return catalog::Search(catalog_).notices_of(id);
}

std::unique_ptr<MessageReader> Desk::open(const HeldMail& mail)
{
    auto bytes = bytes_of(*settings_.get(), mail).bytes;
    return bytes ? store::without_trace(std::move(bytes)) : nullptr;
}

std::shared_ptr<MessageStore> Desk::store_of(const HeldMail& mail) const
{
    return bytes_of(*settings_.get(), mail).store;
}

std::string Desk::store_away(const Quarantine& quarantine) const
{
    return qm::store_away(*settings_.get(), quarantine, catalog_);
}

void Desk::expect_stores(const Settings& settings) const
{
    // Not the spool: it is empty whenever no notice is due.
    for (const Quarantine& quarantine : settings.quarantines) {
        if (const std::string away = qm::store_away(settings, quarantine, catalog_); !away.empty()) {
            throw BackendError(fmt::format("[{}] {}", quarantine.name, away));
        }
    }
}

preview::Preview Desk::preview(const HeldMail& mail)
{
    const auto reader = open(mail);
    const std::shared_ptr<const Settings> settings = settings_.get();
    const Quarantine* const quarantine = settings->quarantine(mail.quarantine);
    preview::PreviewOptions options;
    options.max_text = quarantine == nullptr ? options.max_text : quarantine->preview_max_size;
    options.about = mail.id.str();
    return preview::preview(reader.get(), options);
}

std::uint64_t Desk::previews_not_shown()
{
    return preview::counts().failed;
}

std::optional<Time> Desk::expires(const HeldMail& mail) const
{
    const std::shared_ptr<const Settings> settings = settings_.get();
    const Quarantine* const quarantine = settings->quarantine(mail.quarantine);
    return quarantine != nullptr ? quarantine->expires(mail) : std::nullopt;
}

Standing Desk::standing()
{
    const std::shared_ptr<const Settings> settings = settings_.get();
    Standing standing;
    standing.catalog = catalog_.shown();
    for (const Quarantine& quarantine : settings->quarantines) {
        standing.quarantines.push_back({.name = quarantine.name, .trouble = trouble_of(quarantine)});
    }
    catalog::Search search(catalog_);
    for (const catalog::StateCount& count : search.count_states()) {
        part_of(standing, count.quarantine)
            .states.push_back({.state = count.state, .recipients = count.recipients});
    }
    for (const catalog::QuarantineSize& size : search.sizes()) {
        QuarantineStanding& part = part_of(standing, size.quarantine);
        part.messages = size.messages;
        part.bytes = size.bytes;
        part.oldest = size.oldest;
    }
    const catalog::OutboxState outbox = catalog::Outbox(catalog_, "").state();
    standing.notices_due = outbox.due;
    standing.oldest_due = outbox.oldest_due;
    standing.notices_refused = outbox.refused;
    standing.notices_expired = outbox.expired;
    standing.daemon = daemon();
    return standing;
}

Standing::Daemon Desk::daemon() const
{
    if (catalog_.file().empty()) {
        return Standing::Daemon::unknown;
    }
    return FileLock::is_locked(catalog_.file() + ".lock") ? Standing::Daemon::running
                                                          : Standing::Daemon::not_running;
}

} // namespace qm
