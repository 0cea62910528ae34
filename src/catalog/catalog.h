// What is held: messages, their recipients, and the notices due. The single source of truth about held mail.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "catalog/writer.h"
#include "quarantine/held_mail.h"
#include "sql/connection.h"

namespace qm::catalog {

/// A notice that becomes due with its message.
struct NewNotice {
    std::string recipient; ///< about whom, without brackets, one of the message's
    std::string send_to;   ///< who gets it; usually the same
};

/// A message on its way into the catalog.
struct NewMail {
    HeldMail mail;
    std::vector<NewNotice> tell;
};

/// What became of it.
struct Recorded {
    /// The id under which it is held: that of `NewMail::mail`, or that of the earlier offer when every
    /// recipient was on record.
    HeldId id;
    /// True: this message was offered before (same quarantine, sender and content digest, within the retry
    /// window) for every one of its recipients. Nothing was recorded; the bytes stored under the new id are
    /// not needed.
    bool known = false;
    /// True: the message is on record under its own id, from somebody who found its bytes in the store before
    /// it was recorded here. Nothing was recorded; the bytes are needed.
    bool is_itself = false;
    /// Of the offered recipients those newly on record, without brackets.
    std::vector<std::string> fresh;
    /// Of the offered recipients those that were on record before.
    struct Before {
        std::string recipient; ///< as offered, without brackets
        HeldId id;             ///< under which they are held
        bool bytes_awaited;    ///< they still wait for the bytes stored there (not deleted or released)
    };
    std::vector<Before> before;
};

/// Of an offered mail the recipients (and their notices) that wait for earlier bytes of which `is_lost` says
/// that they are not there any more; nothing else in it when there are none.
NewMail with_lost_bytes(const NewMail& mail, const Recorded& recorded,
                        const std::function<bool(const HeldId&)>& is_lost);

/// What the catalog knows about a content digest.
struct OwnMail {
    std::set<std::string, std::less<>> recipients; ///< address keys (mail::key) to whom we sent this
    bool is_notice = false;                        ///< it is a notice of ours, to whomever
};

/// The catalog: a database, one connection that writes and a few that read.
///
/// Thread-safety: every member may be called at once from any thread.
/// Durability:    what writes returns when it would survive a power cut (SQLite: WAL, synchronous=FULL).
/// Errors:        BackendError. A write that threw has changed nothing, unless it threw UnknownOutcome.
class Catalog {
  public:
    /// How long a statement may take while mail waits for it.
    static constexpr std::chrono::milliseconds kMailPatience{4000};

    /// `url` as in the option `catalog`; opens nothing yet. `patience`: of one statement that reads.
    Catalog(const std::string& url, const std::string& folder, const Clock& clock,
            std::chrono::milliseconds patience = kMailPatience);
    ~Catalog();

    /// Creates or migrates the tables.
    void open();

    /// Throws unless the catalog is there and as this program writes it. Changes nothing.
    void expect_current();

    /// Throws when the catalog could not be opened; creates nothing. A SQLite file that is missing is fine if
    /// its folder can be written.
    void check();

    /// Throws when fewer than `reserve` bytes are free where the file of a SQLite catalog is. 0: never.
    void expect_room(std::uint64_t reserve) const;

    /// Records the messages of one mail (one a quarantine), their recipients and notices in one durable
    /// transaction: all or nothing (UnknownOutcome: nobody knows which). Recipients of a message that are on
    /// record since `known_since` are left out.
    std::vector<Recorded> record(const std::vector<NewMail>& mails, Time known_since);

    /// Puts these recipients on record under the message's id, which may be on record already, whatever is on
    /// record of them otherwise: the bytes of the earlier message are lost. Those who are on record under
    /// this id are left out. One durable transaction.
    void record_anew(const NewMail& mail);

    /// Takes up a message under exactly its id, with the states, replies and times of its recipients, without
    /// notices (import, repair). False if the id is on record already.
    bool adopt(const HeldMail& mail);

    std::optional<HeldMail> load(const HeldId& id);

    /// Forgets a message with its recipients and notices.
    void forget(const HeldId& id);

    /// Is this mail one of ours that comes back through the milter? Asks for all of these digests at once.
    OwnMail own_mail(const std::vector<std::string>& digests);

    /// The file of a SQLite catalog, "" for a server.
    std::string file() const;
    /// For messages; never a password.
    std::string shown() const;

    Writer& writer() { return *writer_; }
    sql::Pool& readers() { return *readers_; }
    const Clock& clock() const { return clock_; }

  private:
    sql::Target target_;
    const Clock& clock_;
    std::unique_ptr<Writer> writer_;
    std::unique_ptr<sql::Pool> readers_;
};

/// Time as the catalog keeps it.
std::int64_t to_column(Time time);
Time from_column(std::int64_t value);

} // namespace qm::catalog
