// Stands between a program and its PostgreSQL and cuts the connection at the worst moment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <thread>

#include "base/file.h"
#include "base/guarded.h"

namespace qm::test {

/// What becomes of a request of the program's.
enum class Cut : std::uint8_t {
    none,
    before,        ///< the server never sees it, the connection breaks
    after,         ///< the server has done it, and the connection breaks before its answer comes back
    silent_before, ///< the server never sees it, nobody answers
    silent_after,  ///< the server has done it, nobody answers
};
const char* to_string(Cut cut);

/// Passes on what both sides say, and knows as much of PostgreSQL's protocol (version 3) as it takes to tell
/// one request from the next. A request ends with Query or Sync and has been answered with ReadyForQuery.
///
/// Thread-safety: every member may be called at once from any thread.
class PostgresProxy {
  public:
    explicit PostgresProxy(std::uint16_t server_port);
    PostgresProxy(const PostgresProxy&) = delete;
    PostgresProxy& operator=(const PostgresProxy&) = delete;
    ~PostgresProxy();

    std::uint16_t port() const { return port_; }

    /// The number-th request from now (1: the next), of all connections, that has `word` in its text meets
    /// this.
    /// "" is in every request.
    void cut(Cut how, std::size_t number, const std::string& word = {});
    /// Takes no more connections: they are closed at once.
    void refuse(bool refuse);
    /// Everything goes through again; requests are counted no more.
    void behave();
    /// Breaks every connection there is.
    void drop_connections();

    /// Requests with the word since cut().
    std::size_t seen();
    bool has_cut();

  private:
    struct State {
        Cut how = Cut::none;
        std::size_t number = 0;
        std::string word;
        std::size_t seen = 0;
        bool has_cut = false;
        bool refuse = false;
        std::list<int> sockets; ///< of the programs' side
        std::list<std::jthread> threads;
    };
    class Conversation;

    void accept_all();
    Cut fate_of(const std::string& request);

    std::uint16_t server_port_;
    Guarded<State> state_;
    FileDescriptor stop_;
    FileDescriptor listener_;
    std::uint16_t port_ = 0;
    std::jthread acceptor_;
};

} // namespace qm::test
