#include "catalog/outbox.h"

#include <fmt/format.h>

#include "catalog/held_rows.h"
#include "catalog/schema.h"
#include "mail/address.h"

namespace qm::catalog {
namespace {

using sql::integer_of;
using sql::Kind;
using sql::text_of;

constexpr std::chrono::milliseconds kReadPatience{4000};

} // namespace

Outbox::Outbox(Catalog& catalog, std::string claimant) : catalog_(catalog), claimant_(std::move(claimant)) {}

std::int64_t Outbox::release_claims()
{
    std::int64_t released = 0;
    catalog_.writer().run([&](sql::Connection& database) {
        released = database.execute(
            "UPDATE notice SET claimed_by = '', claimed_until = 0 WHERE state = 'due' AND claimed_until > 0");
    });
    return released;
}

std::vector<DueNotice> Outbox::claim(std::size_t limit, std::chrono::seconds lease)
{
    const std::int64_t now = to_column(catalog_.clock().now());
    const std::string skip_locked =
        catalog_.file().empty() ? " FOR UPDATE SKIP LOCKED" : ""; // SQLite has one writer at a time anyway
    std::vector<DueNotice> claimed;
    catalog_.writer().run([&](sql::Connection& database) {
        claimed.clear();
        const auto rows = database.query(
            "SELECT number, message, recipient, send_to, created, attempts, sending FROM notice"
            " WHERE state = 'due' AND next_attempt <= :1 AND claimed_until <= :2"
            " ORDER BY next_attempt, number LIMIT :3" +
                skip_locked,
            {Kind::integer, Kind::text, Kind::text, Kind::text, Kind::integer, Kind::integer, Kind::integer},
            {now, now, static_cast<std::int64_t>(limit)});
        for (const sql::Row& row : rows) {
            claimed.push_back({.number = integer_of(row.at(0)),
                               .message = HeldId::parse(text_of(row.at(1))),
                               .recipient = text_of(row.at(2)),
                               .send_to = text_of(row.at(3)),
                               .created = from_column(integer_of(row.at(4))),
                               .attempts = integer_of(row.at(5)),
                               .maybe_sent = integer_of(row.at(6)) != 0});
            database.execute(
                "UPDATE notice SET claimed_by = :1, claimed_until = :2 WHERE number = :3",
                {claimant_, now + std::chrono::microseconds(lease).count(), claimed.back().number});
        }
    });
    return claimed;
}

bool Outbox::announce(const DueNotice& notice, const ComposedNotice& composed, Time own_until,
                      std::chrono::seconds lease)
{
    const std::string key = mail::key(composed.recipient);
    bool is_ours = false;
    catalog_.writer().run([&](sql::Connection& database) {
        const Time now = catalog_.clock().now();
        is_ours = database.execute(
                      "UPDATE notice SET attempts = :1, message_id = :2, sending = 1, claimed_until = :3"
                      " WHERE number = :4 AND state = 'due' AND claimed_by = :5 AND claimed_until > :6",
                      {notice.attempts + 1, composed.message_id, to_column(now + lease), notice.number,
                       claimant_, to_column(now)}) == 1;
        if (!is_ours) {
            return;
        }
        const std::int64_t changed =
            database.execute("UPDATE own_mail SET until = :1 WHERE digest = :2 AND recipient_key = :3",
                             {to_column(own_until), composed.digest, key});
        if (changed == 0) {
            database.execute(
                "INSERT INTO own_mail (digest, recipient_key, kind, until) VALUES (:1, :2, 'notice', :3)",
                {composed.digest, key, to_column(own_until)});
        }
    });
    return is_ours;
}

void Outbox::settle(const DueNotice& notice, std::string_view state, std::string_view reply, bool only_ours)
{
    std::string statement = "UPDATE notice SET state = :1, reply = :2, claimed_by = '', claimed_until = 0,"
                            " sending = 0 WHERE number = :3 AND state = 'due'";
    sql::Row parameters{std::string(state), std::string(reply), notice.number};
    if (only_ours) {
        statement += " AND claimed_by = :4";
        parameters.emplace_back(claimant_);
    }
    catalog_.writer().run([&](sql::Connection& database) { database.execute(statement, parameters); });
}

void Outbox::sent(const DueNotice& notice, std::string_view reply)
{
    settle(notice, "sent", reply, false); // true whoever has it now: nobody needs to send it
}

void Outbox::refused(const DueNotice& notice, std::string_view reply)
{
    settle(notice, "refused", reply, true);
}

void Outbox::expired(const DueNotice& notice, std::string_view reply)
{
    settle(notice, "expired", reply, true);
}

void Outbox::try_again(const DueNotice& notice, std::string_view reply, Time when)
{
    catalog_.writer().run([&](sql::Connection& database) {
        database.execute(
            "UPDATE notice SET attempts = :1, reply = :2, next_attempt = :3, claimed_by = '',"
            " claimed_until = 0, sending = 0 WHERE number = :4 AND state = 'due'"
            " AND claimed_by = :5",
            {notice.attempts + 1, std::string(reply), to_column(when), notice.number, claimant_});
    });
}

void Outbox::let_go(const DueNotice& notice)
{
    catalog_.writer().run([&](sql::Connection& database) {
        database.execute("UPDATE notice SET claimed_by = '', claimed_until = 0"
                         " WHERE number = :1 AND claimed_by = :2",
                         {notice.number, claimant_});
    });
}

bool Outbox::has_open_notices(const HeldId& message)
{
    const auto lease = catalog_.readers().lease(kReadPatience);
    const auto rows = lease->query("SELECT count(*) FROM notice" + through_index(*lease, "notice_message") +
                                       " WHERE message = :1 AND state = 'due'",
                                   {Kind::integer}, {message.str()});
    return integer_of(rows.at(0).at(0)) > 0;
}

OutboxState Outbox::state()
{
    OutboxState state;
    const auto lease = catalog_.readers().lease(kReadPatience);
    const auto due =
        lease->query("SELECT count(*), coalesce(min(created), 0) FROM notice WHERE state = 'due'",
                     {Kind::integer, Kind::integer});
    state.due = integer_of(due.at(0).at(0));
    state.oldest_due = from_column(integer_of(due.at(0).at(1)));
    std::string waiting;
    for (const RecipientState each : recipient_states()) {
        if (is_waiting(each)) {
            waiting += fmt::format("{}'{}'", waiting.empty() ? "" : ", ", to_string(each));
        }
    }
    for (const sql::Row& row :
         lease->query(fmt::format("SELECT n.state, count(*) FROM notice n{} WHERE {} AND EXISTS (SELECT 1"
                                  " FROM held_recipient r WHERE r.message = n.message"
                                  " AND r.address = n.recipient AND r.state IN ({})) GROUP BY n.state",
                                  through_index(*lease, "notice_state"), unsent_notice(*lease, "n"), waiting),
                      {Kind::text, Kind::integer})) {
        (text_of(row.at(0)) == "refused" ? state.refused : state.expired) = integer_of(row.at(1));
    }
    return state;
}

std::int64_t Outbox::forget_old_own_mail()
{
    std::int64_t forgotten = 0;
    const std::int64_t now = to_column(catalog_.clock().now());
    catalog_.writer().run([&](sql::Connection& database) {
        forgotten = database.execute("DELETE FROM own_mail WHERE until < :1", {now});
    });
    return forgotten;
}

} // namespace qm::catalog
