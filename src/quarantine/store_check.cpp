#include "quarantine/store_check.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "catalog/held_rows.h"
#include "mail/address.h"
#include "mail/content_digest.h"
#include "mail/decode.h"
#include "quarantine/error.h"
#include "quarantine/reading.h"
#include "store/trace.h"

namespace qm {
namespace {

using catalog::kLost;
using Kind = StoreFinding::Kind;

constexpr std::size_t kPage = 1000;
constexpr std::size_t kMaxField = 1000;
/// A leftover older than this is none: the catalog was lost, or put back from a backup.
constexpr std::chrono::hours kTellWithin{24};

RecipientState first_state(const Quarantine& quarantine)
{
    return quarantine.action == policy::Action::accept ? RecipientState::copied
           : quarantine.action == policy::Action::hold ? RecipientState::mta_hold
                                                       : RecipientState::held;
}

/// It is this file's fault; the others can be looked at.
class Unreadable final : public BackendError {
  public:
    using BackendError::BackendError;
};

struct StoredMail {
    store::Trace trace;
    std::string bytes; ///< behind the trace lines
};

/// Nothing when there is no such file any more.
std::optional<StoredMail> read_file(MessageStore& store, const HeldId& id)
{
    try {
        const auto block = store.open(id);
        auto message = store.open(id);
        if (!block || !message) {
            return std::nullopt;
        }
        StoredMail file{.trace = store::read_trace(*block), .bytes = {}};
        if (file.trace.id != id) {
            throw Unreadable(fmt::format("its trace lines name another id, {}", file.trace.id.str()));
        }
        file.bytes = read_all(*store::without_trace(std::move(message)));
        return file;
    } catch (const BackendError& error) {
        throw Unreadable(error.what());
    }
}

} // namespace

void complete(HeldMail& mail, std::string_view bytes)
{
    mail::Headers headers;
    mail::parse_headers(bytes, headers);
    const auto field = [&](std::string& to, const char* name) {
        if (to.empty()) {
            to = mail::decode_for_people(headers.find(name), kMaxField);
        }
    };
    field(mail.subject, "Subject");
    field(mail.header_from, "From");
    field(mail.header_date, "Date");
    mail.size = bytes.size();
    mail.digest = mail::ContentDigest(bytes).finish();
}

Desk::StoreCheck::StoreCheck(Desk& desk, const Scope& scope, const Progress& progress)
    : desk_(desk), settings_(desk.settings_.get()), search_(desk.catalog_), scope_(scope), progress_(progress)
{
}

StoreReport Desk::StoreCheck::run()
{
    std::set<MessageStore*> seen;
    for (const Quarantine& quarantine : settings_->quarantines) {
        if (quarantine.store->keeps() && seen.insert(quarantine.store.get()).second) {
            guarded(quarantine, [&] {
                check_unfinished(quarantine);
                check_files(*quarantine.store, quarantine.name);
            });
        }
    }
    for (const Quarantine& quarantine : settings_->quarantines) {
        if (quarantine.store->keeps()) {
            guarded(quarantine, [&] { check_rows(quarantine); });
        }
    }
    return std::move(report_);
}

template <typename Work>
void Desk::StoreCheck::guarded(const Quarantine& quarantine, Work work)
{
    try {
        if (!report_.stopped) {
            expect_in_place(quarantine);
            work();
        }
    } catch (const BackendError& error) {
        const std::string trouble = fmt::format("[{}] {}", quarantine.name, error.what());
        if (std::ranges::find(report_.troubles, trouble) == report_.troubles.end()) {
            report_.troubles.push_back(trouble);
        }
    }
}

/// A store that is away has lost nothing. Whether an empty one is, the operator knows who asks for the
/// repair.
void Desk::StoreCheck::expect_in_place(const Quarantine& quarantine)
{
    if (scope_.repair && !scope_.sweep) {
        quarantine.store->check();
    } else if (const std::string away = desk_.store_away(quarantine); !away.empty()) {
        throw BackendError(away);
    }
}

/// A file that was being written when its process died.
void Desk::StoreCheck::check_unfinished(const Quarantine& quarantine)
{
    std::vector<HeldId> found;
    quarantine.store->list_unfinished(scope_.since, [&](const HeldId& id) {
        if (id.time() < scope_.before) {
            found.push_back(id);
        }
        return true;
    });
    for (const HeldId& id : found) {
        StoreFinding finding{.kind = Kind::unfinished_file,
                             .quarantine = quarantine.name,
                             .id = id,
                             .what = "was never finished"};
        if (scope_.repair) {
            quarantine.store->remove_unfinished(id);
            finding.repaired = true;
        }
        add(std::move(finding));
    }
}

/// Every file: is it on record, and does somebody wait for it?
void Desk::StoreCheck::check_files(MessageStore& store, const std::string& name)
{
    std::vector<HeldId> page;
    const auto check_page = [&] {
        const std::vector<HeldId> known = search_.known(page);
        const std::vector<HeldId> useless = search_.useless(page);
        for (const HeldId& id : page) {
            if (std::ranges::find(known, id) == known.end()) {
                check_unknown(store, name, id);
            } else if (std::ranges::find(useless, id) != useless.end()) {
                check_useless(store, name, id);
            }
        }
        report_.checked += static_cast<std::int64_t>(page.size());
        page.clear();
        report_.stopped = !progress_("files of " + name, static_cast<std::uint64_t>(report_.checked), 0);
    };
    store.list(scope_.since, [&](const HeldId& id) {
        if (scope_.sweep && id.time() >= scope_.before) {
            return true;
        }
        page.push_back(id);
        if (page.size() == kPage) {
            check_page();
        }
        return !report_.stopped;
    });
    if (!report_.stopped) {
        check_page();
    }
}

void Desk::StoreCheck::check_unknown(MessageStore& store, const std::string& name, const HeldId& id)
{
    if (id.time() >= scope_.before) {
        return;
    }
    StoreFinding finding{.kind = Kind::file_without_row, .quarantine = name, .id = id};
    try {
        take_up(store, id, finding);
    } catch (const Unreadable& error) {
        finding.kind = Kind::unreadable;
        finding.what = error.what();
    }
    add(std::move(finding));
}

/// Puts the message back on record, as its trace lines say.
void Desk::StoreCheck::take_up(MessageStore& store, const HeldId& id, StoreFinding& finding)
{
    const auto file = read_file(store, id);
    if (!file) {
        finding.what = "went away while it was looked at";
        return;
    }
    const store::Trace& trace = file->trace;
    finding.quarantine = trace.quarantine;
    const Quarantine* const quarantine = settings_->quarantine(trace.quarantine);
    if (quarantine == nullptr) {
        finding.what = "is not on record, and its quarantine is not configured any more";
        return;
    }
    finding.what = "is not on record";
    if (!scope_.repair) {
        return;
    }
    HeldMail mail;
    mail.id = id;
    mail.quarantine = trace.quarantine;
    mail.received = trace.received;
    mail.envelope.sender = trace.sender;
    mail.envelope.queue_id = trace.queue_id;
    mail.action = to_string(quarantine->action);
    mail.stored = true;
    std::set<std::string> keys;
    for (const std::string& recipient : trace.recipients) {
        if (keys.insert(mail::key(recipient)).second) { // one recipient in two spellings is one recipient
            mail.recipients.push_back({.address = recipient, .state = first_state(*quarantine)});
        }
    }
    complete(mail, file->bytes);
    add_reason(mail, file->bytes);
    record(store, mail, notices_for(mail, *quarantine, file->bytes), finding);
}

void Desk::StoreCheck::record(MessageStore& store, const HeldMail& mail, std::vector<catalog::NewNotice> tell,
                              StoreFinding& finding)
{
    const bool tells = !tell.empty();
    const catalog::NewMail offered{.mail = mail, .tell = std::move(tell)};
    const catalog::Recorded recorded =
        desk_.catalog_.record({offered}, mail.received - settings_->global.retry_window).front();
    finding.repaired = true;
    if (recorded.is_itself) {
        finding.what = "is on record by now"; // its transaction took its time, or another process was faster
        return;
    }
    catalog::NewMail anew =
        catalog::with_lost_bytes(offered, recorded, [&](const HeldId& id) { return bytes_are_lost(id); });
    if (!anew.mail.recipients.empty()) {
        anew.tell.clear(); // they have been told of the earlier one
        desk_.catalog_.record_anew(anew);
        finding.what =
            fmt::format("was not on record; taken up again: the same mail, held as {}, has lost its bytes",
                        recorded.before.back().id.str());
    } else if (recorded.known) {
        // We died before the sender heard of it, and the mail came again.
        store.remove(mail.id);
        finding.what = fmt::format("a leftover: the same mail is held as {}; removed", recorded.id.str());
    } else {
        finding.what =
            tells ? "was not on record; taken up again" : "was not on record; taken up again, nobody is told";
        report_.notices_due = report_.notices_due || tells;
    }
}

/// As when it was held (Holding::records).
std::vector<catalog::NewNotice>
Desk::StoreCheck::notices_for(const HeldMail& mail, const Quarantine& quarantine, std::string_view bytes)
{
    std::vector<catalog::NewNotice> notices;
    if (!scope_.sweep || !quarantine.notifier || mail.received < desk_.clock_.now() - kTellWithin) {
        return notices;
    }
    mail::ContentDigest digest(bytes);
    digest.finish();
    if (desk_.catalog_.own_mail(digest.as_received()).is_notice) {
        return notices;
    }
    for (const HeldRecipient& recipient : mail.recipients) {
        for (std::string& address : quarantine.notifier->tells(recipient.address)) {
            notices.push_back({.recipient = recipient.address, .send_to = std::move(address)});
        }
    }
    return notices;
}

/// Why it is held, as the rules say now: the trace lines do not tell.
void Desk::StoreCheck::add_reason(HeldMail& mail, std::string_view bytes) const
{
    mail::Headers headers;
    mail::parse_headers(bytes, headers);
    const policy::Verdict verdict = settings_->ruleset.judge(mail.envelope, headers, nullptr);
    for (policy::QuarantineIndex index = 0; index < settings_->quarantines.size(); ++index) {
        if (settings_->quarantines.at(index).name != mail.quarantine) {
            continue;
        }
        if (const policy::Match* const match = verdict.match_of(index)) {
            mail.why = text::to_valid_utf8(match->line);
            mail.groups = match->groups;
        }
    }
}

bool Desk::StoreCheck::bytes_are_lost(const HeldId& id) const
{
    const auto earlier = desk_.catalog_.load(id);
    return earlier && desk_.store_of(*earlier) == nullptr;
}

/// Of a message on record: its file was lost before and is there again, or nobody waits for it.
void Desk::StoreCheck::check_useless(MessageStore& store, const std::string& name, const HeldId& id)
{
    const auto mail = desk_.catalog_.load(id);
    if (!mail) {
        return; // expired since
    }
    const Quarantine* const quarantine = settings_->quarantine(mail->quarantine);
    const bool is_awaited = std::ranges::any_of(mail->recipients, [](const HeldRecipient& recipient) {
        return recipient.state == RecipientState::deleted ? recipient.reply == kLost
                                                          : recipient.state != RecipientState::released;
    });
    if (!is_awaited) {
        drop_useless(store, name, id);
        return;
    }
    if (quarantine == nullptr) {
        return; // nobody knows what to make of it
    }
    StoreFinding finding{.kind = Kind::found_again,
                         .quarantine = mail->quarantine,
                         .id = id,
                         .what = "was on record as lost, but it is there"};
    finding.repaired = scope_.repair && desk_.releases_.put_back(id, kLost, first_state(*quarantine));
    add(std::move(finding));
}

void Desk::StoreCheck::drop_useless(MessageStore& store, const std::string& name, const HeldId& id)
{
    StoreFinding finding{
        .kind = Kind::useless_file, .quarantine = name, .id = id, .what = "nobody waits for it any more"};
    if (scope_.repair) {
        store.remove(id);
        desk_.releases_.mark_gone({id});
        finding.repaired = true;
    }
    add(std::move(finding));
}

/// Every row that counts on bytes: are they there?
void Desk::StoreCheck::check_rows(const Quarantine& quarantine)
{
    std::vector<HeldId> missing;
    HeldId behind = scope_.since == Time{} ? HeldId() : HeldId(scope_.since, std::string(10, '\0'));
    for (;;) {
        const std::vector<HeldId> page = search_.stored_ids(quarantine.name, behind, kPage);
        if (page.empty()) {
            break;
        }
        behind = page.back();
        std::ranges::copy_if(page, std::back_inserter(missing), [&](const HeldId& id) {
            return !(scope_.sweep && id.time() >= scope_.before) && is_missing(quarantine, id);
        });
        rows_ += page.size();
        if (!progress_("rows of " + quarantine.name, rows_, 0)) {
            report_.stopped = true;
            break;
        }
    }
    settle_missing(quarantine, missing);
}

bool Desk::StoreCheck::is_missing(const Quarantine& quarantine, const HeldId& id) const
{
    if (quarantine.store->open(id) != nullptr) {
        return false;
    }
    const auto mail = desk_.catalog_.load(id);
    // Else expired or deleted since, or in the folder that the quarantine had before.
    return mail && !mail->gone && desk_.store_of(*mail) == nullptr;
}

/// Is any message on record that is older than this one in its place?
bool Desk::StoreCheck::has_any_before(const Quarantine& quarantine, const HeldId& newer)
{
    return std::ranges::any_of(search_.stored_ids(quarantine.name, {}, kPage), [&](const HeldId& id) {
        return id.str() < newer.str() && quarantine.store->open(id) != nullptr;
    });
}

void Desk::StoreCheck::settle_missing(const Quarantine& quarantine, const std::vector<HeldId>& missing)
{
    // Nobody looks on while it sweeps. A folder that has nothing from before what is missing may
    // be the place where a disk should be mounted; what came since lies in it.
    if (scope_.sweep && !missing.empty() && !has_any_before(quarantine, missing.front())) {
        throw BackendError(
            fmt::format("{} of the messages on record are not in {}, and none that is older is: is its disk "
                        "mounted? Nothing was done; quarantinectl store check --repair marks them as lost",
                        missing.size(), quarantine.store->folder()));
    }
    for (const HeldId& id : missing) {
        StoreFinding finding{.kind = Kind::row_without_file,
                             .quarantine = quarantine.name,
                             .id = id,
                             .what = "is on record, but not in the store"};
        if (scope_.repair) {
            desk_.releases_.mark_gone({id}, kLost);
            finding.repaired = true;
        }
        add(std::move(finding));
    }
}

void Desk::StoreCheck::add(StoreFinding finding)
{
    if (finding.repaired || scope_.sweep) {
        log::warning("store", {{"quarantine", finding.quarantine},
                               {"id", finding.id.str()},
                               {"what", finding.what},
                               {"status", finding.repaired ? "repaired" : "left"}});
    }
    report_.findings.push_back(std::move(finding));
}

} // namespace qm
