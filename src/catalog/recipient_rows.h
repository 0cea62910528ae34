// Rows of recipients that are about to change.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quarantine/held_mail.h"
#include "sql/connection.h"

namespace qm::catalog {

/// A recipient's row.
struct RecipientRow {
    std::int64_t position = 0;
    HeldRecipient recipient;
    std::int64_t claim = 0; ///< of the last release, 0: there was none
};

/// Whether the message's bytes are gone (or about to go); nothing: it is not on record. Until the transaction
/// ends nobody else deletes it, begins to release it or closes it.
std::optional<bool> lock_message(sql::Connection& database, const HeldId& message);

/// Of a message that is locked: the recipient with this key (mail::key), or all, in their order. Nobody else
/// changes them until the transaction ends.
std::vector<RecipientRow> lock_recipients(sql::Connection& database, const HeldId& message,
                                          const std::optional<std::string>& key);

/// " FOR UPDATE" where others may write at the same time; SQLite has one writer.
std::string for_update(const sql::Connection& database);

void write_row(sql::Connection& database, const HeldId& message, const RecipientRow& row);

} // namespace qm::catalog
