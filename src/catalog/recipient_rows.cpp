#include "catalog/recipient_rows.h"

#include "catalog/held_rows.h"

namespace qm::catalog {

using sql::integer_of;
using sql::Kind;
using sql::text_of;

std::string for_update(const sql::Connection& database)
{
    return database.engine() == sql::Engine::sqlite ? "" : " FOR UPDATE";
}

std::optional<bool> lock_message(sql::Connection& database, const HeldId& message)
{
    const auto rows = database.query("SELECT gone FROM held_message WHERE id = :1" + for_update(database),
                                     {Kind::integer}, {message.str()});
    return rows.empty() ? std::nullopt : std::optional(integer_of(rows.front().front()) != 0);
}

std::vector<RecipientRow> lock_recipients(sql::Connection& database, const HeldId& message,
                                          const std::optional<std::string>& key)
{
    std::string statement = "SELECT position, address, state, reply, changed, outcome_unknown, claim"
                            " FROM held_recipient WHERE message = :1";
    sql::Row parameters{message.str()};
    if (key) {
        // As an expression it has no index: it is the message that leads.
        statement += " AND address_key || '' = :2";
        parameters.emplace_back(column_key(*key));
    }
    std::vector<RecipientRow> rows;
    for (const sql::Row& row : database.query(
             statement + " ORDER BY position" + for_update(database),
             {Kind::integer, Kind::text, Kind::text, Kind::text, Kind::integer, Kind::integer, Kind::integer},
             parameters)) {
        rows.push_back({.position = integer_of(row.at(0)),
                        .recipient = {.address = text_of(row.at(1)),
                                      .state = state_from(text_of(row.at(2))),
                                      .reply = text_of(row.at(3)),
                                      .changed = from_column(integer_of(row.at(4))),
                                      .outcome_unknown = integer_of(row.at(5)) != 0},
                        .claim = integer_of(row.at(6))});
    }
    return rows;
}

void write_row(sql::Connection& database, const HeldId& message, const RecipientRow& row)
{
    database.execute("UPDATE held_recipient SET state = :1, reply = :2, changed = :3, outcome_unknown = :4,"
                     " claim = :5 WHERE message = :6 AND position = :7",
                     {std::string(to_string(row.recipient.state)), row.recipient.reply,
                      to_column(row.recipient.changed), std::int64_t{row.recipient.outcome_unknown ? 1 : 0},
                      row.claim, message.str(), row.position});
}

} // namespace qm::catalog
