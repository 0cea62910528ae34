// Desk: mail goes out, or is deleted.
#include "quarantine/desk.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "mail/address.h"
#include "mail/content_digest.h"
#include "quarantine/error.h"
#include "quarantine/reading.h"
#include "smtp/client.h"

namespace qm {
namespace {

using Outcome = ReleaseResult::Outcome;

/// A large message to a slow server.
constexpr std::chrono::seconds kSendTime{600};
/// From the first byte on, until it is known how the release ended: a mail server may hold it back that long.
constexpr std::chrono::hours kOwnWhileReleasing{24};
/// After that: filters behind the mail server's queue bring it back within minutes.
constexpr std::chrono::hours kOwnAfterwards{1};
/// How long what the mail server said is tried to be written down.
constexpr std::chrono::seconds kSettlePatience{60};
constexpr std::size_t kMaxReply = 1000;

std::string shown_queue_id(const HeldMail& mail)
{
    return mail.envelope.queue_id.empty() ? "NOQUEUE" : mail.envelope.queue_id;
}

void log_outcome(const HeldMail& mail, const std::string& recipient, const std::string& reply,
                 std::string_view status)
{
    const bool good = status == "released" || status == "copied-out";
    log::write(good ? log::Level::info : log::Level::warning, shown_queue_id(mail),
               {{"quarantine", mail.quarantine},
                {"id", mail.id.str()},
                {"from", fmt::format("<{}>", mail.envelope.sender)},
                {"to", fmt::format("<{}>", recipient)},
                {"reply", reply},
                {"status", std::string(status)}});
}

Outcome outcome_of(const Delivery& delivery)
{
    switch (delivery.outcome) {
    case DeliveryOutcome::delivered:
        return Outcome::released;
    case DeliveryOutcome::deferred:
        return Outcome::deferred;
    case DeliveryOutcome::refused:
        return Outcome::refused;
    case DeliveryOutcome::unknown:
        return Outcome::unknown;
    }
    return Outcome::unknown;
}

std::string_view status_of(Outcome outcome)
{
    switch (outcome) {
    case Outcome::released:
        return "released";
    case Outcome::deferred:
        return "release-deferred";
    case Outcome::refused:
        return "release-refused";
    default:
        return "release-unknown";
    }
}

const HeldRecipient* recipient_of(const HeldMail& mail, const std::string& address)
{
    const std::string key = mail::key(address);
    const auto found = std::ranges::find_if(
        mail.recipients, [&](const HeldRecipient& recipient) { return mail::key(recipient.address) == key; });
    return found == mail.recipients.end() ? nullptr : &*found;
}

/// Why a release did not begin, in words.
ReleaseResult not_begun(catalog::NotBegun why, const HeldRecipient& recipient)
{
    using catalog::NotBegun;
    ReleaseResult result{.outcome = Outcome::no_message, .recipient = recipient.address, .reply = {}};
    switch (why) {
    case NotBegun::unknown_message:
        break;
    case NotBegun::unknown_recipient:
        result.outcome = Outcome::no_recipient;
        break;
    case NotBegun::already_released:
        result.outcome = Outcome::already_released;
        result.reply = recipient.reply;
        break;
    case NotBegun::under_way:
        result.outcome = Outcome::under_way;
        result.reply = "a release is under way since " + format_for_people(recipient.changed);
        break;
    case NotBegun::delivered_before:
        result.outcome = Outcome::needs_again;
        result.reply = recipient.state == RecipientState::mta_hold
                           ? "the mail waits in the mail server's own hold queue"
                           : "the mail was delivered, this is only a copy of it";
        break;
    case NotBegun::outcome_unknown:
        result.outcome = Outcome::needs_again;
        result.reply = "the last release may have arrived: " + recipient.reply;
        break;
    case NotBegun::deleted:
        result.outcome = Outcome::deleted;
        result.reply = recipient.reply.empty() ? "deleted" : recipient.reply;
        break;
    }
    return result;
}

/// What the row says already; nothing: it depends on the catalog's answer at the beginning.
std::optional<catalog::NotBegun> hopeless(const HeldRecipient& recipient, bool again)
{
    if (recipient.state == RecipientState::deleted) {
        return catalog::NotBegun::deleted;
    }
    if (recipient.state == RecipientState::released && !again) {
        return catalog::NotBegun::already_released;
    }
    return std::nullopt;
}

} // namespace

smtp::Server Desk::mail_server_of(const HeldMail& mail) const
{
    const std::shared_ptr<const Settings> settings = settings_.get();
    const Quarantine* const quarantine = settings->quarantine(mail.quarantine);
    smtp::Server server = quarantine != nullptr ? quarantine->mail_server : settings->mail_server;
    server.total_timeout = kSendTime;
    return server;
}

std::optional<Desk::Original> Desk::original_of(const HeldMail& mail)
{
    const auto reader = mail.stored ? open(mail) : nullptr;
    if (!reader) {
        return std::nullopt;
    }
    Original original{.bytes = smtp::with_crlf(read_all(*reader)), .digests = {}};
    mail::ContentDigest digest(original.bytes);
    digest.finish();
    original.digests = {digest.as_sent()};
    return original;
}

ReleaseResult Desk::release(const HeldId& id, const std::string& recipient, bool again)
{
    const std::optional<HeldMail> mail = catalog_.load(id);
    if (!mail) {
        return {.outcome = Outcome::no_message, .recipient = recipient, .reply = {}};
    }
    const HeldRecipient* const on_record = recipient_of(*mail, recipient);
    if (on_record == nullptr) {
        return {.outcome = Outcome::no_recipient, .recipient = recipient, .reply = {}};
    }
    if (const auto why = hopeless(*on_record, again)) {
        return not_begun(*why, *on_record);
    }
    const std::optional<Original> original = original_of(*mail);
    if (!original) {
        return {.outcome = Outcome::deleted,
                .recipient = on_record->address,
                .reply = !mail->stored ? "its quarantine keeps no messages"
                         : mail->gone  ? "the stored message was deleted"
                                       : "the store has lost the message"};
    }
    const catalog::Beginning beginning =
        releases_.begin(id, recipient, again, original->digests, clock_.now() + kOwnWhileReleasing);
    if (!beginning.release) {
        return not_begun(beginning.why_not, beginning.recipient);
    }
    if (!beginning.unknown.empty()) {
        persist("nothing was sent", *beginning.release,
                [&] { releases_.take_back(*beginning.release, original->digests); });
        return {.outcome = Outcome::deferred,
                .recipient = on_record->address,
                .reply = fmt::format("nothing was sent: {}", beginning.unknown)};
    }
    smtp::Client client(mail_server_of(*mail));
    Delivery delivery = client.send(mail->envelope.sender, on_record->address, original->bytes);
    delivery.reply = text::printable(delivery.reply, kMaxReply);
    const Outcome outcome = outcome_of(delivery);
    log_outcome(*mail, on_record->address, delivery.reply, status_of(outcome));
    settle(*beginning.release, delivery, original->digests);
    return {.outcome = outcome, .recipient = on_record->address, .reply = delivery.reply};
}

/// What the mail server said must not be forgotten because the catalog is busy. If it stays away, the row
/// stays `releasing`; it becomes a failed release of unknown outcome when this process has ended.
void Desk::settle(const catalog::Release& release, const Delivery& delivery,
                  const std::vector<std::string>& digests)
{
    std::chrono::hours own(0); // it did not go out: nothing of ours can come back
    if (delivery.outcome == DeliveryOutcome::delivered) {
        own = kOwnAfterwards;
    } else if (delivery.outcome == DeliveryOutcome::unknown) {
        own = kOwnWhileReleasing;
    }
    persist(fmt::format("the mail server said \"{}\"", delivery.reply), release, [&] {
        releases_.settle(release, delivery, digests, clock_.now() + own - std::chrono::microseconds(1));
    });
}

void Desk::persist(const std::string& what, const catalog::Release& release,
                   const std::function<void()>& write_down)
{
    const auto deadline = std::chrono::steady_clock::now() + kSettlePatience;
    for (bool said = false;; said = true) {
        try {
            write_down();
            return;
        } catch (const BackendError& error) {
            if (std::chrono::steady_clock::now() > deadline) {
                throw BackendError(fmt::format("{} <{}>: {}, but that could not be written down: {}",
                                               release.message.str(), release.recipient, what, error.what()));
            }
            if (!said) {
                log::error("release", {{"error", error.what()}, {"status", "tries-again"}});
            }
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
}

ReleaseResult Desk::copy(const HeldId& id, const std::string& to)
{
    const std::optional<HeldMail> mail = catalog_.load(id);
    if (!mail) {
        return {.outcome = Outcome::no_message, .recipient = to, .reply = {}};
    }
    const std::optional<Original> original = original_of(*mail);
    if (!original) {
        return {
            .outcome = Outcome::deleted, .recipient = to, .reply = "the message is not stored (any more)"};
    }
    releases_.announce(original->digests, to, clock_.now() + kOwnAfterwards);
    smtp::Client client(mail_server_of(*mail));
    const Delivery delivery = client.send(mail->envelope.sender, to, original->bytes);
    const Outcome outcome = outcome_of(delivery);
    if (outcome == Outcome::deferred || outcome == Outcome::refused) {
        releases_.withdraw(original->digests, to);
    }
    const std::string reply = text::printable(delivery.reply, kMaxReply);
    log_outcome(*mail, to, reply, outcome == Outcome::released ? "copied-out" : "copy-failed");
    return {.outcome = outcome, .recipient = to, .reply = reply};
}

DeleteResult Desk::remove(const HeldId& id, const std::string& recipient)
{
    const std::optional<HeldMail> mail = catalog_.load(id);
    const auto deletion = mail ? releases_.mark_deleted(id, recipient) : std::nullopt;
    if (!deletion) {
        return {};
    }
    DeleteResult result{.found = true,
                        .deleted = deletion->deleted,
                        .releasing = deletion->releasing,
                        .bytes_removed = false};
    // First the catalog, then the bytes: nobody is promised a message that is not there.
    if (deletion->bytes_useless && mail->stored && !mail->gone) {
        if (const auto store = store_of(*mail)) {
            result.bytes_removed = store->remove(id);
        }
        releases_.mark_gone({id});
    }
    for (const std::string& address : result.deleted) {
        log::info(shown_queue_id(*mail), {{"quarantine", mail->quarantine},
                                          {"id", id.str()},
                                          {"to", fmt::format("<{}>", address)},
                                          {"status", "deleted"}});
    }
    return result;
}

RemindResult Desk::remind(const HeldId& id, const std::string& recipient, bool by_name)
{
    using Remind = RemindResult::Outcome;
    const std::optional<HeldMail> mail = catalog_.load(id);
    if (!mail) {
        return {.outcome = Remind::no_message, .recipient = recipient, .send_to = {}};
    }
    const HeldRecipient* const on_record = recipient_of(*mail, recipient);
    if (on_record == nullptr) {
        return {.outcome = Remind::no_recipient, .recipient = recipient, .send_to = {}};
    }
    RemindResult result{.outcome = Remind::due, .recipient = on_record->address, .send_to = {}};
    const std::shared_ptr<const Settings> settings = settings_.get();
    const Quarantine* const quarantine = settings->quarantine(mail->quarantine);
    if (!is_waiting(on_record->state)) {
        result.outcome = Remind::settled;
    } else if (quarantine == nullptr || !quarantine->notifier) {
        result.outcome = Remind::nobody_tells;
    } else if (by_name) {
        result.send_to = {on_record->address};
        result.outcome =
            quarantine->notifier->can_tell(on_record->address) ? Remind::due : Remind::not_an_address;
    } else {
        result.send_to = quarantine->notifier->tells(on_record->address);
        result.outcome = result.send_to.empty() ? Remind::nobody_tells : Remind::due;
    }
    if (result.outcome != Remind::due) {
        result.send_to.clear();
    }
    for (const std::string& address : result.send_to) {
        releases_.remind(id, on_record->address, address);
        log::info(shown_queue_id(*mail), {{"quarantine", mail->quarantine},
                                          {"id", id.str()},
                                          {"to", fmt::format("<{}>", address)},
                                          {"status", "notice-due-again"}});
    }
    return result;
}

std::size_t Desk::resolve_left_releases()
{
    const std::vector<catalog::LeftRelease> left = releases_.resolve_left();
    for (const catalog::LeftRelease& release : left) {
        log::warning(
            release.queue_id.empty() ? "NOQUEUE" : release.queue_id,
            {{"quarantine", release.quarantine},
             {"id", release.message.str()},
             {"to", fmt::format("<{}>", release.recipient)},
             {"reply", "the program that released it ended before the mail server's answer was known"},
             {"status", "release-unknown"}});
    }
    return left.size();
}

} // namespace qm
