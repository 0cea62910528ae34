// A few connections shared by many threads, opened by a thread of the pool so that no asker waits for a name
// server or a connection attempt longer than they want to.
#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "quarantine/error.h"
#include "sql/connection.h"

namespace qm::sql {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Between two tries of a server that is away.
constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{2'000};
/// So long askers wait for the outcome of a try: a server that was only restarted is found at once.
constexpr milliseconds kGrace{300};
/// A try that fails sooner was refused: then another one is worth an asker's wait. A server that hangs takes
/// longer.
constexpr milliseconds kSoon{100};

} // namespace

class Pool::Body {
  public:
    Body(Target target, const ConnectOptions& options, std::size_t size)
        : target_(std::move(target)), options_(options), size_(std::max<std::size_t>(1, size))
    {
    }

    ~Body()
    {
        opener_.request_stop();
        if (opener_.joinable()) {
            opener_.join();
        }
    }
    Body(const Body&) = delete;
    Body& operator=(const Body&) = delete;

    std::unique_ptr<Connection> take(milliseconds patience);
    void give_back(std::unique_ptr<Connection> connection);

    const Target target_;

  private:
    struct Idle {
        std::unique_ptr<Connection> connection;
        std::uint64_t generation;
    };
    using Lock = std::unique_lock<std::mutex>;

    std::unique_ptr<Connection> idle_one(Lock& lock);
    void refuse_when_away(Lock& lock, Clock::time_point deadline);
    void failed(const std::string& reason);
    void open_connections(const std::stop_token& stop);
    bool wants_connection() const { return waiting_ > idle_.size() && total_ < size_; }
    void start_opener();

    const ConnectOptions options_;
    const std::size_t size_;

    std::mutex mutex_;                    ///< guards everything below
    std::condition_variable_any changed_; ///< the server, or what the opener has to do
    std::condition_variable returned_;    ///< a connection is idle, or the askers of a round are answered
    std::vector<Idle> idle_;
    std::vector<std::pair<const Connection*, std::uint64_t>> leased_;
    std::size_t total_ = 0;        ///< idle, leased and being opened
    std::size_t waiting_ = 0;      ///< askers of this round
    std::uint64_t round_ = 0;      ///< grows with each failed opening: its askers are answered with it
    std::uint64_t generation_ = 0; ///< grows when connections break: the older ones are not to be trusted
    bool is_away_ = false;         ///< a server that the opener tries
    bool is_trying_ = false;       ///< while it is away
    bool wants_try_ = false;       ///< an asker does not want to wait for the next one
    bool was_refused_ = true;      ///< the last try failed soon
    Clock::time_point try_began_{};
    std::uint64_t tries_ = 0;
    std::string last_error_;
    std::jthread opener_; ///< last member: ends before the others; started by the first asker
};

/// A connection nobody uses and that still works, or nothing.
std::unique_ptr<Connection> Pool::Body::idle_one(Lock& lock)
{
    while (!idle_.empty()) {
        Idle idle = std::move(idle_.back());
        idle_.pop_back();
        if (idle.generation == generation_ && !idle.connection->is_abandoned()) {
            leased_.emplace_back(idle.connection.get(), idle.generation);
            return std::move(idle.connection);
        }
        --total_;
        lock.unlock();
        idle.connection->mark_broken();
        idle.connection.reset();
        lock.lock();
    }
    return nullptr;
}

void Pool::Body::refuse_when_away(Lock& lock, Clock::time_point deadline)
{
    if (is_away_ && was_refused_) {
        if (!is_trying_ && !wants_try_) {
            wants_try_ = true;
            try_began_ = Clock::now();
            changed_.notify_all();
        }
        const std::uint64_t before = tries_;
        changed_.wait_until(lock, std::min(deadline, try_began_ + kGrace),
                            [&] { return !is_away_ || tries_ != before; });
    }
    if (is_away_) {
        throw BackendError(fmt::format("{} (it is tried every few seconds)", last_error_));
    }
}

void Pool::Body::start_opener()
{
    if (!opener_.joinable()) {
        opener_ = std::jthread([this](const std::stop_token& stop) { open_connections(stop); });
    }
}

std::unique_ptr<Connection> Pool::Body::take(milliseconds patience)
{
    Lock lock(mutex_);
    const Clock::time_point deadline = Clock::now() + patience;
    refuse_when_away(lock, deadline);
    if (auto connection = idle_one(lock)) {
        return connection;
    }
    start_opener();
    const std::uint64_t round = round_;
    ++waiting_;
    if (wants_connection()) {
        changed_.notify_all();
    }
    for (;;) {
        const bool in_time =
            returned_.wait_until(lock, deadline, [&] { return round_ != round || !idle_.empty(); });
        if (round_ != round) {
            throw BackendError(last_error_);
        }
        auto connection = idle_one(lock);
        if (connection == nullptr && in_time && round_ == round) {
            if (wants_connection()) { // the idle one did not work any more
                changed_.notify_all();
            }
            continue;
        }
        if (round_ == round) {
            --waiting_;
        }
        if (connection != nullptr) {
            return connection;
        }
        throw BackendError(fmt::format("database {}: no connection within {} ms ({} of {} in use)",
                                       target_.shown(), patience.count(), leased_.size(), size_));
    }
}

/// Called with the lock held.
void Pool::Body::failed(const std::string& reason)
{
    last_error_ = reason;
    // A file answers at once, whatever the answer is: nobody waits for it.
    if (target_.engine != Engine::sqlite && !is_away_) {
        is_away_ = true;
        was_refused_ = true; // not known yet
        wants_try_ = true;
        try_began_ = Clock::now();
        ++round_; // who waits now need not wait for the next try
        waiting_ = 0;
        start_opener();
    }
}

void Pool::Body::give_back(std::unique_ptr<Connection> connection)
{
    std::vector<Idle> discarded;
    bool is_kept = false;
    {
        const Lock lock(mutex_);
        const auto place = std::find_if(leased_.begin(), leased_.end(),
                                        [&](const auto& leased) { return leased.first == connection.get(); });
        const std::uint64_t generation = place->second;
        leased_.erase(place);
        if (generation == generation_ && !connection->is_broken()) {
            connection->give_up_at(std::nullopt);
            idle_.push_back({std::move(connection), generation});
            is_kept = true;
        } else {
            --total_;
            // Connections that break together are one failure, and the idle ones are not better.
            if (generation == generation_) {
                ++generation_;
                failed(fmt::format("database {}: the connection broke", target_.shown()));
                total_ -= idle_.size();
                idle_.swap(discarded);
            }
        }
    }
    returned_.notify_one(); // one connection, one asker
    if (!is_kept) {
        changed_.notify_all();
        returned_.notify_all();
    }
    for (const Idle& idle : discarded) {
        idle.connection->mark_broken();
    }
}

void Pool::Body::open_connections(const std::stop_token& stop)
{
    milliseconds pause = kFirstPause;
    Lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return is_away_ || wants_connection(); }) &&
           !stop.stop_requested()) {
        ++total_;
        const std::uint64_t generation = generation_;
        is_trying_ = is_away_;
        wants_try_ = false;
        const Clock::time_point began = Clock::now();
        try_began_ = began;
        lock.unlock();
        std::unique_ptr<Connection> made;
        std::string reason;
        try {
            made = std::make_unique<Connection>(target_, options_);
        } catch (const std::exception& problem) {
            reason = problem.what();
        }
        lock.lock();
        is_trying_ = false;
        ++tries_;
        was_refused_ = Clock::now() - began < kSoon;
        if (made != nullptr) {
            idle_.push_back({std::move(made), generation});
            is_away_ = is_away_ && generation != generation_;
            pause = kFirstPause;
        } else {
            --total_;
            ++round_;
            waiting_ = 0;
            failed(reason);
        }
        changed_.notify_all();
        returned_.notify_all();
        if (is_away_ && made == nullptr) {
            changed_.wait_for(lock, stop, pause, [this] { return wants_try_; });
            pause = std::min(pause * 2, kLongestPause);
        }
    }
}

Pool::Pool(Target target, ConnectOptions options, std::size_t size)
    : body_(std::make_unique<Body>(std::move(target), options, size))
{
}

Pool::~Pool() = default;

Pool::Lease Pool::lease(std::chrono::milliseconds patience)
{
    return Lease(*this, body_->take(patience));
}

const Target& Pool::target() const
{
    return body_->target_;
}

Pool::Lease::~Lease()
{
    if (connection_ != nullptr) {
        pool_->body_->give_back(std::move(connection_));
    }
}

} // namespace qm::sql
