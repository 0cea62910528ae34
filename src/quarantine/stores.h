// Where the bytes of held messages are, and whether a store is in its place.
#pragma once

#include <memory>
#include <string>

#include "catalog/catalog.h"
#include "quarantine/held_mail.h"
#include "quarantine/settings.h"

namespace qm {

/// The bytes of a message, and the store they are in. Both nullptr: they are in none.
struct StoredBytes {
    std::shared_ptr<MessageStore> store;
    std::unique_ptr<MessageReader> bytes; ///< trace lines included
};

/// Looks into the store of the message's quarantine, then into the other ones of these settings (an id is in
/// one store only); of a message that its quarantine does not keep, into the spool. Errors: BackendError,
/// also when the store is away in which they should be.
StoredBytes bytes_of(const Settings& settings, const HeldMail& mail);

/// True when a message that was kept is in no store. Errors: BackendError, also when the quarantine's store
/// has nothing that is older either: it may be the place where a disk should be mounted.
bool has_lost(const Settings& settings, const Quarantine& quarantine, const HeldId& id);

/// Why nothing may be concluded from what is not in this quarantine's store (an unmounted disk looks like an
/// empty folder); "" when the store seems to be in its place.
std::string store_away(const Settings& settings, const Quarantine& quarantine, catalog::Catalog& catalog);

} // namespace qm
