#include "catalog/held_rows.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/sha256.h"
#include "base/text.h"
#include "catalog/schema.h"
#include "mail/address.h"
#include "quarantine/error.h"
#include "sql/insert.h"

namespace qm::catalog {
namespace {

using sql::integer_of;
using sql::Kind;
using sql::text_of;

/// Ids of one list in a statement.
constexpr std::size_t kListed = 50;

std::string to_json(const MatchGroups& groups)
{
    nlohmann::json list = nlohmann::json::array();
    for (const auto& [name, text] : groups) {
        list.push_back({name, text});
    }
    return list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

MatchGroups groups_from_json(const std::string& text)
{
    MatchGroups groups;
    const auto list = nlohmann::json::parse(text, nullptr, false);
    if (list.is_array()) {
        for (const auto& pair : list) {
            if (pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_string()) {
                groups.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
            }
        }
    }
    return groups;
}

HeldMail mail_of(const sql::Row& row)
{
    HeldMail mail;
    mail.id = HeldId::parse(text_of(row.at(0)));
    mail.quarantine = text_of(row.at(1));
    mail.received = from_column(integer_of(row.at(2)));
    mail.envelope.sender = text_of(row.at(3));
    mail.envelope.queue_id = text_of(row.at(4));
    mail.envelope.client = {
        .address = text_of(row.at(5)), .name = text_of(row.at(6)), .user = text_of(row.at(7))};
    mail.subject = text_of(row.at(8));
    mail.header_from = text_of(row.at(9));
    mail.header_date = text_of(row.at(10));
    mail.why = text_of(row.at(11));
    mail.groups = groups_from_json(text_of(row.at(12)));
    mail.size = static_cast<std::uint64_t>(integer_of(row.at(13)));
    mail.digest = text_of(row.at(14));
    mail.action = text_of(row.at(15));
    mail.notes = text_of(row.at(16));
    mail.stored = integer_of(row.at(17)) != 0;
    mail.gone = mail.stored && integer_of(row.at(18)) != 0;
    return mail;
}

HeldRecipient recipient_of(const sql::Row& row)
{
    return {.address = text_of(row.at(1)),
            .state = state_from(text_of(row.at(2))),
            .reply = text_of(row.at(3)),
            .changed = from_column(integer_of(row.at(4))),
            .outcome_unknown = integer_of(row.at(5)) != 0};
}

constexpr std::string_view kIntoNotice =
    "INSERT INTO notice (message, recipient, send_to, state, attempts, created, next_attempt, claimed_by,"
    " claimed_until, message_id, reply)";

sql::Row notice_row(const HeldId& message, const NewNotice& notice, Time now)
{
    constexpr std::int64_t kNone = 0;
    return {message.str(), notice.recipient, notice.send_to, std::string("due"),
            kNone,         to_column(now),   to_column(now), std::string(),
            kNone,         std::string(),    std::string()};
}

/// "(:1, :2, ...)"
std::string id_list()
{
    std::string list = "(:1";
    for (std::size_t i = 2; i <= kListed; ++i) {
        list += fmt::format(", :{}", i);
    }
    return list + ")";
}

} // namespace

RecipientState state_from(std::string_view word)
{
    for (const RecipientState state : recipient_states()) {
        if (to_string(state) == word) {
            return state;
        }
    }
    throw BackendError(fmt::format("catalog: unknown recipient state '{}'", text::printable(word, 40)));
}

std::string column_key(std::string key)
{
    constexpr std::size_t kMost = 700; // three of them and what else is in an index: less than 2 700 bytes
    constexpr std::size_t kBeginning = 600;
    if (key.size() <= kMost) {
        return key;
    }
    Sha256 digest;
    digest.update(key);
    // Capitals: a mail::key has none, so nobody's address is another one's digest.
    return fmt::format("{}#SHA256:{}", text::cut_utf8(key, kBeginning), digest.finish());
}

AddressKey::AddressKey(std::string_view address)
{
    std::string whole = mail::key(address);
    domain = column_key(std::string(mail::domain(whole)));
    key = column_key(std::move(whole));
}

void insert_message(sql::Connection& database, const HeldMail& mail)
{
    database.execute(
        "INSERT INTO held_message (id, quarantine, received, sender, queue_id, client_address,"
        " client_name, client_user, subject, header_from, header_date, why, match_groups, size, digest,"
        " action, notes, stored, gone)"
        " VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, :11, :12, :13, :14, :15, :16, :17, :18, :19)",
        {mail.id.str(), mail.quarantine, to_column(mail.received), mail.envelope.sender,
         mail.envelope.queue_id, mail.envelope.client.address, mail.envelope.client.name,
         mail.envelope.client.user, mail.subject, mail.header_from, mail.header_date, mail.why,
         to_json(mail.groups), static_cast<std::int64_t>(mail.size), mail.digest, mail.action, mail.notes,
         std::int64_t{mail.stored ? 1 : 0}, std::int64_t{mail.gone ? 1 : 0}});
}

void insert_recipients(sql::Connection& database, const HeldMail& mail, std::int64_t position,
                       std::span<const HeldRecipient> recipients)
{
    const AddressKey sender(sql::as_stored(database.engine(), mail.envelope.sender));
    std::vector<sql::Row> rows;
    rows.reserve(recipients.size());
    for (const HeldRecipient& recipient : recipients) {
        AddressKey address(sql::as_stored(database.engine(), recipient.address));
        const Time changed = recipient.changed == Time{} ? mail.received : recipient.changed;
        rows.push_back({mail.id.str(), position++, recipient.address, std::move(address.key),
                        std::move(address.domain), std::string(to_string(recipient.state)), recipient.reply,
                        to_column(changed), std::int64_t{recipient.outcome_unknown ? 1 : 0}, std::int64_t{0},
                        mail.quarantine, sender.key, sender.domain});
    }
    sql::insert_rows(database,
                     "INSERT INTO held_recipient (message, position, address, address_key, address_domain,"
                     " state, reply, changed, outcome_unknown, claim, quarantine, sender_key, sender_domain)",
                     rows);
}

void insert_notices(sql::Connection& database, const HeldId& message, std::span<const NewNotice> notices,
                    Time now)
{
    std::vector<sql::Row> rows;
    rows.reserve(notices.size());
    for (const NewNotice& notice : notices) {
        rows.push_back(notice_row(message, notice, now));
    }
    sql::insert_rows(database, std::string(kIntoNotice), rows);
}

std::int64_t insert_notice(sql::Connection& database, const HeldId& message, const NewNotice& notice,
                           Time now)
{
    const auto rows = database.query(
        std::string(kIntoNotice) + " VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, :11) RETURNING number",
        {Kind::integer}, notice_row(message, notice, now));
    return integer_of(rows.at(0).at(0));
}

void expire_notices(sql::Connection& database, const HeldId& message, std::string_view recipient,
                    std::string_view reason)
{
    const std::string which = recipient.empty() ? "" : " AND recipient = :3";
    sql::Row parameters{std::string(reason), message.str()};
    if (!recipient.empty()) {
        parameters.emplace_back(std::string(recipient));
    }
    database.execute("UPDATE notice" + through_index(database, "notice_message") +
                         " SET state = 'expired', reply = :1, claimed_by = '', claimed_until = 0"
                         " WHERE message = :2 AND state = 'due'" +
                         which,
                     parameters);
}

std::string unsent_notice(const sql::Connection& database, std::string_view name)
{
    return fmt::format("{0}.state IN ('refused', 'expired') AND NOT EXISTS (SELECT 1 FROM notice later{1}"
                       " WHERE later.message = {0}.message AND later.recipient = {0}.recipient"
                       " AND later.send_to = {0}.send_to AND later.number > {0}.number)",
                       name, through_index(database, "notice_message"));
}

std::vector<sql::Row> query_ids(sql::Connection& database, const std::string& statement,
                                const std::vector<sql::Kind>& columns, std::span<const HeldId> ids)
{
    static const std::string kList = id_list();
    static constexpr std::string_view kMark = "{ids}";
    std::string text = statement;
    text.replace(text.find(kMark), kMark.size(), kList);
    std::vector<sql::Row> rows;
    for (std::size_t begin = 0; begin < ids.size(); begin += kListed) {
        // Filled up with what no message is called, so that one prepared statement serves every list.
        sql::Row list(kListed, std::string());
        const auto part = ids.subspan(begin, std::min(kListed, ids.size() - begin));
        std::ranges::transform(part, list.begin(), [](const HeldId& id) { return id.str(); });
        std::ranges::move(database.query(text, columns, list), std::back_inserter(rows));
    }
    return rows;
}

std::vector<HeldMail> load_mails(sql::Connection& database, std::span<const HeldId> ids)
{
    std::map<std::string, HeldMail> found;
    for (const sql::Row& row :
         query_ids(database,
                   "SELECT id, quarantine, received, sender, queue_id, client_address, client_name,"
                   " client_user, subject, header_from, header_date, why, match_groups, size, digest, action,"
                   " notes, stored, gone FROM held_message WHERE id IN {ids}",
                   {Kind::text, Kind::text, Kind::integer, Kind::text, Kind::text, Kind::text, Kind::text,
                    Kind::text, Kind::text, Kind::text, Kind::text, Kind::text, Kind::text, Kind::integer,
                    Kind::text, Kind::text, Kind::text, Kind::integer, Kind::integer},
                   ids)) {
        found.emplace(text_of(row.at(0)), mail_of(row));
    }
    for (const sql::Row& row :
         query_ids(database,
                   "SELECT message, address, state, reply, changed, outcome_unknown FROM held_recipient"
                   " WHERE message IN {ids} ORDER BY message, position",
                   {Kind::text, Kind::text, Kind::text, Kind::text, Kind::integer, Kind::integer}, ids)) {
        // One that was recorded between the two questions is none of ours.
        if (const auto mail = found.find(text_of(row.at(0))); mail != found.end()) {
            mail->second.recipients.push_back(recipient_of(row));
        }
    }
    std::vector<HeldMail> mails;
    for (const HeldId& id : ids) {
        if (auto mail = found.extract(id.str())) {
            mails.push_back(std::move(mail.mapped()));
        }
    }
    return mails;
}

} // namespace qm::catalog
