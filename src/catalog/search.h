// Finds what is held, and tells how things stand. Reads only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "quarantine/held_mail.h"

namespace qm::catalog {

/// How many recipients of a quarantine are in a state.
struct StateCount {
    std::string quarantine;
    RecipientState state = RecipientState::held;
    std::int64_t recipients = 0;
};

/// What one quarantine keeps.
struct QuarantineSize {
    std::string quarantine;
    std::int64_t messages = 0; ///< with bytes in the store
    std::uint64_t bytes = 0;   ///< of these
    Time oldest{};             ///< epoch when there is none
};

/// Thread-safety, errors: as the catalog's.
class Search {
  public:
    explicit Search(Catalog& catalog);

    /// Newest first, recipients included. Every filter finds its rows through an index; with several, the
    /// rarest one leads. Errors: also ConfigError for a sender or recipient that is no address.
    std::vector<HeldMail> find(const HeldFilter& filter);

    /// At most `limit` ids that begin with `prefix` (HeldId's characters only; anything else finds nothing),
    /// the oldest first.
    std::vector<HeldId> ids_like(std::string_view prefix, std::size_t limit);

    /// Of one message, in the order they became due.
    std::vector<NoticeRecord> notices_of(const HeldId& id);

    std::vector<StateCount> count_states();
    std::vector<QuarantineSize> sizes();

    /// Messages whose bytes should be in the store of `quarantine` (stored, not gone), in the order of their
    /// ids, from behind `behind` on, at most `limit`.
    std::vector<HeldId> stored_ids(std::string_view quarantine, const HeldId& behind, std::size_t limit);

    /// The newest message on record; an empty id when there is none.
    HeldId newest();

    /// Of `ids`, those on record.
    std::vector<HeldId> known(const std::vector<HeldId>& ids);

    /// Of `ids`, those on record whose bytes nobody waits for: gone, or deleted for every recipient.
    std::vector<HeldId> useless(const std::vector<HeldId>& ids);

  private:
    Catalog& catalog_;
};

} // namespace qm::catalog
