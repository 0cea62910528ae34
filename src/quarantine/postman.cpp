#include "quarantine/postman.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "quarantine/error.h"
#include "quarantine/stores.h"
#include "store/trace.h"

namespace qm {
namespace {

constexpr std::size_t kBatch = 5;
/// A claimed notice of which sending has not begun by then is anybody's again.
constexpr std::chrono::seconds kClaim{60};
/// Longer than sending and writing down what came of it can take: its postman is gone.
constexpr std::chrono::seconds kSending{15 * 60};
constexpr std::chrono::seconds kFirstPause{20};
constexpr std::chrono::seconds kLongestPause{3600};
constexpr std::chrono::seconds kIdle{5};
/// A message that cannot be read may be readable in a minute; after so many attempts its recipients are told
/// without its text.
constexpr std::int64_t kReadAttempts = 3;
/// For a notice that failed before its quarantine was known.
constexpr std::chrono::hours kUnknownRetry{24 * 5};
/// Longer than a mail is under way between its file and its row.
constexpr std::chrono::minutes kSpoolGrace{10};
/// How long our own notice may take to come back through the milter after its last attempt.
constexpr std::chrono::hours kReturn{24 * 5};

/// Remembers that reading failed: who composes a notice says something in place of the text, and goes on.
class WatchedReader final : public MessageReader {
  public:
    WatchedReader(std::unique_ptr<MessageReader> reader, std::string& failure)
        : reader_(std::move(reader)), failure_(failure)
    {
    }

    std::size_t read(std::span<char> buffer) override
    {
        try {
            return reader_->read(buffer);
        } catch (const BackendError& error) {
            failure_ = error.what();
            throw;
        }
    }

  private:
    std::unique_ptr<MessageReader> reader_;
    std::string& failure_;
};

std::int64_t steady_seconds()
{
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

} // namespace

Postman::Postman(Snapshot<Settings>& settings, catalog::Catalog& catalog, catalog::Outbox& outbox,
                 const Clock& clock)
    : settings_(settings), catalog_(catalog), outbox_(outbox), clock_(clock)
{
}

Postman::~Postman()
{
    stopping_.store(true);
    for (Worker& worker : workers_) {
        worker.thread.request_stop();
    }
}

void Postman::start()
{
    sweep_spool();
    for (Worker& worker : workers_) {
        running_.fetch_add(1);
        worker.thread = std::jthread([this, &worker](const std::stop_token& stop) {
            work(stop, worker);
            running_.fetch_sub(1);
        });
    }
}

void Postman::wake()
{
    {
        const std::lock_guard lock(mutex_);
        news_ = true;
    }
    wake_.notify_one();
}

bool Postman::stop(std::chrono::milliseconds patience)
{
    stopping_.store(true);
    for (Worker& worker : workers_) {
        worker.thread.request_stop();
    }
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (running_.load() > 0 && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return running_.load() == 0;
}

void Postman::work(const std::stop_token& stop, Worker& self)
{
    std::string last_error;
    while (!stop.stop_requested()) {
        self.round_began.store(steady_seconds());
        std::size_t tried = 0;
        try {
            tried = deliver_due(&self);
            last_error.clear();
        } catch (const std::exception& error) {
            if (last_error != error.what()) { // once, not every five seconds
                last_error = error.what();
                log::error("postman", {{"error", last_error}, {"status", "paused"}});
            }
        }
        self.round_began.store(0);
        if (tried == 0) {
            std::unique_lock lock(mutex_);
            wake_.wait_for(lock, stop, kIdle, [&] { return news_; });
            news_ = false;
        }
    }
}

std::size_t Postman::deliver_due()
{
    return deliver_due(nullptr);
}

std::size_t Postman::deliver_due(Worker* worker)
{
    const std::vector<catalog::DueNotice> due = outbox_.claim(kBatch, kClaim);
    for (const catalog::DueNotice& notice : due) {
        const InFlight in_flight(*this, notice.number);
        if (!in_flight) {
            continue; // a thread of ours still has it: the catalog was away for longer than the claim lasts
        }
        if (stopping_.load()) {
            outbox_.let_go(notice);
            continue;
        }
        try {
            deliver(notice, worker);
        } catch (const std::exception& error) {
            // This notice waits its turn; the others are not to blame.
            log::error(
                "postman",
                {{"notice", std::to_string(notice.number)}, {"error", error.what()}, {"status", "failed"}});
            settle(notice, {.outcome = DeliveryOutcome::deferred, .reply = error.what()}, kUnknownRetry,
                   worker);
        }
    }
    return due.size();
}

Postman::InFlight::InFlight(Postman& postman, std::int64_t number)
    : postman_(postman), number_(number), is_ours_(postman_.in_flight_.lock()->insert(number).second)
{
}

Postman::InFlight::~InFlight()
{
    if (is_ours_) {
        postman_.in_flight_.lock()->erase(number_);
    }
}

void Postman::deliver(const catalog::DueNotice& due, Worker* worker)
{
    const std::shared_ptr<const Settings> settings = settings_.get();
    const std::optional<HeldMail> mail = catalog_.load(due.message);
    if (!mail) {
        keep_trying([&] { outbox_.expired(due, "the message is no longer on record"); }, worker);
        return;
    }
    const Quarantine* const quarantine = settings->quarantine(mail->quarantine);
    if (quarantine == nullptr || !quarantine->notifier) {
        keep_trying([&] { outbox_.expired(due, "the quarantine tells nobody any more"); }, worker);
        log_notice(due, *mail, "the quarantine tells nobody any more", "notice-expired");
    } else {
        if (due.maybe_sent) {
            log_notice(due, *mail, "the last attempt ended before its outcome was known", "notice-unknown");
        }
        const ComposedNotice composed = compose(due, *mail, *quarantine, *settings);
        if (!outbox_.announce(due, composed, clock_.now() + kReturn, kSending)) {
            return; // composing took so long that it is somebody else's now
        }
        const Delivery delivery = quarantine->notifier->send(composed);
        try {
            log_notice(due, *mail, delivery.reply,
                       settle(due, delivery, quarantine->notification_retry, worker));
        } catch (const BackendError&) {
            // We are asked to stop, and the catalog does not take it down. The claim stays: whoever has the
            // notice next knows that it may have been sent.
            const bool maybe = delivery.outcome == DeliveryOutcome::delivered ||
                               delivery.outcome == DeliveryOutcome::unknown;
            log_notice(due, *mail, delivery.reply, maybe ? "notice-unknown" : "notice-deferred");
            return;
        }
    }
    drop_spooled(*settings, *mail);
}

ComposedNotice Postman::compose(const catalog::DueNotice& due, const HeldMail& mail,
                                const Quarantine& quarantine, const Settings& settings)
{
    std::string unreadable;
    std::unique_ptr<MessageReader> message;
    try {
        if (!mail.gone) {
            message = bytes_of(settings, mail).bytes;
            if (!message) { // out of reach, as far as anybody knows
                throw BackendError(fmt::format("store: the file of {} is not there", mail.id.str()));
            }
            message = std::make_unique<WatchedReader>(store::without_trace(std::move(message)), unreadable);
        }
    } catch (const BackendError& error) {
        message.reset();
        unreadable = error.what();
    }
    const std::optional<Time> expires = quarantine.expires(mail);
    const Notice notice{.number = due.number,
                        .mail = mail,
                        .recipient = due.recipient,
                        .send_to = due.send_to,
                        .created = due.created,
                        .expires = expires ? format_day(*expires) : std::string()};
    ComposedNotice composed = quarantine.notifier->compose(notice, message.get());
    if (unreadable.empty()) {
        unreadable = composed.trouble;
    }
    if (!unreadable.empty()) {
        if (due.attempts < kReadAttempts) {
            throw BackendError(unreadable);
        }
        log::error(mail.envelope.queue_id,
                   {{"id", mail.id.str()}, {"error", unreadable}, {"status", "unreadable"}});
    }
    return composed;
}

std::string_view Postman::settle(const catalog::DueNotice& due, const Delivery& delivery,
                                 std::chrono::seconds retry, Worker* worker)
{
    switch (delivery.outcome) {
    case DeliveryOutcome::delivered:
        keep_trying([&] { outbox_.sent(due, delivery.reply); }, worker);
        return "told";
    case DeliveryOutcome::refused:
        keep_trying([&] { outbox_.refused(due, delivery.reply); }, worker);
        return "notice-refused";
    case DeliveryOutcome::unknown:
    case DeliveryOutcome::deferred:
        break;
    }
    const Time next = clock_.now() + pause_after(due.attempts + 1);
    if (next > due.created + retry) {
        keep_trying([&] { outbox_.expired(due, delivery.reply); }, worker);
        return "notice-expired";
    }
    keep_trying([&] { outbox_.try_again(due, delivery.reply, next); }, worker);
    return delivery.outcome == DeliveryOutcome::unknown ? "notice-unknown" : "notice-deferred";
}

void Postman::log_notice(const catalog::DueNotice& due, const HeldMail& mail, const std::string& reply,
                         std::string_view status)
{
    log::write(status == "told" ? log::Level::info : log::Level::warning,
               mail.envelope.queue_id.empty() ? "NOQUEUE" : mail.envelope.queue_id,
               {{"quarantine", mail.quarantine},
                {"id", mail.id.str()},
                {"to", fmt::format("<{}>", due.send_to)},
                {"attempt", std::to_string(due.attempts + 1)},
                {"reply", reply},
                {"status", std::string(status)}});
}

/// What a mail server said must not be forgotten because the catalog is busy: a notice would go out twice.
void Postman::keep_trying(const std::function<void()>& write, Worker* worker)
{
    for (bool said = false;; said = true) {
        if (worker != nullptr) {
            worker->round_began.store(steady_seconds()); // it waits for the catalog; it does not hang
        }
        try {
            write();
            return;
        } catch (const BackendError& error) {
            if (stopping_.load()) {
                throw;
            }
            if (!said) {
                log::error("postman", {{"error", error.what()}, {"status", "tries-again"}});
            }
        }
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, std::chrono::seconds(1), [&] { return stopping_.load(); });
    }
}

void Postman::sweep_spool()
{
    const std::shared_ptr<const Settings> settings = settings_.get();
    if (!settings->uses_spool()) {
        return;
    }
    try {
        std::vector<HeldId> leftovers;
        // On a shared catalog another node may be about to record it.
        const Time before = catalog_.file().empty() ? clock_.now() - kSpoolGrace : Time::max();
        settings->spool->list(Time{}, [&](const HeldId& id) {
            if (id.time() >= before) {
                return true;
            }
            const std::optional<HeldMail> mail = catalog_.load(id);
            if (!mail || (!mail->stored && !outbox_.has_open_notices(id))) {
                leftovers.push_back(id);
            }
            return true;
        });
        for (const HeldId& id : leftovers) {
            settings->spool->remove(id);
            log::info("postman", {{"id", id.str()}, {"status", "spool-leftover-removed"}});
        }
    } catch (const BackendError& error) {
        log::warning("postman", {{"error", error.what()}, {"status", "spool-not-swept"}});
    }
}

/// A quarantine that keeps nothing lends the message to its notices only.
void Postman::drop_spooled(const Settings& settings, const HeldMail& mail)
{
    if (!mail.stored && settings.spool && !outbox_.has_open_notices(mail.id)) {
        settings.spool->remove(mail.id);
    }
}

std::chrono::seconds Postman::longest_round() const
{
    std::int64_t longest = 0;
    for (const Worker& worker : workers_) {
        if (const std::int64_t began = worker.round_began.load(); began != 0) {
            longest = std::max(longest, steady_seconds() - began);
        }
    }
    return std::chrono::seconds(longest);
}

std::chrono::seconds Postman::pause_after(std::int64_t attempts)
{
    std::chrono::seconds pause = kFirstPause;
    for (std::int64_t i = 1; i < attempts && pause < kLongestPause; ++i) {
        pause *= 2;
    }
    return std::min(pause, kLongestPause);
}

} // namespace qm
