#include "catalog/search.h"

#include <algorithm>

#include "catalog/finding.h"
#include "catalog/held_rows.h"

namespace qm::catalog {
namespace {

using sql::integer_of;
using sql::Kind;
using sql::text_of;

constexpr std::chrono::milliseconds kReadPatience{4000};
constexpr std::size_t kMaxFound = 1000;

std::vector<HeldId> ids_of(const std::vector<sql::Row>& rows)
{
    std::vector<HeldId> ids;
    std::ranges::transform(rows, std::back_inserter(ids),
                           [](const sql::Row& row) { return HeldId::parse(text_of(row.at(0))); });
    return ids;
}

} // namespace

Search::Search(Catalog& catalog) : catalog_(catalog) {}

std::vector<HeldMail> Search::find(const HeldFilter& filter)
{
    const auto lease = catalog_.readers().lease(kReadPatience);
    const std::size_t limit = std::clamp<std::size_t>(filter.limit, 1, kMaxFound);
    Finding finding(*lease, filter);
    std::vector<HeldMail> found;
    while (found.size() < limit) {
        const std::vector<HeldId> ids = finding.next(limit - found.size());
        if (ids.empty()) {
            break;
        }
        for (HeldMail& mail : load_mails(*lease, ids)) {
            // An id knows milliseconds only.
            if ((!filter.since || mail.received >= *filter.since) &&
                (!filter.until || mail.received < *filter.until)) {
                found.push_back(std::move(mail));
            }
        }
    }
    return found;
}

std::vector<HeldId> Search::ids_like(std::string_view prefix, std::size_t limit)
{
    // Filled up with its lowest and its highest character it is an id, or it begins none.
    std::string lowest(prefix.substr(0, HeldId::kLength + 1));
    std::string highest = lowest;
    lowest.resize(std::max(lowest.size(), HeldId::kLength), '0');
    highest.resize(std::max(highest.size(), HeldId::kLength), 'z');
    if (prefix.empty()) {
        highest.front() = '7';
    }
    if (HeldId::parse(lowest).empty() || HeldId::parse(highest).empty()) {
        return {};
    }
    const auto lease = catalog_.readers().lease(kReadPatience);
    return ids_of(lease->query("SELECT id FROM held_message WHERE id >= :1 AND id <= :2 ORDER BY id LIMIT :3",
                               {Kind::text}, {lowest, highest, static_cast<std::int64_t>(limit)}));
}

std::vector<NoticeRecord> Search::notices_of(const HeldId& id)
{
    const auto lease = catalog_.readers().lease(kReadPatience);
    std::vector<NoticeRecord> notices;
    for (const sql::Row& row :
         lease->query("SELECT number, recipient, send_to, state, attempts, created, next_attempt, message_id,"
                      " reply FROM notice WHERE message = :1 ORDER BY number",
                      {Kind::integer, Kind::text, Kind::text, Kind::text, Kind::integer, Kind::integer,
                       Kind::integer, Kind::text, Kind::text},
                      {id.str()})) {
        notices.push_back({.number = integer_of(row.at(0)),
                           .recipient = text_of(row.at(1)),
                           .send_to = text_of(row.at(2)),
                           .state = text_of(row.at(3)),
                           .attempts = integer_of(row.at(4)),
                           .created = from_column(integer_of(row.at(5))),
                           .next_attempt = from_column(integer_of(row.at(6))),
                           .message_id = text_of(row.at(7)),
                           .reply = text_of(row.at(8))});
    }
    return notices;
}

std::vector<StateCount> Search::count_states()
{
    const auto lease = catalog_.readers().lease(kReadPatience);
    std::vector<StateCount> counts;
    for (const sql::Row& row : lease->query("SELECT quarantine, state, count(*) FROM held_recipient"
                                            " GROUP BY state, quarantine ORDER BY quarantine, state",
                                            {Kind::text, Kind::text, Kind::integer})) {
        counts.push_back({.quarantine = text_of(row.at(0)),
                          .state = state_from(text_of(row.at(1))),
                          .recipients = integer_of(row.at(2))});
    }
    return counts;
}

std::vector<QuarantineSize> Search::sizes()
{
    const auto lease = catalog_.readers().lease(kReadPatience);
    std::vector<QuarantineSize> sizes;
    for (const sql::Row& row : lease->query(
             "SELECT quarantine, count(*), CAST(sum(size) AS BIGINT), min(received) FROM held_message"
             " WHERE stored = 1 AND gone = 0 GROUP BY quarantine ORDER BY quarantine",
             {Kind::text, Kind::integer, Kind::integer, Kind::integer})) {
        sizes.push_back({.quarantine = text_of(row.at(0)),
                         .messages = integer_of(row.at(1)),
                         .bytes = static_cast<std::uint64_t>(integer_of(row.at(2))),
                         .oldest = from_column(integer_of(row.at(3)))});
    }
    return sizes;
}

std::vector<HeldId> Search::stored_ids(std::string_view quarantine, const HeldId& behind, std::size_t limit)
{
    const auto lease = catalog_.readers().lease(kReadPatience);
    return ids_of(lease->query("SELECT id FROM held_message WHERE quarantine = :1 AND id > :2 AND stored = 1"
                               " AND gone = 0 ORDER BY id LIMIT :3",
                               {Kind::text},
                               {std::string(quarantine), behind.str(), static_cast<std::int64_t>(limit)}));
}

HeldId Search::newest()
{
    const auto lease = catalog_.readers().lease(kReadPatience);
    const auto rows = lease->query("SELECT max(id) FROM held_message", {Kind::text});
    return HeldId::parse(text_of(rows.at(0).at(0)));
}

std::vector<HeldId> Search::known(const std::vector<HeldId>& ids)
{
    const auto lease = catalog_.readers().lease(kReadPatience);
    return ids_of(query_ids(*lease, "SELECT id FROM held_message WHERE id IN {ids}", {Kind::text}, ids));
}

std::vector<HeldId> Search::useless(const std::vector<HeldId>& ids)
{
    const auto lease = catalog_.readers().lease(kReadPatience);
    return ids_of(query_ids(*lease,
                            "SELECT id FROM held_message WHERE id IN {ids} AND (gone = 1 OR NOT EXISTS"
                            " (SELECT 1 FROM held_recipient WHERE message = id AND state <> 'deleted'))",
                            {Kind::text}, ids));
}

} // namespace qm::catalog
