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
    /// The postman of the last attempt ended before its outcome was on record: the notice may have arrived.
    bool maybe_sent = false;
};

/// How things stand, for the operator.
struct OutboxState {
    std::int64_t due = 0;
    std::int64_t refused = 0; ///< the last that was due to somebody who could still get the mail
    std::int64_t expired = 0; ///< the same
    Time oldest_due{};        ///< epoch when nothing is due
};

/// Several processes, on several machines, may share it: a notice is sent by the one that has claimed it, and
/// only while its claim lasts. Their clocks should not differ by more than some seconds.
///
/// Thread-safety, durability, errors: as the catalog's.
class Outbox {
  public:
    /// `claimant` names this process in claims: no other one ever has the same name.
    Outbox(Catalog& catalog, std::string claimant);

    /// Takes back the claims of an earlier run. Only where no other process serves this catalog. Returns how
    /// many.
    std::int64_t release_claims();

    /// Claims at most `limit` notices that are due now, oldest first, for `lease`.
    std::vector<DueNotice> claim(std::size_t limit, std::chrono::seconds lease);

    /// Before the first byte goes out: the notice will pass our own milter until `own_until`, and stays ours
    /// for `lease` from now on. False: it is not ours any more (the claim ended and somebody else has it, or
    /// it was settled or deleted); then it must not be sent.
    bool announce(const DueNotice& notice, const ComposedNotice& composed, Time own_until,
                  std::chrono::seconds lease);

    /// Settled for good: what was settled before stays as it is.
    void sent(const DueNotice& notice, std::string_view reply);
    /// From here on only if it is still ours.
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
    void settle(const DueNotice& notice, std::string_view state, std::string_view reply, bool only_ours);

    Catalog& catalog_;
    std::string claimant_;
};

} // namespace qm::catalog
