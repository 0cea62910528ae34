#include "catalog/catalog.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <unordered_set>

#include <unistd.h>

#include <fmt/format.h>

#include "base/file.h"
#include "catalog/held_rows.h"
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
/// One statement of a migration may go through every row.
constexpr std::chrono::hours kMigrationTime{1};

/// A catalog is created once, by open(): one that is missing later was taken away by somebody, and a fresh
/// empty one in its place would forget what is held.
sql::ConnectOptions write_options(bool create)
{
    sql::ConnectOptions options;
    options.durable = true;
    options.create = create;
    // Another process may write too, and its batch takes its time on a slow disk; but a mail waits for us.
    options.busy_timeout = options.statement_timeout;
    return options;
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
    bool is_itself = false; ///< the message is on record under its own id
};

/// For comparing with what the database says.
std::string stored_key(const sql::Connection& database, const std::string& address)
{
    return column_key(mail::key(sql::as_stored(database.engine(), address)));
}

/// Only offers that ended in the same way count: a mail that was delivered while its quarantine only observed
/// is not held yet, and one of which no bytes were kept is not kept yet.
Earlier earlier_offers(sql::Connection& database, const HeldMail& mail, Time since)
{
    Earlier earlier;
    const std::string sender = sender_key(sql::as_stored(database.engine(), mail.envelope.sender));
    const auto rows = database.query(
        "SELECT m.id, r.address_key, r.state, m.sender, m.gone, r.reply FROM held_message m" +
            through_index(database, "held_message_digest") +
            " JOIN held_recipient r ON r.message = m.id WHERE m.digest = :1 AND m.quarantine = :2"
            " AND ((m.action = :3 AND m.stored = :4 AND m.received >= :5) OR m.id = :6) ORDER BY m.received",
        {Kind::text, Kind::text, Kind::text, Kind::text, Kind::integer, Kind::text},
        {mail.digest, mail.quarantine, mail.action, std::int64_t{mail.stored ? 1 : 0}, to_column(since),
         mail.id.str()});
    for (const sql::Row& row : rows) {
        if (text_of(row.at(0)) == mail.id.str()) {
            earlier.is_itself = true;
            continue;
        }
        if (sender_key(text_of(row.at(3))) != sender) {
            continue;
        }
        const RecipientState state = state_from(text_of(row.at(2)));
        if (state == RecipientState::deleted && text_of(row.at(5)) == kLost) {
            continue;
        }
        const bool over = state == RecipientState::released || state == RecipientState::deleted;
        if (!over && integer_of(row.at(4)) != kThere) {
            continue; // expiry is about to forget it
        }
        earlier.places[text_of(row.at(1))] = {.id = HeldId::parse(text_of(row.at(0))),
                                              .bytes_awaited = mail.stored && !over};
    }
    return earlier;
}

/// The recipients of whom nothing is on record, each once: one recipient in two spellings is one recipient.
std::vector<HeldRecipient> new_recipients(const sql::Connection& database, const HeldMail& mail,
                                          const Earlier& earlier = {})
{
    std::vector<HeldRecipient> fresh;
    std::unordered_set<std::string> keys;
    for (const HeldRecipient& recipient : mail.recipients) {
        std::string key = stored_key(database, recipient.address);
        if (!earlier.places.contains(key) && keys.insert(std::move(key)).second) {
            fresh.push_back(recipient);
        }
    }
    return fresh;
}

/// Those recipients, the first one at `position`, with the notices about them. Returns their addresses.
std::vector<std::string> insert_new(sql::Connection& database, const NewMail& mail, const Earlier& earlier,
                                    std::int64_t position)
{
    const std::vector<HeldRecipient> fresh = new_recipients(database, mail.mail, earlier);
    insert_recipients(database, mail.mail, position, fresh);
    std::vector<std::string> addresses;
    std::ranges::transform(fresh, std::back_inserter(addresses), &HeldRecipient::address);
    const std::unordered_set<std::string> about(addresses.begin(), addresses.end());
    std::vector<NewNotice> notices;
    std::ranges::copy_if(mail.tell, std::back_inserter(notices),
                         [&](const NewNotice& notice) { return about.contains(notice.recipient); });
    insert_notices(database, mail.mail.id, notices, mail.mail.received);
    return addresses;
}

/// The same mail may be offered to two nodes at once, by a sender who gave up on one of them: the second one
/// sees what the first has recorded. SQLite has one writer at a time anyway.
void lock_digest(sql::Connection& database, const std::string& digest)
{
    if (database.engine() == sql::Engine::postgresql) {
        database.query("SELECT pg_advisory_xact_lock(hashtextextended(:1, 0))::text", {Kind::text}, {digest});
    }
}

Recorded record_one(sql::Connection& database, const NewMail& offered, Time known_since)
{
    const HeldMail& mail = offered.mail;
    const Earlier earlier = earlier_offers(database, mail, known_since);
    Recorded recorded{
        .id = mail.id, .known = false, .is_itself = earlier.is_itself, .fresh = {}, .before = {}};
    for (const HeldRecipient& recipient : mail.recipients) {
        const auto place = earlier.places.find(stored_key(database, recipient.address));
        if (place != earlier.places.end()) {
            recorded.before.push_back({.recipient = recipient.address,
                                       .id = place->second.id,
                                       .bytes_awaited = place->second.bytes_awaited});
        }
    }
    if (recorded.is_itself) {
        return recorded;
    }
    if (!recorded.before.empty() && recorded.before.size() == mail.recipients.size()) {
        recorded.known = true;
        recorded.id = recorded.before.back().id;
        return recorded;
    }
    insert_message(database, mail);
    recorded.fresh = insert_new(database, offered, earlier, 0);
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

NewMail with_lost_bytes(const NewMail& mail, const Recorded& recorded,
                        const std::function<bool(const HeldId&)>& is_lost)
{
    std::unordered_set<std::string> lost;
    for (const Recorded::Before& before : recorded.before) {
        if (before.bytes_awaited && is_lost(before.id)) {
            lost.insert(before.recipient);
        }
    }
    NewMail those;
    if (lost.empty()) {
        return those;
    }
    those = mail;
    std::erase_if(those.mail.recipients, [&](const HeldRecipient& recipient) {
        return lost.erase(recipient.address) == 0; // each once
    });
    std::erase_if(those.tell, [&](const NewNotice& notice) {
        return std::ranges::find(those.mail.recipients, notice.recipient, &HeldRecipient::address) ==
               those.mail.recipients.end();
    });
    return those;
}

Catalog::Catalog(const std::string& url, const std::string& folder, const Clock& clock,
                 std::chrono::milliseconds patience)
    : target_(sql::parse_target(url, folder)), clock_(clock)
{
    if (target_.engine == sql::Engine::mysql) {
        throw ConfigError("the catalog runs on sqlite:////absolute/path or postgresql://..., not on MySQL");
    }
    writer_ = std::make_unique<Writer>(target_, write_options(false));
    sql::ConnectOptions reading;
    reading.statement_timeout = patience;
    readers_ = std::make_unique<sql::Pool>(target_, reading, kReaders);
}

Catalog::~Catalog() = default;

void Catalog::open()
{
    sql::ConnectOptions options = write_options(true);
    options.statement_timeout = kMigrationTime;
    sql::Connection connection(target_, options);
    migrate(connection);
}

void Catalog::expect_current()
{
    sql::ConnectOptions options;
    options.read_only = true;
    sql::Connection connection(target_, options);
    if (!is_current(connection)) {
        throw BackendError(fmt::format("catalog {}: it is not there yet, or of an older version; the daemon "
                                       "makes it, or brings it up to date, when it starts",
                                       shown()));
    }
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

void Catalog::expect_room(std::uint64_t reserve) const
{
    if (target_.engine == sql::Engine::sqlite) {
        qm::expect_room(std::filesystem::path(target_.path).parent_path().string(), reserve);
    }
}

std::vector<Recorded> Catalog::record(const std::vector<NewMail>& mails, Time known_since)
{
    std::vector<Recorded> recorded;
    writer_->run(
        [&](sql::Connection& database) {
            recorded.clear();
            for (const NewMail& mail : mails) {
                lock_digest(database, mail.mail.digest);
                recorded.push_back(record_one(database, mail, known_since));
            }
        },
        kMailPatience);
    return recorded;
}

void Catalog::record_anew(const NewMail& mail)
{
    writer_->run(
        [&](sql::Connection& database) {
            const HeldMail& held = mail.mail;
            if (database.query("SELECT 1 FROM held_message WHERE id = :1", {Kind::integer}, {held.id.str()})
                    .empty()) {
                insert_message(database, held);
            }
            std::int64_t position = 0;
            Earlier there;
            for (const sql::Row& row :
                 database.query("SELECT address_key, position FROM held_recipient WHERE message = :1",
                                {Kind::text, Kind::integer}, {held.id.str()})) {
                there.places[text_of(row.at(0))] = {.id = held.id};
                position = std::max(position, integer_of(row.at(1)) + 1);
            }
            insert_new(database, mail, there, position);
        },
        kMailPatience);
}

bool Catalog::adopt(const HeldMail& mail)
{
    bool is_new = false;
    writer_->run([&](sql::Connection& database) {
        is_new = database.query("SELECT 1 FROM held_message WHERE id = :1", {Kind::integer}, {mail.id.str()})
                     .empty();
        if (!is_new) {
            return;
        }
        insert_message(database, mail);
        insert_recipients(database, mail, 0, new_recipients(database, mail));
    });
    return is_new;
}

std::optional<HeldMail> Catalog::load(const HeldId& id)
{
    const auto lease = readers_->lease(kReadPatience);
    std::vector<HeldMail> found = load_mails(*lease, std::span(&id, 1));
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

void Catalog::forget(const HeldId& id)
{
    writer_->run([&](sql::Connection& database) {
        database.execute("DELETE FROM held_message WHERE id = :1", {id.str()});
    });
}

OwnMail Catalog::own_mail(const std::vector<std::string>& digests)
{
    OwnMail own;
    const auto lease = readers_->lease(kReadPatience);
    for (const std::string& digest : digests) {
        for (const sql::Row& row :
             lease->query("SELECT recipient_key, kind FROM own_mail WHERE digest = :1 AND until >= :2",
                          {Kind::text, Kind::text}, {digest, to_column(clock_.now())})) {
            own.recipients.insert(text_of(row.at(0)));
            own.is_notice = own.is_notice || text_of(row.at(1)) == "notice";
        }
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
