// A mail server inside the test: 127.0.0.1, a free port, replies by script, everything recorded.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/guarded.h"

namespace qm::test {

/// What the sink answers. A reply is one or more lines without the last CRLF.
struct SmtpScript {
    enum class Fault {
        none,
        close_at_mail,        ///< hangs up when MAIL comes
        close_in_message,     ///< hangs up after the first bytes of the message
        close_after_message,  ///< takes the whole message and hangs up without a word
        silent_at_greeting,   ///< takes the connection and says nothing
        silent_after_message, ///< takes the whole message and says nothing
        silent_at_quit,       ///< no answer to QUIT, the connection stays
        say_421_when_idle,    ///< after the first message the next command gets 421 and a hang-up
    };
    std::string greeting = "220 sink.example ESMTP";
    std::string hello = "sink.example"; ///< the first line of the answer to EHLO
    std::vector<std::string> keywords = {"8BITMIME", "SMTPUTF8"};
    std::string mail = "250 2.1.0 Ok";
    std::string rcpt = "250 2.1.5 Ok";
    std::string data = "354 go on";
    std::string end = "250 2.0.0 Ok: queued as SINK1";
    std::string user; ///< not empty: AUTH PLAIN and LOGIN are offered and MAIL needs them
    std::string password;
    Fault fault = Fault::none;
};

struct SinkMessage {
    std::string sender;     ///< what stood between < and >
    std::string parameters; ///< behind MAIL FROM:<...>
    std::vector<std::string> recipients;
    std::string bytes; ///< dots unstuffed, without the end mark
    int connection = 0;
};

/// Takes connections until it is destroyed.
///
/// Thread-safety: every member may be called at once from any thread.
class SmtpSink {
  public:
    explicit SmtpSink(SmtpScript script = {});
    SmtpSink(const SmtpSink&) = delete;
    SmtpSink& operator=(const SmtpSink&) = delete;
    ~SmtpSink();

    std::uint16_t port() const { return port_; }
    /// For what comes from now on, also on open connections.
    void set(SmtpScript script);

    std::vector<SinkMessage> messages();
    /// Every command line without its CRLF, of all connections.
    std::vector<std::string> commands();
    /// How many connections were taken in all.
    int connections();
    /// How many of them are open.
    int open_connections();
    /// False when there are fewer messages at the end of the time.
    bool wait_for_messages(std::size_t count, std::chrono::milliseconds limit = std::chrono::seconds(10));
    /// False when more connections are open at the end of the time.
    bool wait_for_open(int at_most, std::chrono::milliseconds limit = std::chrono::seconds(10));

    /// Closes every open connection from this side, without a word.
    void drop_connections();

  private:
    struct State {
        SmtpScript script;
        std::vector<SinkMessage> messages;
        std::vector<std::string> commands;
        std::vector<int> open; ///< descriptors
        int connections = 0;
        std::list<std::jthread> threads;
    };
    friend class SinkConversation;

    void accept_all();
    void serve(FileDescriptor socket, int number);

    Guarded<State> state_;
    FileDescriptor stop_;
    FileDescriptor listener_;
    std::uint16_t port_ = 0;
    std::jthread acceptor_;
};

} // namespace qm::test
