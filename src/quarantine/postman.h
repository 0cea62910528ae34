// Sends due notices, beside the mail path.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/snapshot.h"
#include "catalog/outbox.h"
#include "quarantine/settings.h"

namespace qm {

/// Threads of its own take due notices from the outbox, compose and send them. A slow mail server holds no
/// SMTP session; a restart forgets nothing.
///
/// The pauses after a failed attempt grow: 20 s, 40 s, 80 s ... at most one hour, for
/// notification_retry_days. A refusal (5xx) ends a notice. Each notice is sent once; if the connection breaks
/// after the final dot, nobody can know: it is logged as unknown and tried again under the same Message-ID.
///
/// Thread-safety: every member may be called at once from any thread.
class Postman {
  public:
    static constexpr std::size_t kThreads = 4;

    Postman(Snapshot<Settings>& settings, catalog::Catalog& catalog, catalog::Outbox& outbox,
            const Clock& clock);
    ~Postman();
    Postman(const Postman&) = delete;
    Postman& operator=(const Postman&) = delete;

    /// Removes spooled messages without open notices (of an earlier run) and starts the threads.
    void start();

    /// New notices are due.
    void wake();

    /// Ends the threads; waits for sendings under way, at most this long. True when all threads have ended.
    bool stop(std::chrono::milliseconds patience);

    /// One round: claims what is due now and sends it. Returns how many notices were tried. (What the threads
    /// do; tests call it.)
    std::size_t deliver_due();

    /// How long the slowest thread has been at its current round.
    std::chrono::seconds longest_round() const;

    static std::chrono::seconds pause_after(std::int64_t attempts);

  private:
    /// One thread and its pulse.
    struct Worker {
        std::atomic<std::int64_t> round_began{0}; ///< steady clock, seconds; 0: waiting for work
        std::jthread thread;
    };

    /// A notice between claim and settlement, known to every thread of this process.
    class InFlight {
      public:
        InFlight(Postman& postman, std::int64_t number);
        InFlight(const InFlight&) = delete;
        InFlight& operator=(const InFlight&) = delete;
        ~InFlight();
        explicit operator bool() const { return is_ours_; }

      private:
        Postman& postman_;
        std::int64_t number_;
        bool is_ours_;
    };

    void work(const std::stop_token& stop, Worker& self);
    std::size_t deliver_due(Worker* worker);
    void deliver(const catalog::DueNotice& due, Worker* worker);
    static ComposedNotice compose(const catalog::DueNotice& due, const HeldMail& mail,
                                  const Quarantine& quarantine, const Settings& settings);
    std::string_view settle(const catalog::DueNotice& due, const Delivery& delivery,
                            std::chrono::seconds retry, Worker* worker);
    static void log_notice(const catalog::DueNotice& due, const HeldMail& mail, const std::string& reply,
                           std::string_view status);
    void keep_trying(const std::function<void()>& write, Worker* worker);
    void sweep_spool();
    void drop_spooled(const Settings& settings, const HeldMail& mail);

    Snapshot<Settings>& settings_;
    catalog::Catalog& catalog_;
    catalog::Outbox& outbox_;
    const Clock& clock_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    bool news_ = false;
    std::atomic<bool> stopping_{false};
    Guarded<std::set<std::int64_t>> in_flight_;
    std::atomic<unsigned> running_{0};
    std::array<Worker, kThreads> workers_;
};

} // namespace qm
