// The notices due: claimed by a postman, tried, settled.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "quarantine/notifier.h"

namespace qm::catalog {

/// A notice that a postman has claimed: nobody else touches it until the claim ends.
struct DueNotice {
    std::int64_t number = 0;
    HeldId message;
    std::string recipient; ///< about whom
    std::string send_to;   ///< who gets it
    Time created{};
    std::int64_t attempts = 0; ///< before this one
};

/// How things stand, for the operator.
struct OutboxState {
    std::int64_t due = 0;
    std::int64_t refused = 0;
    std::int64_t expired = 0;
    Time oldest_due{}; ///< epoch when nothing is due
};

/// Thread-safety, durability, errors: as the catalog's.
class Outbox {
  public:
    /// `claimant` names this process in claims.
    Outbox(Catalog& catalog, std::string claimant);

    /// Takes back the claims of an earlier run. Only where no other process serves this catalog. Returns how
    /// many.
    std::int64_t release_claims();

    /// Claims at most `limit` notices that are due now, oldest first, for `lease`.
    std::vector<DueNotice> claim(std::size_t limit, std::chrono::seconds lease);

    /// Before the first byte goes out: the notice will pass our own milter until `until`.
    void announce(const DueNotice& notice, const ComposedNotice& composed, Time until);

    /// Settled for good: what was settled before stays as it is.
    void sent(const DueNotice& notice, std::string_view reply);
    void refused(const DueNotice& notice, std::string_view reply);
    void expired(const DueNotice& notice, std::string_view reply);

    /// To be tried again at `when`; the claim ends.
    void try_again(const DueNotice& notice, std::string_view reply, Time when);

    /// Not tried after all; the claim ends.
    void let_go(const DueNotice& notice);

    /// True while a message has notices that are not settled.
    bool has_open_notices(const HeldId& message);

    OutboxState state();

    /// Forgets own mail whose time is over. Returns how many rows.
    std::int64_t forget_old_own_mail();

  private:
    void settle(const DueNotice& notice, std::string_view state, std::string_view reply);

    Catalog& catalog_;
    std::string claimant_;
};

} // namespace qm::catalog
