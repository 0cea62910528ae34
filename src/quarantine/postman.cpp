#include "quarantine/postman.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "base/log.h"
#include "quarantine/error.h"
#include "store/trace.h"

namespace qm {
namespace {

constexpr std::size_t kBatch = 5;
/// Longer than composing and sending kBatch notices can take: a claim that ends means its postman is gone.
constexpr std::chrono::seconds kClaim{15 * 60};
constexpr std::chrono::seconds kFirstPause{20};
constexpr std::chrono::seconds kLongestPause{3600};
constexpr std::chrono::seconds kIdle{5};
/// How long our own notice may take to come back through the milter after its last attempt.
constexpr std::chrono::hours kReturn{24 * 5};

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
            tried = deliver_due();
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
    const std::vector<catalog::DueNotice> due = outbox_.claim(kBatch, kClaim);
    for (const catalog::DueNotice& notice : due) {
        deliver(notice);
    }
    return due.size();
}

void Postman::deliver(const catalog::DueNotice& due)
{
    const std::shared_ptr<const Settings> settings = settings_.get();
    const std::optional<HeldMail> mail = catalog_.load(due.message);
    if (!mail) {
        outbox_.expired(due, "the message is no longer on record");
        return;
    }
    const Quarantine* const quarantine = settings->quarantine(mail->quarantine);
    if (quarantine == nullptr || !quarantine->notifier) {
        settle(due,
               {.outcome = DeliveryOutcome::deferred, .reply = "the quarantine has no notifier any more"},
               *mail, std::chrono::hours(24));
        return;
    }
    std::unique_ptr<MessageReader> message;
    try {
        const auto& bytes = mail->stored ? quarantine->store : settings->spool;
        message = bytes->open(due.message);
        if (message) {
            message = store::without_trace(std::move(message));
        }
    } catch (const BackendError& error) {
        message.reset();
        log::error(mail->envelope.queue_id,
                   {{"id", mail->id.str()}, {"error", error.what()}, {"status", "unreadable"}});
    }
    const Notice notice{.number = due.number,
                        .mail = *mail,
                        .recipient = due.recipient,
                        .created = due.created,
                        .expires = {}};
    const ComposedNotice composed = quarantine->notifier->compose(notice, message.get());
    outbox_.announce(due, composed, clock_.now() + kReturn);
    const Delivery delivery = quarantine->notifier->send(composed);
    settle(due, delivery, *mail, quarantine->notification_retry);
    drop_spooled(*settings, *mail);
}

void Postman::settle(const catalog::DueNotice& due, const Delivery& delivery, const HeldMail& mail,
                     std::chrono::seconds retry)
{
    std::string status;
    switch (delivery.outcome) {
    case DeliveryOutcome::delivered:
        keep_trying([&] { outbox_.sent(due, delivery.reply); });
        status = "told";
        break;
    case DeliveryOutcome::refused:
        keep_trying([&] { outbox_.refused(due, delivery.reply); });
        status = "notice-refused";
        break;
    case DeliveryOutcome::unknown:
    case DeliveryOutcome::deferred: {
        const Time next = clock_.now() + pause_after(due.attempts + 1);
        if (next > due.created + retry) {
            outbox_.expired(due, delivery.reply);
            status = "notice-expired";
        } else {
            keep_trying([&] { outbox_.try_again(due, delivery.reply, next); });
            status = delivery.outcome == DeliveryOutcome::unknown ? "notice-unknown" : "notice-deferred";
        }
        break;
    }
    }
    const auto level =
        delivery.outcome == DeliveryOutcome::delivered ? log::Level::info : log::Level::warning;
    log::write(level, mail.envelope.queue_id.empty() ? "NOQUEUE" : mail.envelope.queue_id,
               {{"quarantine", mail.quarantine},
                {"id", mail.id.str()},
                {"to", fmt::format("<{}>", due.recipient)},
                {"attempt", std::to_string(due.attempts + 1)},
                {"reply", delivery.reply},
                {"status", status}});
}

/// What a mail server said must not be forgotten because the catalog is busy: a notice would go out twice.
void Postman::keep_trying(const std::function<void()>& write)
{
    for (;;) {
        try {
            write();
            return;
        } catch (const BackendError& error) {
            if (stopping_.load()) {
                throw;
            }
            log::error("postman", {{"error", error.what()}, {"status", "tries-again"}});
        }
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, std::chrono::seconds(1), [&] { return stopping_.load(); });
    }
}

void Postman::sweep_spool()
{
    const std::shared_ptr<const Settings> settings = settings_.get();
    if (!settings->spool) {
        return;
    }
    std::vector<HeldId> leftovers;
    settings->spool->list([&](const HeldId& id) {
        if (!outbox_.has_open_notices(id)) {
            leftovers.push_back(id);
        }
        return true;
    });
    for (const HeldId& id : leftovers) {
        settings->spool->remove(id);
        log::info("postman", {{"id", id.str()}, {"status", "spool-leftover-removed"}});
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
