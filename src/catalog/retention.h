// What leaves the catalog because its time is over, oldest first, in batches.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "quarantine/held_mail.h"

namespace qm::catalog {

/// A message to forget when its time is over.
struct Old {
    HeldId id;
    std::uint64_t size = 0;
    bool has_bytes = false; ///< in the quarantine's store
    bool untold = false;    ///< a notice of it is due: it stays until that is settled
};

/// Expiry in three steps, so that it can be killed at any point and begun anew: close() a batch, remove its
/// bytes from the store, forget() it. The next run finds what was closed and not forgotten: closed().
///
/// Thread-safety, durability, errors: as the catalog's.
class Retention {
  public:
    /// A notice that was made before `untold_since` keeps no message any more.
    explicit Retention(Catalog& catalog, Time untold_since = {});

    /// The oldest messages of a quarantine, oldest first, at most `limit`: those received before `before`
    /// (nothing: all), ids behind `behind`. Left out: what is closed, and a message with a recipient in the
    /// state `releasing`.
    std::vector<Old> oldest(std::string_view quarantine, std::optional<Time> before, const HeldId& behind,
                            std::size_t limit);

    /// Messages of a quarantine received before `before` (nothing: all), and their bytes in the store.
    struct Amount {
        std::int64_t messages = 0;
        std::uint64_t bytes = 0;
    };
    Amount amount(std::string_view quarantine, std::optional<Time> before);

    /// Messages of a quarantine that an earlier run closed and did not live to forget, ids behind `behind`.
    std::vector<HeldId> closed(std::string_view quarantine, const HeldId& behind, std::size_t limit);

    /// Nobody can begin to release these any more. Returns those that were closed; one that is being released
    /// or of which a notice is due is not.
    std::vector<HeldId> close(const std::vector<Old>& batch);

    /// Forgets them with recipients and notices.
    void forget(const std::vector<HeldId>& batch);

    /// Names of quarantines that have messages on record.
    std::vector<std::string> quarantines();

  private:
    Catalog& catalog_;
    Time untold_since_;
};

} // namespace qm::catalog
