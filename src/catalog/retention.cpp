#include "catalog/retention.h"

#include <limits>
#include <set>

#include <fmt/format.h>

#include "catalog/finding.h"
#include "catalog/held_rows.h"
#include "catalog/recipient_rows.h"
#include "catalog/schema.h"

namespace qm::catalog {
namespace {

using sql::integer_of;
using sql::Kind;
using sql::text_of;

constexpr std::chrono::milliseconds kReadPatience{4000};

/// Messages received before a moment; without one, all.
struct Before {
    explicit Before(std::optional<Time> before)
        : below(before ? lowest_id(std::chrono::ceil<std::chrono::milliseconds>(*before))
                       : std::string(kAboveIds)),
          received(before ? to_column(*before) : std::numeric_limits<std::int64_t>::max())
    {
    }
    std::string below;     ///< all of them have ids below this one
    std::int64_t received; ///< exactly
};

/// Few: a release takes seconds.
std::set<std::string> messages_being_released(sql::Connection& database)
{
    std::set<std::string> messages;
    for (const sql::Row& row :
         database.query("SELECT message FROM held_recipient WHERE state = 'releasing'", {Kind::text})) {
        messages.insert(text_of(row.at(0)));
    }
    return messages;
}

/// The message named by the expression `id` has a notice that is due, made at `since` or later.
std::string is_untold(const sql::Connection& database, std::string_view id, std::string_view since)
{
    return fmt::format(
        "EXISTS (SELECT 1 FROM notice{} WHERE message = {} AND state = 'due' AND created >= {})",
        through_index(database, "notice_message"), id, since);
}

} // namespace

Retention::Retention(Catalog& catalog, Time untold_since) : catalog_(catalog), untold_since_(untold_since) {}

std::vector<Old> Retention::oldest(std::string_view quarantine, std::optional<Time> before,
                                   const HeldId& behind, std::size_t limit)
{
    const Before bound(before);
    const auto lease = catalog_.readers().lease(kReadPatience);
    std::vector<Old> oldest;
    for (const sql::Row& row :
         lease->query("SELECT m.id, m.size, m.stored, m.gone, CASE WHEN " + is_untold(*lease, "m.id", ":7") +
                          " THEN 1 ELSE 0 END FROM held_message m WHERE m.quarantine = :1"
                          " AND m.id > :2 AND m.id < :3 AND m.received < :4 AND m.gone <> :6 AND NOT EXISTS"
                          " (SELECT 1 FROM held_recipient r WHERE r.state = 'releasing' AND r.quarantine = :1"
                          " AND r.message = m.id) ORDER BY m.id LIMIT :5",
                      {Kind::text, Kind::integer, Kind::integer, Kind::integer, Kind::integer},
                      {std::string(quarantine), behind.str(), bound.below, bound.received,
                       static_cast<std::int64_t>(limit), kClosed, to_column(untold_since_)})) {
        oldest.push_back({.id = HeldId::parse(text_of(row.at(0))),
                          .size = static_cast<std::uint64_t>(integer_of(row.at(1))),
                          .has_bytes = integer_of(row.at(2)) != 0 && integer_of(row.at(3)) == kThere,
                          .untold = integer_of(row.at(4)) != 0});
    }
    return oldest;
}

Retention::Amount Retention::amount(std::string_view quarantine, std::optional<Time> before)
{
    const Before bound(before);
    const auto lease = catalog_.readers().lease(kReadPatience);
    const auto rows = lease->query(
        "SELECT count(*), CAST(sum(CASE WHEN stored = 1 AND gone = 0 THEN size ELSE 0 END) AS BIGINT)"
        " FROM held_message WHERE quarantine = :1 AND id < :2 AND received < :3 AND gone <> :4",
        {Kind::integer, Kind::integer}, {std::string(quarantine), bound.below, bound.received, kClosed});
    return {.messages = integer_of(rows.at(0).at(0)),
            .bytes = static_cast<std::uint64_t>(integer_of(rows.at(0).at(1)))};
}

std::vector<HeldId> Retention::closed(std::string_view quarantine, const HeldId& behind, std::size_t limit)
{
    const auto lease = catalog_.readers().lease(kReadPatience);
    std::vector<HeldId> closed;
    for (const sql::Row& row :
         lease->query("SELECT id FROM held_message WHERE quarantine = :1 AND id > :2"
                      " AND gone = :3 ORDER BY id LIMIT :4",
                      {Kind::text},
                      {std::string(quarantine), behind.str(), kClosed, static_cast<std::int64_t>(limit)})) {
        closed.push_back(HeldId::parse(text_of(row.at(0))));
    }
    return closed;
}

std::vector<HeldId> Retention::close(const std::vector<Old>& batch)
{
    std::vector<HeldId> closed;
    catalog_.writer().run([&](sql::Connection& database) {
        closed.clear();
        std::vector<HeldId> on_record;
        for (const Old& old : batch) {
            if (lock_message(database, old.id)) {
                on_record.push_back(old.id);
            }
        }
        const std::set<std::string> releasing = messages_being_released(database);
        for (const HeldId& id : on_record) {
            // Without its bytes nobody can begin to release it, and no row of a recipient is touched.
            if (!releasing.contains(id.str()) &&
                database.execute("UPDATE held_message SET gone = :2 WHERE id = :1 AND NOT " +
                                     is_untold(database, ":1", ":3"),
                                 {id.str(), kClosed, to_column(untold_since_)}) == 1) {
                closed.push_back(id);
            }
        }
    });
    return closed;
}

void Retention::forget(const std::vector<HeldId>& batch)
{
    catalog_.writer().run([&](sql::Connection& database) {
        for (const HeldId& id : batch) {
            database.execute("DELETE FROM held_message WHERE id = :1", {id.str()});
        }
    });
}

std::vector<std::string> Retention::quarantines()
{
    const auto lease = catalog_.readers().lease(kReadPatience);
    return quarantines_on_record(*lease);
}

} // namespace qm::catalog
