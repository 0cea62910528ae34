// What was said between us and the mail server about one message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qm::smtp {

/// How far the conversation got: the last thing that we said.
enum class Step : std::uint8_t {
    connect,  ///< nothing yet; the greeting is an answer to this
    hello,    ///< EHLO or HELO
    starttls, ///< STARTTLS
    login,    ///< AUTH
    mail,     ///< MAIL FROM
    rcpt,     ///< RCPT TO
    data,     ///< DATA
    message,  ///< the message itself: the server said 354
};

/// Follows commands and replies. The answer to QUIT is nobody's business and not kept.
///
/// Thread-safety: none.
class Dialogue {
  public:
    /// Another message begins, perhaps on the same connection.
    void begin();

    /// A line that we sent.
    void sent(std::string_view line);
    /// A line of a reply. True when it was the last one of the reply.
    bool heard(std::string_view line);

    Step step() const { return step_; }
    /// We said QUIT.
    bool over() const { return over_; }
    /// The code of the reply to step(), 0 as long as there is none.
    int code() const { return code_; }
    /// The last complete reply, its lines joined: "550 5.1.1 No such user here". At most 2000 bytes of any
    /// kind.
    const std::string& reply() const { return reply_; }
    /// True if the last EHLO was answered with this keyword ("SMTPUTF8").
    bool offers_utf8() const { return utf8_; }
    /// STARTTLS is offered and was not said yet.
    bool may_start_tls() const { return starttls_ && !tls_started_; }

  private:
    void go(Step step);

    Step step_ = Step::connect;
    bool over_ = false;
    bool utf8_ = false;
    bool starttls_ = false;
    bool tls_started_ = false;
    int code_ = 0;
    std::string reply_;
    std::string lines_; ///< of the reply that is being heard
};

} // namespace qm::smtp
