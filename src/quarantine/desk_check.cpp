// Desk: stores and catalog agree, or are made to; and mail that was held elsewhere is taken up.
#include "quarantine/desk.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "base/log.h"
#include "catalog/process_lock.h"
#include "quarantine/error.h"
#include "quarantine/store_check.h"
#include "smtp/client.h"
#include "store/trace.h"

namespace qm {
namespace {

/// A mail that is being held at this moment has its file before its row.
constexpr std::chrono::minutes kGrace{10};
constexpr std::chrono::seconds kTurnPatience{30};
/// The newest message on record is this much younger than a leftover of the process that recorded it can be.
constexpr std::chrono::hours kLookBack{24};

} // namespace

StoreReport Desk::check_stores(bool repair, const Progress& progress)
{
    const auto turn = repair ? std::optional(hold_stores()) : std::nullopt;
    return StoreCheck(*this, {.repair = repair, .sweep = false, .since = {}, .before = clock_.now() - kGrace},
                      progress)
        .run();
}

catalog::ProcessLock Desk::hold_stores()
{
    // The daemon's sweep at its start takes a moment.
    const auto deadline = std::chrono::steady_clock::now() + kTurnPatience;
    for (;;) {
        if (auto turn = catalog::take_turn(catalog_, catalog::Turn::stores)) {
            return std::move(*turn);
        }
        if (std::chrono::steady_clock::now() > deadline) {
            throw BackendError("another process is just checking or filling the stores; try again later");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

std::optional<StoreReport> Desk::sweep(Time before, const Progress& progress, Time not_swept_since)
{
    const auto turn = catalog::take_turn(catalog_, catalog::Turn::stores);
    if (!turn) {
        return std::nullopt;
    }
    const HeldId newest = catalog::Search(catalog_).newest();
    // A mail that was held while the clock was wrong must not hide what is older.
    const Time newest_time = std::min({newest.time(), clock_.now(), not_swept_since});
    const Time since = newest.empty() ? Time{} : newest_time - kLookBack;
    return StoreCheck(*this, {.repair = true, .sweep = true, .since = since, .before = before}, progress)
        .run();
}

bool Desk::adopt(const HeldMail& mail, std::string_view bytes)
{
    const std::shared_ptr<const Settings> settings = settings_.get();
    const Quarantine* const quarantine = settings->quarantine(mail.quarantine);
    if (quarantine == nullptr || !quarantine->store->keeps()) {
        throw BackendError(fmt::format("{} is no quarantine that keeps messages", mail.quarantine));
    }
    if (catalog_.load(mail.id)) {
        return false;
    }
    const std::string message = smtp::with_crlf(std::string(bytes));
    HeldMail adopted = mail;
    adopted.stored = true;
    adopted.gone = false;
    adopted.action = to_string(quarantine->action);
    complete(adopted, message);
    // Of an earlier attempt that ended between store and catalog: the bytes are there.
    if (quarantine->store->open(mail.id) == nullptr) {
        store::Trace trace{.id = mail.id,
                           .quarantine = mail.quarantine,
                           .received = mail.received,
                           .queue_id = mail.envelope.queue_id,
                           .sender = mail.envelope.sender,
                           .recipients = {}};
        for (const HeldRecipient& recipient : mail.recipients) {
            trace.recipients.push_back(recipient.address);
        }
        const auto writer = quarantine->store->create(mail.id);
        writer->write(store::write_trace(trace));
        writer->write(message);
        writer->commit();
    }
    const bool is_new = catalog_.adopt(adopted);
    if (is_new) {
        log::info(adopted.envelope.queue_id.empty() ? "NOQUEUE" : adopted.envelope.queue_id,
                  {{"quarantine", adopted.quarantine},
                   {"id", adopted.id.str()},
                   {"from", fmt::format("<{}>", adopted.envelope.sender)},
                   {"size", std::to_string(adopted.size)},
                   {"status", "taken-up"}});
    }
    return is_new;
}

} // namespace qm
