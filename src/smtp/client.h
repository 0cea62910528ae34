// Hands one message to a mail server (RFC 5321) and says truly what became of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "quarantine/notifier.h"
#include "quarantine/section.h"

namespace qm::smtp {

enum class Tls : std::uint8_t {
    none,     ///< never
    starttls, ///< when the server offers it (certificate not checked: opportunistic, RFC 7435)
    require,  ///< STARTTLS with a valid certificate, or nothing is sent
};

/// Where and how to hand in mail.
struct Server {
    std::string host = "127.0.0.1";
    std::uint16_t port = 25;
    Tls tls = Tls::none;
    std::string user; ///< "" : no AUTH
    std::string password;
    std::string ca_file; ///< whose certificates are trusted with Tls::require; "": the system's
    std::chrono::seconds connect_timeout{10};
    std::chrono::seconds total_timeout{120};
};

/// The options smtp_host, smtp_port, smtp_tls, smtp_tls_ca_file, smtp_user, smtp_password.
std::span<const Option> options();
/// Reads them from a section; mistakes are noted there.
Server server_of(const Section& section);

/// A message as it goes over the wire (RFC 5321, section 2.3.8): a bare LF becomes CRLF, and it ends with
/// one. A lone CR is a byte like any other and stays.
std::string with_crlf(std::string message);

/// Keeps its connection open between messages, as long as the server does. The program must ignore SIGPIPE: a
/// TLS library writes to a closed connection without asking.
///
/// Thread-safety: none; one thread at a time.
class Client {
  public:
    explicit Client(Server server);
    ~Client();
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;

    /// Sends `bytes` (CRLF line ends; dots are stuffed here) from `sender` ("" is the null sender) to one
    /// recipient; a CRLF is added when there is none at the end. Addresses that
    /// could break out of their command are `refused` without a connection, and so is a message with a dot
    /// between bare line ends (some servers take that for its end). An address outside ASCII is `refused`
    /// where the server does not offer SMTPUTF8. Never throws for what a server or a network does, and takes
    /// at most total_timeout. A connection that turns out to be closed before the server asked for the
    /// message is opened anew once.
    Delivery send(std::string_view sender, std::string_view recipient, std::string_view bytes);

  private:
    class Session;
    std::unique_ptr<Session> session_;
};

} // namespace qm::smtp
