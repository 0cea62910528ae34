#include "quarantine/stores.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "catalog/search.h"
#include "quarantine/error.h"

namespace qm {
namespace {

constexpr std::size_t kPage = 1000;
/// So many are looked for in the other stores before it is said that they are nowhere.
constexpr std::size_t kSample = 100;

/// Nothing when it is not in this store.
StoredBytes bytes_in(const std::shared_ptr<MessageStore>& store, const HeldId& id)
{
    auto bytes = store && store->keeps() ? store->open(id) : nullptr;
    return bytes ? StoredBytes{.store = store, .bytes = std::move(bytes)} : StoredBytes();
}

StoredBytes bytes_of(const Settings& settings, const Quarantine* quarantine, const HeldId& id)
{
    if (quarantine != nullptr) {
        if (auto found = bytes_in(quarantine->store, id); found.bytes) {
            return found;
        }
    }
    // Its quarantine has got another folder, or another name, since: an id is in one store only.
    for (const auto& [key, store] : settings.stores) {
        if (auto found = bytes_in(store, id); found.bytes) {
            return found;
        }
    }
    if (quarantine != nullptr) {
        quarantine->store->check(); // one that is away has lost nothing
    }
    return {};
}

HeldId oldest_in(MessageStore& store)
{
    HeldId oldest;
    store.list(Time{}, [&](const HeldId& id) {
        oldest = id;
        return false;
    });
    return oldest;
}

/// The first of the messages that should be in the quarantine's store and that somebody waits for.
std::vector<HeldId> awaited(catalog::Catalog& catalog, const Quarantine& quarantine)
{
    catalog::Search search(catalog);
    HeldId behind;
    for (;;) {
        std::vector<HeldId> page = search.stored_ids(quarantine.name, behind, kPage);
        if (page.empty()) {
            return page;
        }
        behind = page.back();
        const std::vector<HeldId> useless = search.useless(page);
        std::erase_if(page,
                      [&](const HeldId& id) { return std::ranges::find(useless, id) != useless.end(); });
        if (!page.empty()) {
            return page;
        }
    }
}

std::string count_of(const std::vector<HeldId>& messages)
{
    return messages.size() == 1
               ? "1 message"
               : fmt::format("{}{} messages", messages.size() < kPage ? "" : "at least ", messages.size());
}

} // namespace

StoredBytes bytes_of(const Settings& settings, const HeldMail& mail)
{
    return mail.stored ? bytes_of(settings, settings.quarantine(mail.quarantine), mail.id)
                       : bytes_in(settings.spool, mail.id);
}

bool has_lost(const Settings& settings, const Quarantine& quarantine, const HeldId& id)
{
    if (bytes_of(settings, &quarantine, id).bytes) {
        return false;
    }
    const HeldId oldest = oldest_in(*quarantine.store);
    if (oldest.empty() || oldest.str() > id.str()) {
        throw BackendError(fmt::format(
            "{} is on record, but not in {}, and nothing that is older is: is its disk mounted? If "
            "it is gone for good, quarantinectl store check --repair marks it as lost",
            id.str(), quarantine.store->folder()));
    }
    return true;
}

std::string store_away(const Settings& settings, const Quarantine& quarantine, catalog::Catalog& catalog)
{
    MessageStore& store = *quarantine.store;
    if (!store.keeps()) {
        return {};
    }
    try {
        store.check();
    } catch (const BackendError& error) {
        return error.what();
    }
    if (!store.is_empty()) {
        return {};
    }
    const std::vector<HeldId> messages = awaited(catalog, quarantine);
    const auto sample = std::span(messages).first(std::min(messages.size(), kSample));
    // Where the quarantine has got another folder they are in the one before. What another node holds at this
    // moment has its file before its row.
    const bool is_elsewhere = std::ranges::any_of(sample, [&](const HeldId& id) {
        return std::ranges::any_of(
            settings.stores, [&](const auto& other) { return bytes_in(other.second, id).bytes != nullptr; });
    });
    if (messages.empty() || is_elsewhere) {
        return {};
    }
    return fmt::format(
        "{} is empty, but the catalog counts on {} in it: is its disk mounted? If they are in "
        "another folder, move them there; if they are gone for good, quarantinectl store check "
        "--repair marks them as lost",
        store.folder(), count_of(messages));
}

} // namespace qm
