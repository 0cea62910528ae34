#include "catalog/catalog.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <unordered_set>

#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "catalog/schema.h"
#include "mail/address.h"
#include "quarantine/error.h"

namespace qm::catalog {
namespace {

using sql::integer_of;
using sql::Kind;
using sql::text_of;

constexpr std::size_t kReaders = 4;
constexpr std::chrono::milliseconds kReadPatience{4000};

/// A catalog is created once, by open(): one that is missing later was taken away by somebody, and a fresh
/// empty one in its place would forget what is held.
sql::ConnectOptions write_options(bool create)
{
    sql::ConnectOptions options;
    options.durable = true;
    options.create = create;
    return options;
}

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

RecipientState state_from(std::string_view text)
{
    for (const RecipientState state :
         {RecipientState::held, RecipientState::copied, RecipientState::mta_hold, RecipientState::releasing,
          RecipientState::released, RecipientState::failed, RecipientState::deleted}) {
        if (to_string(state) == text) {
            return state;
        }
    }
    throw BackendError(fmt::format("catalog: unknown recipient state '{}'", text::printable(text, 40)));
}

/// Bounce tags and forwarders write another envelope sender at every attempt (BATV, SRS): it is the address
/// behind that counts.
std::string sender_key(const std::string& sender)
{
    const std::string unwrapped = mail::unwrapped_sender(sender);
    return mail::key(unwrapped.empty() ? sender : unwrapped);
}

/// Earlier offers of a message: under which id, in which state, by address key.
struct Earlier {
    struct Place {
        HeldId id;
        bool bytes_awaited = false;
    };
    std::map<std::string, Place, std::less<>> places;
};

/// Only offers that ended in the same way count: a mail that was delivered while its quarantine only observed
/// is not held yet, and one of which no bytes were kept is not kept yet.
Earlier earlier_offers(sql::Connection& database, const HeldMail& mail, Time since)
{
    Earlier earlier;
    const std::string sender = sender_key(mail.envelope.sender);
    const auto rows = database.query(
        "SELECT m.id, r.address_key, r.state, m.sender FROM held_message m JOIN held_recipient r"
        " ON r.message = m.id WHERE m.digest = :1 AND m.quarantine = :2 AND m.action = :3"
        " AND m.stored = :4 AND m.received >= :5 ORDER BY m.received",
        {Kind::text, Kind::text, Kind::text, Kind::text},
        {mail.digest, mail.quarantine, mail.action, std::int64_t{mail.stored ? 1 : 0}, to_column(since)});
    for (const sql::Row& row : rows) {
        if (sender_key(text_of(row.at(3))) != sender) {
            continue;
        }
        const RecipientState state = state_from(text_of(row.at(2)));
        const bool over = state == RecipientState::released || state == RecipientState::deleted;
        earlier.places[text_of(row.at(1))] = {.id = HeldId::parse(text_of(row.at(0))),
                                              .bytes_awaited = mail.stored && !over};
    }
    return earlier;
}

void insert_message(sql::Connection& database, const HeldMail& mail)
{
    database.execute(
        "INSERT INTO held_message (id, quarantine, received, sender, queue_id, client_address,"
        " client_name, client_user, subject, header_from, header_date, why, match_groups, size, digest,"
        " action, notes, stored)"
        " VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, :11, :12, :13, :14, :15, :16, :17, :18)",
        {mail.id.str(), mail.quarantine, to_column(mail.received), mail.envelope.sender,
         mail.envelope.queue_id, mail.envelope.client.address, mail.envelope.client.name,
         mail.envelope.client.user, mail.subject, mail.header_from, mail.header_date, mail.why,
         to_json(mail.groups), static_cast<std::int64_t>(mail.size), mail.digest, mail.action, mail.notes,
         std::int64_t{mail.stored ? 1 : 0}});
}

void insert_recipients(sql::Connection& database, const HeldMail& mail, const Earlier& earlier,
                       Recorded& recorded)
{
    std::int64_t position = 0;
    for (const HeldRecipient& recipient : mail.recipients) {
        const std::string key = mail::key(recipient.address);
        if (earlier.places.contains(key)) {
            continue;
        }
        database.execute(
            "INSERT INTO held_recipient (message, position, address, address_key, state, reply, changed)"
            " VALUES (:1, :2, :3, :4, :5, :6, :7)",
            {mail.id.str(), position++, recipient.address, key, std::string(to_string(recipient.state)),
             recipient.reply, to_column(mail.received)});
        recorded.fresh.push_back(recipient.address);
    }
}

void insert_notices(sql::Connection& database, const NewMail& mail, const Recorded& recorded)
{
    const std::unordered_set<std::string> fresh(recorded.fresh.begin(), recorded.fresh.end());
    for (const std::string& recipient : mail.tell) {
        if (!fresh.contains(recipient)) {
            continue;
        }
        database.execute(
            "INSERT INTO notice (message, recipient, state, attempts, created, next_attempt, claimed_by,"
            " claimed_until, message_id, reply) VALUES (:1, :2, 'due', 0, :3, :3, '', 0, '', '')",
            {mail.mail.id.str(), recipient, to_column(mail.mail.received)});
    }
}

Recorded record_one(sql::Connection& database, const NewMail& offered, Time known_since)
{
    const HeldMail& mail = offered.mail;
    const Earlier earlier = earlier_offers(database, mail, known_since);
    Recorded recorded{.id = mail.id, .known = !mail.recipients.empty(), .fresh = {}, .bytes_awaited = false};
    for (const HeldRecipient& recipient : mail.recipients) {
        const auto place = earlier.places.find(mail::key(recipient.address));
        if (place == earlier.places.end()) {
            recorded.known = false;
            break;
        }
        recorded.id = place->second.id;
        recorded.bytes_awaited = recorded.bytes_awaited || place->second.bytes_awaited;
    }
    if (recorded.known) {
        return recorded;
    }
    recorded = {.id = mail.id, .known = false, .fresh = {}, .bytes_awaited = false};
    insert_message(database, mail);
    insert_recipients(database, mail, earlier, recorded);
    insert_notices(database, offered, recorded);
    return recorded;
}

} // namespace

std::int64_t to_column(Time time)
{
    return time.time_since_epoch().count();
}

Time from_column(std::int64_t value)
{
    return Time(std::chrono::microseconds(value));
}

Catalog::Catalog(const std::string& url, const std::string& folder, const Clock& clock)
    : target_(sql::parse_target(url, folder)), clock_(clock)
{
    if (target_.engine == sql::Engine::mysql) {
        throw ConfigError("the catalog runs on sqlite:////absolute/path or postgresql://..., not on MySQL");
    }
    writer_ = std::make_unique<Writer>(target_, write_options(false));
    readers_ = std::make_unique<sql::Pool>(target_, sql::ConnectOptions{}, kReaders);
}

Catalog::~Catalog() = default;

void Catalog::open()
{
    sql::Connection connection(target_, write_options(true));
    migrate(connection);
}

void Catalog::check()
{
    if (target_.engine == sql::Engine::sqlite && access(target_.path.c_str(), F_OK) != 0) {
        const std::string folder = std::filesystem::path(target_.path).parent_path().string();
        if (access(folder.c_str(), W_OK | X_OK) != 0) {
            throw BackendError(fmt::format("catalog {}: cannot be created: {}", shown(), error_text(errno)));
        }
        return;
    }
    sql::ConnectOptions options;
    options.read_only = true;
    sql::Connection connection(target_, options);
    check_version(connection);
}

std::vector<Recorded> Catalog::record(const std::vector<NewMail>& mails, Time known_since)
{
    std::vector<Recorded> recorded;
    writer_->run([&](sql::Connection& database) {
        recorded.clear();
        for (const NewMail& mail : mails) {
            recorded.push_back(record_one(database, mail, known_since));
        }
    });
    return recorded;
}

std::optional<HeldMail> Catalog::load(const HeldId& id)
{
    const auto lease = readers_->lease(kReadPatience);
    const auto rows = lease->query("SELECT quarantine, received, sender, queue_id, client_address, "
                                   "client_name, client_user, subject, header_from,"
                                   " header_date, why, match_groups, size, digest, action, notes, stored "
                                   "FROM held_message WHERE id = :1",
                                   {Kind::text, Kind::integer, Kind::text, Kind::text, Kind::text, Kind::text,
                                    Kind::text, Kind::text, Kind::text, Kind::text, Kind::text, Kind::text,
                                    Kind::integer, Kind::text, Kind::text, Kind::text, Kind::integer},
                                   {id.str()});
    if (rows.empty()) {
        return std::nullopt;
    }
    const sql::Row& row = rows.front();
    HeldMail mail;
    mail.id = id;
    mail.quarantine = text_of(row.at(0));
    mail.received = from_column(integer_of(row.at(1)));
    mail.envelope.sender = text_of(row.at(2));
    mail.envelope.queue_id = text_of(row.at(3));
    mail.envelope.client = {
        .address = text_of(row.at(4)), .name = text_of(row.at(5)), .user = text_of(row.at(6))};
    mail.subject = text_of(row.at(7));
    mail.header_from = text_of(row.at(8));
    mail.header_date = text_of(row.at(9));
    mail.why = text_of(row.at(10));
    mail.groups = groups_from_json(text_of(row.at(11)));
    mail.size = static_cast<std::uint64_t>(integer_of(row.at(12)));
    mail.digest = text_of(row.at(13));
    mail.action = text_of(row.at(14));
    mail.notes = text_of(row.at(15));
    mail.stored = integer_of(row.at(16)) != 0;
    for (const sql::Row& recipient :
         lease->query("SELECT address, state, reply FROM held_recipient WHERE message = :1 ORDER BY position",
                      {Kind::text, Kind::text, Kind::text}, {id.str()})) {
        mail.recipients.push_back({.address = text_of(recipient.at(0)),
                                   .state = state_from(text_of(recipient.at(1))),
                                   .reply = text_of(recipient.at(2))});
    }
    return mail;
}

void Catalog::forget(const HeldId& id)
{
    writer_->run([&](sql::Connection& database) {
        database.execute("DELETE FROM held_message WHERE id = :1", {id.str()});
    });
}

OwnMail Catalog::own_mail(std::string_view digest)
{
    OwnMail own;
    const auto lease = readers_->lease(kReadPatience);
    for (const sql::Row& row :
         lease->query("SELECT recipient_key, kind FROM own_mail WHERE digest = :1 AND until >= :2",
                      {Kind::text, Kind::text}, {std::string(digest), to_column(clock_.now())})) {
        own.recipients.insert(text_of(row.at(0)));
        own.is_notice = own.is_notice || text_of(row.at(1)) == "notice";
    }
    return own;
}

std::string Catalog::file() const
{
    return target_.engine == sql::Engine::sqlite ? target_.path : std::string();
}

std::string Catalog::shown() const
{
    return target_.shown();
}

} // namespace qm::catalog
