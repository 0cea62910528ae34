// One connection to the milter, as of a Postfix smtpd: it carries many mails.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/file.h"
#include "load/address.h"
#include "load/meter.h"
#include "load/protocol.h"
#include "load/verdict.h"

namespace qm::load {

class Connection;

/// What a connection tells the worker it belongs to.
class ConnectionOwner {
  public:
    virtual ~ConnectionOwner() = default;
    /// It can take a mail.
    virtual void ready(Connection& connection) = 0;
    /// The milter has spoken: a final answer, or none where the client broke the mail off. Then it can take
    /// the next one.
    virtual void judged(Connection& connection, const Verdict* verdict) = 0;
    /// It is gone, with the mail it had; `reason` is for people.
    virtual void lost(Connection& connection, const std::string& reason) = 0;
    /// To watch for room to write as well, or no longer.
    virtual void wants_room(Connection& connection, bool wants) = 0;
};

/// Thread-safety: none, it belongs to one worker.
class Connection {
  public:
    Connection(ConnectionOwner& owner, const Mix& mix, const std::string& bodies, Meter& meter)
        : owner_(owner), mix_(mix), bodies_(bodies), meter_(meter)
    {
    }

    /// Begins to connect; ready() or lost() follows. False, with errno, when that fails at once.
    bool open(const Address& address);
    /// To be called when the socket can be read or written.
    void on_event(bool readable);
    /// Begins a mail. judged() or lost() follows, perhaps before this returns.
    void offer(std::unique_ptr<Mail> mail, std::string queue_id);
    /// Says goodbye, as after a client's QUIT.
    void quit();
    /// Goes away without a word.
    void drop();

    int descriptor() const { return socket_.get(); }
    bool is_open() const { return static_cast<bool>(socket_); }
    bool has_mail() const { return mail_ != nullptr; }
    const Mail& mail() const { return *mail_; }
    std::unique_ptr<Mail> take_mail() { return std::move(mail_); }
    std::uint64_t carried() const { return carried_; }
    /// All of its mail is with the milter, which has not answered yet.
    bool waits_for_the_end() const
    {
        return has_mail() && waits_ && stage_ == Stage::end_of_message && out_.empty();
    }
    Clock::time_point waits_since() const { return sent_at_; }

  private:
    void go_on();
    bool write_part();
    bool breaks_off();
    bool flush();
    void read();
    void take(const Answer& answer);
    void next_part();
    MacroFacts facts(std::string_view recipient = {}) const;

    ConnectionOwner& owner_;
    const Mix& mix_;
    const std::string& bodies_;
    Meter& meter_;

    FileDescriptor socket_;
    bool wants_room_ = false;
    std::string out_; ///< not sent yet from sent_ on
    std::size_t sent_ = 0;
    std::string in_;
    std::uint64_t carried_ = 0;

    Negotiated negotiated_;
    std::optional<Macros> macros_;
    Stage stage_ = Stage::negotiation; ///< of the part that is written next or was written last
    std::size_t part_ = 0;             ///< recipient, header or byte of the body
    unsigned parts_written_ = 0;       ///< of this mail
    bool skips_body_ = false;
    bool waits_ = false; ///< for an answer
    bool greeted_ = false;
    Clock::time_point sent_at_{};

    std::unique_ptr<Mail> mail_;
    std::string queue_id_;
    Verdict verdict_;
};

} // namespace qm::load
