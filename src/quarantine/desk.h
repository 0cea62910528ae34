// The desk: where mail comes in (judged, held) and goes out (found, shown, released, deleted, expired). The
// milter, the command line and the web page all stand at it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/snapshot.h"
#include "catalog/catalog.h"
#include "catalog/process_lock.h"
#include "catalog/releases.h"
#include "catalog/retention.h"
#include "mail/headers.h"
#include "preview/preview.h"
#include "quarantine/explanation.h"
#include "quarantine/holding.h"
#include "quarantine/settings.h"
#include "quarantine/standing.h"
#include "quarantine/upkeep.h"

namespace qm {

/// How a release, or a copy, ended.
struct ReleaseResult {
    enum class Outcome : std::uint8_t {
        released,         ///< the mail server took it: `reply` is its final 250
        already_released, ///< nothing was done; `reply` is that of the release
        deferred,         ///< 4xx or no connection: try again later
        refused,          ///< 5xx
        unknown,          ///< sent, but no answer came: it may have arrived
        under_way,        ///< another process is releasing it right now
        needs_again,      ///< `again` was not given, and it may arrive twice: `reply` says why
        deleted,          ///< the message was deleted for this recipient, or the store has lost it
        no_recipient,     ///< the message is not held for this recipient
        no_message,       ///< no such id on record
    };
    Outcome outcome = Outcome::no_message;
    std::string recipient; ///< as on record
    std::string reply;     ///< one line, printable
};

/// How a deletion ended.
struct DeleteResult {
    bool found = false;                 ///< the message is on record (with this recipient)
    std::vector<std::string> deleted;   ///< recipients that are deleted now
    std::vector<std::string> releasing; ///< left alone: a release is under way
    bool bytes_removed = false;
};

/// How asking for another notice ended.
struct RemindResult {
    enum class Outcome : std::uint8_t {
        due,
        no_message,
        no_recipient,
        settled,
        nobody_tells,
        not_an_address
    };
    Outcome outcome = Outcome::no_message;
    std::string recipient;            ///< as on record
    std::vector<std::string> send_to; ///< with `due`: who gets it
};

/// Thread-safety: every member may be called at once from any thread.
/// Errors:        BackendError when catalog, store or whitelist cannot be asked; what a mail server does is
///                a result.
class Desk {
  public:
    Desk(Snapshot<Settings>& settings, catalog::Catalog& catalog, const Clock& clock);

    /// The settings of this moment: a mail keeps those it began with.
    std::shared_ptr<const Settings> settings() const { return settings_.get(); }

    // --- Mail comes in.

    /// Judges a mail at the end of its headers. nullptr: it concerns nobody, accept it now. Otherwise the
    /// mail is on its way into the stores. Errors: BackendError (a whitelist or a store failed): answer 451.
    std::unique_ptr<Holding> judge(const std::shared_ptr<const Settings>& settings, const Envelope& envelope,
                                   const mail::Headers& headers);

    /// The same judgement with reasons. Reads only: nothing is marked, kept or created.
    Explanation explain(const Envelope& envelope, const mail::Headers& headers);

    /// Takes up a message that was held elsewhere, without telling anybody: bytes first, then the catalog.
    /// `mail` says everything; its quarantine must be configured and keep messages. False: its id is on
    /// record or in the store already. `bytes`: header block, empty line, body.
    bool adopt(const HeldMail& mail, std::string_view bytes);

    // --- What is held.

    std::vector<HeldMail> find(const HeldFilter& filter);
    std::optional<HeldMail> load(const HeldId& id);
    /// At most `limit` ids that begin like this.
    std::vector<HeldId> ids_like(std::string_view prefix, std::size_t limit);
    std::vector<NoticeRecord> notices_of(const HeldId& id);
    /// The message from its first header byte on; nullptr when its bytes are not kept (any more).
    std::unique_ptr<MessageReader> open(const HeldMail& mail);
    /// What a notice would show of it.
    preview::Preview preview(const HeldMail& mail);
    /// Since the start of this program, in notices too: a worker died, hung or lied (src/preview).
    static std::uint64_t previews_not_shown();
    /// The day on which the message is deleted; nothing: it is kept.
    std::optional<Time> expires(const HeldMail& mail) const;
    Standing standing();
    /// Whether a daemon works on this catalog now.
    Standing::Daemon daemon() const;

    // --- Mail goes out.

    /// Hands the original to the mail server of its quarantine, with the original sender, for one recipient.
    /// Released only after the final 250. `again`: also when that may make a second copy.
    ReleaseResult release(const HeldId& id, const std::string& recipient, bool again);
    /// Sends the original to somebody else; the recipients on record stay as they are.
    ReleaseResult copy(const HeldId& id, const std::string& to);
    /// Deletes for one recipient, or for all when empty; the bytes go when nobody waits for them.
    DeleteResult remove(const HeldId& id, const std::string& recipient);
    /// Has the notice about this recipient sent once more (by the daemon, within seconds): to those who got
    /// it in the first place (notification_domains, notify_recipient, also_notify), or `by_name`: to the
    /// recipient, whatever these say.
    RemindResult remind(const HeldId& id, const std::string& recipient, bool by_name);

    /// Releases that a process began and did not live to settle become `failed`, said in the log. Returns how
    /// many.
    std::size_t resolve_left_releases();

    // --- Upkeep.

    /// Deletes what is older than quarantine_days and what is above quarantine_max_size, and whitelist rows
    /// not used for whitelist_expire_days. May be killed at any point. `progress` may stop it by returning
    /// false.
    ExpireReport expire(bool dry_run, const Progress& progress);
    /// Compares the stores with the catalog; with `repair` mends what can be mended. Errors: also
    /// BackendError when another process is at it.
    StoreReport check_stores(bool repair, const Progress& progress);

    /// Resolves what a process that died has left in stores and catalog, of mail that began before `before`:
    /// files without a row are taken up (and told, as if their mail had been held now) or, when the mail came
    /// again meanwhile, removed; rows whose file is lost say so; unfinished files go. Everything is logged.
    /// Looks back to a day before the newest message on record, or before `not_swept_since`, when no sweep
    /// has come to its end since then. Nothing: another process is at it.
    std::optional<StoreReport> sweep(Time before, const Progress& progress,
                                     Time not_swept_since = Time::max());

    /// Throws when one of the stores of these settings is not in its place, or does not seem to be: it is
    /// empty, and the catalog counts on messages in it. Mail held in such a place would vanish behind the
    /// disk that is mounted there in the end.
    void expect_stores(const Settings& settings) const;

    /// While it lives nobody sweeps or repairs: for adopt(). Waits for somebody who does just now for at most
    /// 30 s. Errors: then BackendError.
    catalog::ProcessLock hold_stores();

  private:
    class StoreCheck;

    /// A message as it goes over the wire, and the digests under which it may come back.
    struct Original {
        std::string bytes;
        std::vector<std::string> digests;
    };

    /// As in quarantine/stores.h.
    std::string store_away(const Quarantine& quarantine) const;
    std::shared_ptr<MessageStore> store_of(const HeldMail& mail) const;
    smtp::Server mail_server_of(const HeldMail& mail) const;
    std::optional<Original> original_of(const HeldMail& mail);
    void expire(const Quarantine& quarantine, catalog::Retention& retention, const Settings& settings,
                bool dry_run, const Progress& progress, ExpireReport& report);
    void expire_whitelists(const Settings& settings, bool dry_run, ExpireReport& report);
    static void persist(const std::string& what, const catalog::Release& release,
                        const std::function<void()>& write_down);
    void settle(const catalog::Release& release, const Delivery& delivery,
                const std::vector<std::string>& digests);

    Snapshot<Settings>& settings_;
    catalog::Catalog& catalog_;
    catalog::Releases releases_;
    const Clock& clock_;
};

} // namespace qm
