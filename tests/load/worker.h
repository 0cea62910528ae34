// A thread with its share of the connections.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "load/address.h"
#include "load/connection.h"
#include "load/journal.h"
#include "load/mail.h"
#include "load/meter.h"

namespace qm::load {

struct Plan {
    Mix mix;
    unsigned connections = 10;
    unsigned threads = 2;
    unsigned idle = 0;                         ///< connections more, open and silent
    std::uint64_t messages = 0;                ///< 0: no end but the duration's
    std::chrono::duration<double> duration{0}; ///< 0: no end but that of the messages
    std::chrono::duration<double> warmup{0};   ///< latencies and rate count from then on
    std::uint64_t per_connection = 20;
    double rate = 0;    ///< mails a second; 0: as fast as answers come
    unsigned burst = 1; ///< so many of each worker's at the same moment
    bool retry = false;
    std::chrono::milliseconds retry_after{200};
    std::chrono::seconds patience{60}; ///< for one answer, and for a milter that takes no connections
};

/// What all workers share.
struct Shared {
    Shared(const Plan& the_plan, const Address& the_address, const Journal& the_journal)
        : plan(the_plan), address(the_address), journal(the_journal),
          bodies(the_plan.mix.content.empty() ? body_text(the_plan.mix.body.most) : the_plan.mix.content)
    {
    }

    const Plan& plan;
    const Address& address;
    const Journal& journal;
    const std::string bodies;
    std::atomic<std::uint64_t> next_number{0};
    std::atomic<std::uint64_t> next_queue_id{1};
    std::atomic<std::uint64_t> answered{0};
    std::atomic<unsigned> idle_open{0};
    std::atomic<bool> go{false}; ///< the idle connections stand, the clock runs
    Clock::time_point began;     ///< written before `go`
};

struct Counts {
    std::array<std::uint64_t, kKinds> right{};
    std::uint64_t measured = 0; ///< of those answered right, after the warm-up
    std::uint64_t offered = 0;  ///< mails, each once
    std::uint64_t offers = 0;   ///< with those offered again
    std::uint64_t deferred = 0;
    std::uint64_t lost = 0; ///< mails whose connection went away before the answer
    std::uint64_t wrong = 0;
    std::uint64_t broken_off = 0;
    std::uint64_t unanswered = 0; ///< mails given up on
    std::uint64_t refused = 0;    ///< connections that could not be made
    std::uint64_t idle_lost = 0;
    std::uint64_t connections = 0;
    std::vector<std::string> complaints; ///< the first few

    void add(const Counts& other);
    std::uint64_t all_right() const;
};

/// Thread-safety: run() belongs to one thread; counts() and meter() to whoever has seen it end.
class Worker final : ConnectionOwner {
  public:
    Worker(Shared& shared, unsigned connections, unsigned idle);

    /// Until every mail of the run is answered or given up on.
    void run();

    const Counts& counts() const { return counts_; }
    const Meter& meter() const { return meter_; }

  private:
    struct Again {
        Clock::time_point due;
        std::unique_ptr<Mail> mail;
    };

    void ready(Connection& connection) override;
    void judged(Connection& connection, const Verdict* verdict) override;
    void lost(Connection& connection, const std::string& reason) override;
    void wants_room(Connection& connection, bool wants) override;

    bool is_idle(const Connection& connection) const { return &connection >= connections_.data() + busy_; }
    void open(Connection& connection);
    void open_closed_ones();
    void close_or_keep(Connection& connection);
    void start_mails();
    void give_up_on_silent_ones();
    void cut_connections();
    void again_or_given_up(std::unique_ptr<Mail> mail);
    std::unique_ptr<Mail> next_mail();
    bool wait(Clock::duration longest);
    bool is_over() const;
    void watch(const Connection& connection, int operation, bool room) const;
    void note(const Mail& mail, const char* word) const;
    void complain(const std::string& text);

    Shared& shared_;
    const Plan& plan_;
    Meter meter_;
    Counts counts_;
    FileDescriptor epoll_;
    const std::size_t busy_; ///< of connections_; those behind are idle
    std::vector<Connection> connections_;
    std::vector<Connection*> ready_;
    std::vector<Connection*> closed_;
    Clock::time_point open_again_{};
    Clock::time_point refused_since_{};
    std::deque<Again> again_;
    std::size_t under_way_ = 0;
    bool no_more_ = false; ///< mails that nobody has offered yet
    Clock::time_point next_due_{};
    unsigned due_ = 0; ///< mails of the burst that has begun
    Clock::time_point now_{};
    Clock::time_point next_look_{};
};

} // namespace qm::load
