// Releases and deletions on record: each step is durable before the next one begins.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "quarantine/held_mail.h"
#include "quarantine/notifier.h"

namespace qm::catalog {

/// A release that was begun: nobody else sends this message to this recipient until it is settled.
struct Release {
    HeldId message;
    std::string recipient; ///< as on record
    std::int64_t claim = 0;
    HeldRecipient before = {}; ///< the recipient's row
};

/// Why a release does not begin.
enum class NotBegun : std::uint8_t {
    unknown_message,
    unknown_recipient,
    already_released, ///< HeldRecipient::reply says when and as what
    under_way,        ///< by a process that is alive
    delivered_before, ///< copied or mta_hold: they got the mail, or the mail server has it
    outcome_unknown,  ///< the last one may have arrived
    deleted,
};

struct Beginning {
    std::optional<Release> release; ///< nothing: see `why_not`
    NotBegun why_not = NotBegun::unknown_message;
    HeldRecipient recipient; ///< as it was before
    /// Not empty: the catalog's answer was lost, and nobody knows whether the row says `releasing`. Nothing
    /// may be sent then; take_back() `release`, so that it does not stay so.
    std::string unknown = {};
};

/// A release whose process ended before it was settled.
struct LeftRelease {
    HeldId message;
    std::string recipient;
    std::string queue_id; ///< of the held mail
    std::string quarantine;
};

/// The states of recipients on their way out: held, failed -> releasing -> released | failed.
///
/// A process that releases is known by a number of its own, `claim`, that it holds locked as long as it lives
/// (SQLite: one byte of the file `<catalog>.claims`, F_OFD_SETLK; PostgreSQL: an advisory lock of a session);
/// so everybody can see whether the process behind a row in the state `releasing` is alive.
///
/// Thread-safety, durability, errors: as the catalog's.
class Releases {
  public:
    explicit Releases(Catalog& catalog);
    ~Releases();
    Releases(const Releases&) = delete;
    Releases& operator=(const Releases&) = delete;

    /// Makes the recipient `releasing` if it is held or failed with a known outcome; with `again` also if it
    /// is released, copied, mta_hold or failed with an unknown outcome; never if it is deleted or under way.
    /// A row that a dead process left as `releasing` counts as failed with an unknown outcome (and is written
    /// so). In the same transaction `digests` become own mail for this recipient until `own_until`.
    /// `recipient` is found by its key (mail::key).
    Beginning begin(const HeldId& message, std::string_view recipient, bool again,
                    const std::vector<std::string>& digests, Time own_until);

    /// Settles it: delivered -> released, and a notice that is still due is not sent any more; unknown ->
    /// failed with outcome_unknown; else failed, or as it was before where they got the mail before, or may
    /// have. `reply` is kept. The digests stay own mail until
    /// `own_until`. A message that was deleted in the meantime is no error.
    void settle(const Release& release, const Delivery& delivery, const std::vector<std::string>& digests,
                Time own_until);

    /// Nothing was sent: the row is what it was before.
    void take_back(const Release& release, const std::vector<std::string>& digests);

    /// Mail of ours to somebody who is no recipient of the message (a copy for the administrator).
    void announce(const std::vector<std::string>& digests, std::string_view recipient, Time own_until);
    /// It did not go out: what comes is judged as any mail again.
    void withdraw(const std::vector<std::string>& digests, std::string_view recipient);

    /// Marks releases of dead processes as failed with an unknown outcome. Returns them.
    std::vector<LeftRelease> resolve_left();

    /// Marks recipients as deleted: `recipient` (by its key), or all that are not released when empty. Those
    /// being released stay. Their notices that are due will not be sent any more.
    struct Deletion {
        std::vector<std::string> deleted;   ///< recipients that are deleted now
        std::vector<std::string> releasing; ///< left alone
        std::vector<std::string> untouched; ///< deleted or released before
        /// Nobody waits for the bytes any more: every recipient is deleted or released.
        bool bytes_useless = false;
    };
    /// Nothing when there is no such message (or recipient).
    std::optional<Deletion> mark_deleted(const HeldId& message, std::string_view recipient);

    /// The bytes of these messages are no longer in the store. With `lost_reply` not empty also: recipients
    /// that waited for them (held, failed, copied) become deleted, with this reply.
    void mark_gone(const std::vector<HeldId>& messages, std::string_view lost_reply = {});

    /// The bytes of a message that mark_gone() noted as lost, with this reply, are there again: those who
    /// waited for them get `state`. False when nobody did.
    bool put_back(const HeldId& message, std::string_view lost_reply, RecipientState state);

    /// A notice is due again for `recipient` (as on record), to `send_to`. Returns its number.
    std::int64_t remind(const HeldId& message, std::string_view recipient, std::string_view send_to);

  private:
    class Claim;
    Catalog& catalog_;
    std::unique_ptr<Claim> claim_; ///< taken by the first begin()
};

} // namespace qm::catalog
