// Ends waits that a client library would never end by itself.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace qm::sql {

/// One thread of the process that shuts down the sockets of statements that take too long. The library behind
/// the socket then sees the end of the connection and returns an error.
///
/// Thread-safety: every member may be called at once from any thread.
/// Lifetime:      made at the first watch, joined at the end of the process; no object that lives longer than
///                main() may hold a connection.
class Watchdog {
  public:
    using Clock = std::chrono::steady_clock;

    static Watchdog& of_process();
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    /// Watches one call. `socket` is a duplicate that belongs to the caller: the library may close its own at
    /// any moment, and the number may then belong to somebody else.
    class Watch {
      public:
        /// A negative socket is not watched.
        Watch(int socket, Clock::time_point deadline);
        ~Watch();
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;

        /// True if the deadline passed and the socket was shut down.
        bool fired() const;

      private:
        friend class Watchdog;
        int socket_;
        bool fired_ = false;
        std::multimap<Clock::time_point, Watch*>::iterator place_;
    };

  private:
    Watchdog();
    void run(const std::stop_token& stop);

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::multimap<Clock::time_point, Watch*> watches_;   ///< guarded by mutex_
    Clock::time_point wakes_ = Clock::time_point::max(); ///< guarded by mutex_: when the thread looks next
    std::jthread thread_;                                ///< last member: ends before the others
};

} // namespace qm::sql
