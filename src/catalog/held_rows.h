// A held message as rows of the catalog.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "quarantine/held_mail.h"
#include "sql/connection.h"

namespace qm::catalog {

/// Errors: BackendError for a word that is no state.
RecipientState state_from(std::string_view word);

/// What a column holds of a mail::key or a domain. One that is longer than an address can be (RFC 5321,
/// section 4.5.3.1) and than an index of PostgreSQL has room for is its beginning and its digest.
std::string column_key(std::string key);

/// What the catalog looks addresses up by: mail::key of the address, and its domain, as columns hold them.
struct AddressKey {
    explicit AddressKey(std::string_view address);
    std::string key;
    std::string domain;
};

/// The reply of a recipient who is `deleted` because the bytes are lost: the same mail is held anew when it
/// comes again.
constexpr std::string_view kLost = "the store has lost the message";

/// The column held_message.gone.
constexpr std::int64_t kThere = 0;
constexpr std::int64_t kGone = 1;   ///< the bytes are deleted
constexpr std::int64_t kClosed = 2; ///< expiry has begun: bytes and rows are about to go

void insert_message(sql::Connection& database, const HeldMail& mail);

/// Recipients of `mail` that are not on record yet; `position` is that of the first one, from 0.
void insert_recipients(sql::Connection& database, const HeldMail& mail, std::int64_t position,
                       std::span<const HeldRecipient> recipients);

/// Notices that are due from `now` on.
void insert_notices(sql::Connection& database, const HeldId& message, std::span<const NewNotice> notices,
                    Time now);

/// The same for one; returns its number.
std::int64_t insert_notice(sql::Connection& database, const HeldId& message, const NewNotice& notice,
                           Time now);

/// The notices of a message that are due will not be sent any more, for this reason: those about `recipient`,
/// or all when it is empty.
void expire_notices(sql::Connection& database, const HeldId& message, std::string_view recipient = {},
                    std::string_view reason = "the message was deleted");

/// The condition that the row of table notice called `name` did not go out, and no later one took its place.
std::string unsent_notice(const sql::Connection& database, std::string_view name);

/// Those of `ids` that are on record, whole, in the order of `ids`.
std::vector<HeldMail> load_mails(sql::Connection& database, std::span<const HeldId> ids);

/// Asks about many ids, a bounded number at a time: `statement` holds `{ids}` where a list of ids stands, as
/// in "WHERE id IN {ids}". Rows in no order across the parts of the list.
std::vector<sql::Row> query_ids(sql::Connection& database, const std::string& statement,
                                const std::vector<sql::Kind>& columns, std::span<const HeldId> ids);

} // namespace qm::catalog
