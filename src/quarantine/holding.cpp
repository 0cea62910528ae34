#include "quarantine/holding.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include <fmt/format.h>

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "mail/address.h"
#include "mail/decode.h"
#include "quarantine/error.h"
#include "quarantine/stores.h"
#include "store/trace.h"

namespace qm {
namespace {

using policy::Action;
using policy::QuarantineIndex;

constexpr std::size_t kMaxSubject = 1000;
/// Postfix and libmilter cut a header field here without a word; a folded one loses whole lines (of at most 2
/// 048 bytes).
constexpr std::size_t kFieldLimit = 60'000;
constexpr std::size_t kLineLimit = 2'048;

/// After ten minutes a file without a row is anybody's to take up.
constexpr std::chrono::minutes kOurs{5};

std::string notes_on(const mail::Headers& headers)
{
    std::string notes;
    for (std::size_t i = 0; i < headers.size(); ++i) {
        const mail::HeaderField field = headers[i];
        const std::size_t size = field.name.size() + 1 + field.value.size();
        const bool folded = field.value.find('\n') != std::string_view::npos;
        if (size >= kFieldLimit - (folded ? kLineLimit : 2)) {
            notes += fmt::format("{}header {} ({} bytes) may have been cut before it reached us",
                                 notes.empty() ? "" : "; ", text::printable(field.name, 100), size);
        }
    }
    return notes;
}

RecipientState state_in(const Quarantine& quarantine)
{
    switch (quarantine.action) {
    case Action::accept:
        return RecipientState::copied;
    case Action::hold:
        return RecipientState::mta_hold;
    default:
        return RecipientState::held;
    }
}

} // namespace

/// What one quarantine keeps of the mail.
struct Holding::Part {
    QuarantineIndex index = 0;
    HeldId id;                           ///< after keep(): under which it is on record
    std::shared_ptr<MessageStore> bytes; ///< the quarantine's store or the spool; nullptr: no bytes are kept
    std::unique_ptr<MessageWriter> writer; ///< until it is committed
    bool committed = false;
    bool recorded = false; ///< the catalog counts on these bytes
    bool known = false;    ///< offered before: kept under the earlier id
};

Holding::Holding(std::shared_ptr<const Settings> settings, catalog::Catalog& catalog, const Clock& clock,
                 Envelope envelope, const mail::Headers& headers, policy::Verdict verdict)
    : settings_(std::move(settings)), catalog_(catalog), clock_(clock), envelope_(std::move(envelope)),
      verdict_(std::move(verdict)), digest_(headers), begun_(clock.now())
{
    common_.received = begun_;
    common_.subject = mail::decode_for_people(headers.find("Subject"), kMaxSubject);
    common_.header_from = mail::decode_for_people(headers.find("From"), kMaxSubject);
    common_.header_date = mail::decode_for_people(headers.find("Date"), 100);
    common_.notes = notes_on(headers);
    common_.size = headers.block().size() + 2;
    if (verdict_.tempfail) {
        return; // nothing will be kept
    }
    catalog_.expect_room(settings_->global.reserve_space);
    for (QuarantineIndex index = 0; index < settings_->quarantines.size(); ++index) {
        if (concerns(index) && wants_bytes(index)) {
            add_part(index, headers);
        }
    }
}

Holding::~Holding() = default;

bool Holding::concerns(QuarantineIndex index) const
{
    return std::ranges::any_of(verdict_.recipients, [&](const policy::RecipientVerdict& recipient) {
        return recipient.ends_in == index ||
               std::ranges::find(recipient.observed_by, index) != recipient.observed_by.end();
    });
}

bool Holding::wants_bytes(QuarantineIndex index) const
{
    const Quarantine& quarantine = settings_->quarantines.at(index);
    return quarantine.store->keeps() || quarantine.notifier != nullptr;
}

void Holding::add_part(QuarantineIndex index, const mail::Headers& headers)
{
    const Quarantine& quarantine = settings_->quarantines.at(index);
    auto part = std::make_unique<Part>();
    part->index = index;
    part->id = HeldId(begun_, random_bytes(10));
    part->bytes = quarantine.store->keeps() ? quarantine.store : settings_->spool;
    store::Trace trace{.id = part->id,
                       .quarantine = quarantine.name,
                       .received = begun_,
                       .queue_id = envelope_.queue_id,
                       .sender = envelope_.sender,
                       .recipients = {}};
    for (std::size_t i = 0; i < verdict_.recipients.size(); ++i) {
        const policy::RecipientVerdict& recipient = verdict_.recipients.at(i);
        if (recipient.ends_in == index ||
            std::ranges::find(recipient.observed_by, index) != recipient.observed_by.end()) {
            trace.recipients.emplace_back(mail::without_brackets(envelope_.recipients.at(i)));
        }
    }
    part->writer = part->bytes->create(part->id);
    part->writer->write(store::write_trace(trace));
    part->writer->write(headers.block());
    part->writer->write("\r\n");
    parts_.push_back(std::move(part));
}

void Holding::body(std::string_view bytes)
{
    common_.size += bytes.size();
    digest_.body(bytes);
    for (const auto& part : parts_) {
        part->writer->write(bytes);
    }
}

HoldingResult Holding::finish(const std::string& queue_id, const Client& client)
{
    if (!queue_id.empty()) {
        envelope_.queue_id = queue_id;
    }
    envelope_.client = client;
    common_.envelope = envelope_;
    const std::string digest = digest_.finish();
    const catalog::OwnMail own = catalog_.own_mail(digest_.as_received());
    let_own_mail_pass(own);

    HoldingResult result;
    result.answer = answer_for(*settings_, envelope_, verdict_);
    if (result.answer.reply != Answer::Reply::tempfail) {
        std::erase_if(parts_, [&](const auto& part) { return !concerns(part->index); });
        std::vector<catalog::NewMail> mails = records(digest, own.is_notice);
        drop_useless_parts(mails);
        result.notices_due = std::ranges::any_of(mails, [](const auto& mail) { return !mail.tell.empty(); });
        keep(mails);
        if (result.answer.by) {
            const auto part =
                std::ranges::find_if(parts_, [&](const auto& p) { return p->index == *result.answer.by; });
            const bool kept =
                part != parts_.end() && settings_->quarantines.at(*result.answer.by).store->keeps();
            result.answer.reject_reason =
                reason_with_id(result.answer.reject_reason, kept ? (*part)->id.str() : "");
        }
    }
    log_result(result);
    return result;
}

void Holding::let_own_mail_pass(const catalog::OwnMail& own)
{
    if (own.recipients.empty()) {
        return;
    }
    bool all_pass = true;
    for (std::size_t i = 0; i < verdict_.recipients.size(); ++i) {
        const std::string key = mail::key(mail::without_brackets(envelope_.recipients.at(i)));
        if (own.recipients.contains(key)) {
            verdict_.recipients.at(i) = {};
            log::info(shown_queue_id(),
                      {{"from", fmt::format("<{}>", envelope_.sender)},
                       {"to", fmt::format("<{}>", mail::without_brackets(envelope_.recipients.at(i)))},
                       {"kind", own.is_notice ? "notice" : "release"},
                       {"status", "own-mail-passed"}});
        } else {
            all_pass = false;
        }
    }
    verdict_.tempfail = verdict_.tempfail && !all_pass;
}

std::vector<catalog::NewMail> Holding::records(const std::string& digest, bool is_own_notice)
{
    std::vector<catalog::NewMail> mails;
    for (const auto& part : parts_) {
        catalog::NewMail mail;
        mail.mail = held_mail(*part, digest);
        const Quarantine& quarantine = settings_->quarantines.at(part->index);
        if (quarantine.notifier && !is_own_notice) {
            for (const HeldRecipient& recipient : mail.mail.recipients) {
                for (std::string& address : quarantine.notifier->tells(recipient.address)) {
                    mail.tell.push_back({.recipient = recipient.address, .send_to = std::move(address)});
                }
            }
        }
        mails.push_back(std::move(mail));
    }
    return mails;
}

/// A quarantine that keeps nothing has no use for the bytes when nobody will be told.
void Holding::drop_useless_parts(std::vector<catalog::NewMail>& mails)
{
    for (std::size_t i = mails.size(); i-- > 0;) {
        if (!mails.at(i).mail.stored && mails.at(i).tell.empty()) {
            mails.erase(mails.begin() + static_cast<std::ptrdiff_t>(i));
            parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }
}

HeldMail Holding::held_mail(const Part& part, const std::string& digest) const
{
    const Quarantine& quarantine = settings_->quarantines.at(part.index);
    HeldMail mail = common_;
    mail.id = part.id;
    mail.quarantine = quarantine.name;
    mail.digest = digest;
    mail.action = to_string(quarantine.action);
    mail.stored = quarantine.store->keeps();
    if (const policy::Match* const match = verdict_.match_of(part.index)) {
        mail.why = match->gave_up ? "the search gave up on: " + match->line : match->line;
        mail.groups = match->groups;
    }
    if (!text::is_ascii(mail.why)) {
        mail.why = text::to_valid_utf8(mail.why); // a header that matched as received may hold any bytes
    }
    std::unordered_set<std::string> keys;
    for (std::size_t i = 0; i < verdict_.recipients.size(); ++i) {
        const policy::RecipientVerdict& recipient = verdict_.recipients.at(i);
        const bool ours = recipient.ends_in == part.index ||
                          std::ranges::find(recipient.observed_by, part.index) != recipient.observed_by.end();
        const std::string_view address = mail::without_brackets(envelope_.recipients.at(i));
        // One recipient in two spellings is one recipient: told once, released once.
        if (ours && keys.insert(mail::key(address)).second) {
            mail.recipients.push_back(
                {.address = std::string(address), .state = state_in(quarantine), .reply = {}});
        }
    }
    return mail;
}

void Holding::keep(const std::vector<catalog::NewMail>& mails)
{
    if (mails.empty()) {
        return;
    }
    std::vector<catalog::Recorded> recorded;
    try {
        for (const auto& part : parts_) {
            part->writer->commit();
            part->committed = true;
            part->writer.reset();
        }
        recorded = catalog_.record(mails, clock_.now() - settings_->global.retry_window);
        for (std::size_t i = 0; i < parts_.size(); ++i) {
            parts_.at(i)->recorded = !recorded.at(i).known;
        }
        record_where_bytes_are_missing(mails, recorded);
    } catch (const catalog::UnknownOutcome&) {
        leave_bytes();
        throw;
    } catch (...) {
        undo();
        throw;
    }
    // On record and durable: from here on nothing may be undone.
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        Part& part = *parts_.at(i);
        if (recorded.at(i).known) {
            remove_bytes(part);
            part.known = true;
            part.id = recorded.at(i).id;
        }
    }
}

/// Recipients on record whose bytes the store has lost: for them, those that came now are kept and recorded
/// anew.
void Holding::record_where_bytes_are_missing(const std::vector<catalog::NewMail>& mails,
                                             std::vector<catalog::Recorded>& recorded)
{
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        Part& part = *parts_.at(i);
        std::set<std::string> ids;
        const catalog::NewMail anew =
            catalog::with_lost_bytes(mails.at(i), recorded.at(i), [&](const HeldId& id) {
                const bool is_lost = has_lost(*settings_, settings_->quarantines.at(part.index), id);
                if (is_lost) {
                    ids.insert(id.str());
                }
                return is_lost;
            });
        if (ids.empty()) {
            continue;
        }
        for (const std::string& id : ids) {
            log::error(
                shown_queue_id(),
                {{"quarantine", anew.mail.quarantine}, {"id", id}, {"status", "bytes-lost-kept-anew"}});
        }
        catalog_.record_anew(anew);
        recorded.at(i).known = false;
        recorded.at(i).id = part.id;
        part.recorded = true;
    }
}

void Holding::remove_bytes(Part& part) noexcept
{
    part.committed = false;
    try {
        part.bytes->remove(part.id);
    } catch (const std::exception& error) {
        log::error(shown_queue_id(),
                   {{"id", part.id.str()}, {"error", error.what()}, {"status", "leftover"}});
    }
}

/// Nobody knows whether it is on record. If it is, the mail that comes again is known, and these are its
/// bytes; if not, they are a file without a row, which the sweep finds.
void Holding::leave_bytes() noexcept
{
    for (const auto& part : parts_) {
        part->writer.reset();
        if (part->committed) {
            log::warning(shown_queue_id(), {{"id", part->id.str()}, {"status", "kept-outcome-unknown"}});
        }
    }
    parts_.clear();
}

/// What the catalog did not take goes, unless somebody else may have put it on record by now.
void Holding::undo() noexcept
{
    if (clock_.now() > begun_ + kOurs) {
        leave_bytes();
        return;
    }
    for (const auto& part : parts_) {
        part->writer.reset();
        if (part->committed && !part->recorded) {
            remove_bytes(*part);
        }
    }
    parts_.clear();
}

std::string Holding::shown_queue_id() const
{
    return envelope_.queue_id.empty() ? "NOQUEUE" : envelope_.queue_id;
}

void Holding::log_result(const HoldingResult& result) const
{
    if (result.answer.reply == Answer::Reply::tempfail) {
        log::info(shown_queue_id(), {{"from", fmt::format("<{}>", envelope_.sender)},
                                     {"action", "TEMPFAIL"},
                                     {"status", "deferred"}});
        return;
    }
    for (std::size_t i = 0; i < verdict_.recipients.size(); ++i) {
        const policy::RecipientVerdict& recipient = verdict_.recipients.at(i);
        for (const QuarantineIndex index : recipient.observed_by) {
            log_recipient(i, index, "observed");
        }
        if (recipient.ends_in) {
            const bool hold = settings_->quarantines.at(*recipient.ends_in).action == Action::hold;
            log_recipient(i, *recipient.ends_in, hold ? "mta-hold" : "quarantined");
        }
    }
}

void Holding::log_recipient(std::size_t recipient, QuarantineIndex index, std::string_view status) const
{
    const auto part = std::ranges::find_if(parts_, [&](const auto& p) { return p->index == index; });
    const bool known = part != parts_.end() && (*part)->known;
    const Quarantine& quarantine = settings_->quarantines.at(index);
    const double delay = std::chrono::duration<double>(clock_.now() - begun_).count();
    const std::string subject = settings_->global.log_subject ? common_.subject : std::string();
    const std::string queue_id = shown_queue_id();
    const std::string from = fmt::format("<{}>", envelope_.sender);
    const std::string to = fmt::format("<{}>", mail::without_brackets(envelope_.recipients.at(recipient)));
    const std::string id = part == parts_.end() ? "none" : (*part)->id.str();
    const std::string shown_status = known ? fmt::format("{}-before", status) : std::string(status);
    if (settings_->global.log_subject) {
        log::info(queue_id, {{"quarantine", quarantine.name},
                             {"id", id},
                             {"from", from},
                             {"to", to},
                             {"subject", subject},
                             {"size", std::to_string(common_.size)},
                             {"action", std::string(to_string(quarantine.action))},
                             {"delay", fmt::format("{:.3f}", delay)},
                             {"status", shown_status}});
        return;
    }
    log::info(queue_id, {{"quarantine", quarantine.name},
                         {"id", id},
                         {"from", from},
                         {"to", to},
                         {"size", std::to_string(common_.size)},
                         {"action", std::string(to_string(quarantine.action))},
                         {"delay", fmt::format("{:.3f}", delay)},
                         {"status", shown_status}});
}

} // namespace qm
