#include "catalog/releases.h"

#include <algorithm>
#include <map>

#include "catalog/claim.h"
#include "catalog/held_rows.h"
#include "catalog/recipient_rows.h"
#include "mail/address.h"

namespace qm::catalog {
namespace {

using sql::integer_of;
using sql::Kind;
using sql::text_of;

constexpr std::chrono::milliseconds kReadPatience{4000};
/// Messages of one transaction.
constexpr std::size_t kBatch = 500;

constexpr std::string_view kLeft =
    "the program that released it ended before the mail server's answer was known";

/// The claim stays: should its owner be alive after all, it can still say how the release ended.
void leave(RecipientRow& row, Time now)
{
    row.recipient.state = RecipientState::failed;
    row.recipient.reply = kLeft;
    row.recipient.changed = now;
    row.recipient.outcome_unknown = true;
}

void delete_row(sql::Connection& database, const HeldId& message, RecipientRow& row, Time now)
{
    row.recipient = {
        .address = row.recipient.address, .state = RecipientState::deleted, .reply = {}, .changed = now};
    write_row(database, message, row);
    expire_notices(database, message, row.recipient.address);
}

void mark_one_gone(sql::Connection& database, const HeldId& message, std::string_view lost_reply, Time now)
{
    database.execute("UPDATE held_message SET gone = 1 WHERE id = :1", {message.str()});
    if (lost_reply.empty()) {
        return;
    }
    for (RecipientRow& row : lock_recipients(database, message, std::nullopt)) {
        const RecipientState state = row.recipient.state;
        if (state == RecipientState::held || state == RecipientState::failed ||
            state == RecipientState::copied) {
            row.recipient = {.address = row.recipient.address,
                             .state = RecipientState::deleted,
                             .reply = std::string(lost_reply),
                             .changed = now,
                             .outcome_unknown = row.recipient.outcome_unknown};
            write_row(database, message, row);
        }
    }
}

/// They got the mail, or may have got it.
bool may_have_it(const HeldRecipient& recipient)
{
    switch (recipient.state) {
    case RecipientState::released:
    case RecipientState::copied:
    case RecipientState::mta_hold:
        return true;
    case RecipientState::failed:
        return recipient.outcome_unknown;
    default:
        return false;
    }
}

/// Why this recipient's release does not begin; nothing: it does.
std::optional<NotBegun> obstacle(const HeldRecipient& recipient, bool gone, bool again)
{
    switch (recipient.state) {
    case RecipientState::deleted:
        return NotBegun::deleted;
    case RecipientState::releasing:
        return NotBegun::under_way;
    case RecipientState::released:
        if (!again) {
            return NotBegun::already_released;
        }
        break;
    case RecipientState::copied:
    case RecipientState::mta_hold:
        if (!again) {
            return NotBegun::delivered_before;
        }
        break;
    case RecipientState::failed:
        if (recipient.outcome_unknown && !again) {
            return NotBegun::outcome_unknown;
        }
        break;
    case RecipientState::held:
        break;
    }
    return gone ? std::optional(NotBegun::deleted) : std::nullopt;
}

enum class Until : std::uint8_t {
    at_least, ///< somebody else may need it longer
    exactly,
};

void make_own(sql::Connection& database, const std::vector<std::string>& digests, const std::string& key,
              Time time, Until until)
{
    const std::string longer = until == Until::at_least ? " WHERE own_mail.until < excluded.until" : "";
    for (const std::string& digest : digests) {
        database.execute("INSERT INTO own_mail (digest, recipient_key, kind, until)"
                         " VALUES (:1, :2, 'release', :3) ON CONFLICT (digest, recipient_key)"
                         " DO UPDATE SET until = excluded.until" +
                             longer,
                         {digest, key, to_column(time)});
    }
}

} // namespace

Releases::Releases(Catalog& catalog) : catalog_(catalog), claim_(std::make_unique<Claim>(catalog)) {}

Releases::~Releases() = default;

Beginning Releases::begin(const HeldId& message, std::string_view recipient, bool again,
                          const std::vector<std::string>& digests, Time own_until)
{
    const std::int64_t claim = claim_->hold();
    const std::string key = mail::key(recipient);
    Beginning beginning;
    const auto job = [&](sql::Connection& database) {
        beginning = {};
        const std::optional<bool> gone = lock_message(database, message);
        if (!gone) {
            return;
        }
        std::vector<RecipientRow> rows = lock_recipients(database, message, key);
        if (rows.empty()) {
            beginning.why_not = NotBegun::unknown_recipient;
            return;
        }
        RecipientRow& row = rows.front();
        const Time now = catalog_.clock().now();
        if (row.recipient.state == RecipientState::releasing && !claim_->is_alive(row.claim, database)) {
            leave(row, now);
            write_row(database, message, row);
        }
        beginning.recipient = row.recipient;
        if (const auto why = obstacle(row.recipient, *gone, again)) {
            beginning.why_not = *why;
            return;
        }
        HeldRecipient before = row.recipient;
        row.recipient.state = RecipientState::releasing;
        row.recipient.changed = now;
        row.recipient.outcome_unknown = false;
        row.claim = claim;
        write_row(database, message, row);
        make_own(database, digests, key, own_until, Until::at_least);
        beginning.release = Release{.message = message,
                                    .recipient = row.recipient.address,
                                    .claim = claim,
                                    .before = std::move(before)};
    };
    try {
        catalog_.writer().run(job);
    } catch (const UnknownOutcome& error) {
        if (!beginning.release) {
            throw; // nothing of ours is under way
        }
        beginning.unknown = error.what();
    }
    return beginning;
}

void Releases::settle(const Release& release, const Delivery& delivery,
                      const std::vector<std::string>& digests, Time own_until)
{
    const bool delivered = delivery.outcome == DeliveryOutcome::delivered;
    const std::string key = mail::key(release.recipient);
    catalog_.writer().run([&](sql::Connection& database) {
        for (RecipientRow& row : lock_recipients(database, release.message, key)) {
            // `failed` with our claim: somebody took us for dead.
            const bool ours =
                row.claim == release.claim && (row.recipient.state == RecipientState::releasing ||
                                               row.recipient.state == RecipientState::failed);
            if (!ours) {
                continue;
            }
            const bool unknown = delivery.outcome == DeliveryOutcome::unknown;
            if (!delivered && !unknown && may_have_it(release.before)) {
                row.recipient = release.before; // that another copy did not go out changes nothing
            } else {
                row.recipient = {.address = row.recipient.address,
                                 .state = delivered ? RecipientState::released : RecipientState::failed,
                                 .reply = delivery.reply,
                                 .changed = catalog_.clock().now(),
                                 .outcome_unknown = unknown};
            }
            write_row(database, release.message, row);
        }
        if (delivered) {
            expire_notices(database, release.message, release.recipient, "the message was released");
        }
        make_own(database, digests, key, own_until, Until::exactly);
    });
}

void Releases::take_back(const Release& release, const std::vector<std::string>& digests)
{
    const std::string key = mail::key(release.recipient);
    catalog_.writer().run([&](sql::Connection& database) {
        for (RecipientRow& row : lock_recipients(database, release.message, key)) {
            if (row.claim == release.claim && row.recipient.state == RecipientState::releasing) {
                row.recipient = release.before;
                write_row(database, release.message, row);
            }
        }
        make_own(database, digests, key, catalog_.clock().now() - std::chrono::microseconds(1),
                 Until::exactly);
    });
}

bool Releases::put_back(const HeldId& message, std::string_view lost_reply, RecipientState state)
{
    bool is_back = false;
    catalog_.writer().run([&](sql::Connection& database) {
        is_back = false;
        if (lock_message(database, message).value_or(false)) {
            for (RecipientRow& row : lock_recipients(database, message, std::nullopt)) {
                if (row.recipient.state == RecipientState::deleted && row.recipient.reply == lost_reply) {
                    const bool unknown = row.recipient.outcome_unknown;
                    row.recipient = {.address = row.recipient.address,
                                     .state = unknown ? RecipientState::failed : state,
                                     .reply = unknown ? std::string(kLeft) : std::string(),
                                     .changed = catalog_.clock().now(),
                                     .outcome_unknown = unknown};
                    write_row(database, message, row);
                    is_back = true;
                }
                is_back = is_back || (row.recipient.state != RecipientState::deleted &&
                                      row.recipient.state != RecipientState::released);
            }
        }
        if (is_back) {
            database.execute("UPDATE held_message SET gone = :2 WHERE id = :1", {message.str(), kThere});
        }
    });
    return is_back;
}

void Releases::announce(const std::vector<std::string>& digests, std::string_view recipient, Time own_until)
{
    catalog_.writer().run([&](sql::Connection& database) {
        make_own(database, digests, mail::key(recipient), own_until, Until::at_least);
    });
}

void Releases::withdraw(const std::vector<std::string>& digests, std::string_view recipient)
{
    const Time past = catalog_.clock().now() - std::chrono::microseconds(1);
    catalog_.writer().run([&](sql::Connection& database) {
        make_own(database, digests, mail::key(recipient), past, Until::exactly);
    });
}

std::vector<LeftRelease> Releases::resolve_left()
{
    // Usually there is none, and nobody needs to wait for the writer.
    if (catalog_.readers()
            .lease(kReadPatience)
            ->query("SELECT 1 FROM held_recipient WHERE state = 'releasing' LIMIT 1", {Kind::integer})
            .empty()) {
        return {};
    }
    std::vector<LeftRelease> left;
    catalog_.writer().run([&](sql::Connection& database) {
        left.clear();
        std::map<std::int64_t, bool> alive;
        const auto releasing = database.query(
            "SELECT r.message, r.position, r.address, r.claim, m.queue_id, m.quarantine FROM held_recipient r"
            " JOIN held_message m ON m.id = r.message WHERE r.state = 'releasing'"
            " ORDER BY r.message, r.position" +
                for_update(database),
            {Kind::text, Kind::integer, Kind::text, Kind::integer, Kind::text, Kind::text});
        for (const sql::Row& found : releasing) {
            RecipientRow row{.position = integer_of(found.at(1)),
                             .recipient = {.address = text_of(found.at(2))},
                             .claim = integer_of(found.at(3))};
            const auto [owner, is_new] = alive.try_emplace(row.claim, true);
            owner->second = is_new ? claim_->is_alive(row.claim, database) : owner->second;
            if (owner->second) {
                continue;
            }
            const HeldId message = HeldId::parse(text_of(found.at(0)));
            leave(row, catalog_.clock().now());
            write_row(database, message, row);
            left.push_back({.message = message,
                            .recipient = row.recipient.address,
                            .queue_id = text_of(found.at(4)),
                            .quarantine = text_of(found.at(5))});
        }
    });
    return left;
}

std::optional<Releases::Deletion> Releases::mark_deleted(const HeldId& message, std::string_view recipient)
{
    const std::string key = mail::key(recipient);
    std::optional<Deletion> deletion;
    catalog_.writer().run([&](sql::Connection& database) {
        deletion.reset();
        if (!lock_message(database, message)) {
            return;
        }
        Deletion outcome{.deleted = {}, .releasing = {}, .untouched = {}, .bytes_useless = true};
        bool found = recipient.empty();
        for (RecipientRow& row : lock_recipients(database, message, std::nullopt)) {
            const std::string& address = row.recipient.address;
            const bool over = row.recipient.state == RecipientState::released ||
                              row.recipient.state == RecipientState::deleted;
            if (!recipient.empty() && mail::key(address) != key) {
                outcome.bytes_useless = outcome.bytes_useless && over;
                continue;
            }
            found = true;
            if (over) {
                outcome.untouched.push_back(address);
            } else if (row.recipient.state == RecipientState::releasing &&
                       claim_->is_alive(row.claim, database)) {
                outcome.releasing.push_back(address);
                outcome.bytes_useless = false;
            } else {
                delete_row(database, message, row, catalog_.clock().now());
                outcome.deleted.push_back(address);
            }
        }
        if (found) {
            deletion = std::move(outcome);
        }
    });
    return deletion;
}

void Releases::mark_gone(const std::vector<HeldId>& messages, std::string_view lost_reply)
{
    for (std::size_t begin = 0; begin < messages.size(); begin += kBatch) {
        catalog_.writer().run([&](sql::Connection& database) {
            const auto end = std::min(begin + kBatch, messages.size());
            for (std::size_t i = begin; i < end; ++i) {
                mark_one_gone(database, messages.at(i), lost_reply, catalog_.clock().now());
            }
        });
    }
}

std::int64_t Releases::remind(const HeldId& message, std::string_view recipient, std::string_view send_to)
{
    std::int64_t number = 0;
    catalog_.writer().run([&](sql::Connection& database) {
        number = insert_notice(database, message,
                               {.recipient = std::string(recipient), .send_to = std::string(send_to)},
                               catalog_.clock().now());
    });
    return number;
}

} // namespace qm::catalog
