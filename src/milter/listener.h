// Our side of libmilter: opens the socket, runs the callbacks, stops.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "quarantine/desk.h"
#include "quarantine/socket_address.h"

namespace qm::milter {

struct ListenerOptions {
    SocketAddress address;
    unsigned socket_mode = 0660; ///< unix sockets
    std::string socket_group;    ///< "" leaves the group as it is
};

/// libmilter keeps its state in globals: one listener a process.
///
/// Lifetime: desk must outlive the process's last callback: after stop() returned true no callback runs and
/// none begins.
class Listener {
  public:
    Listener(ListenerOptions options, Desk& desk, std::function<void()> notices_due);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// Binds the socket. A stale unix socket is removed only if nobody listens on it. Errors: BackendError.
    void open();

    /// Starts to answer, in threads of its own. The calling thread should be the main one, have TERM and INT
    /// unblocked with handlers of its own, and HUP ignored: libmilter waits for them too and must lose that
    /// race. When this returns, it does.
    void start();

    /// False when libmilter ended by itself.
    bool is_running() const { return state_->running.load(); }

    /// True when libmilter ended with a failure, not because a signal told it to.
    bool failed() const { return state_->failed.load(); }

    /// No new connection, no new callback (those that come are answered 451); waits for the running ones, at
    /// most `patience`. True when none runs any more. Removes its unix socket.
    bool stop(std::chrono::milliseconds patience);

  private:
    void prepare_unix_socket() const;
    void adjust_socket();
    void remove_socket() const;

    ListenerOptions options_;
    Desk& desk_;
    std::function<void()> notices_due_;
    /// Shared with libmilter's main thread, which may outlive this object.
    struct State {
        std::atomic<bool> running{false};
        std::atomic<bool> failed{false};
    };

    std::shared_ptr<State> state_ = std::make_shared<State>();
    std::uint64_t inode_ = 0; ///< of our unix socket
    std::thread thread_;
};

} // namespace qm::milter
