#include <array>
#include <cerrno>

#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "smtp/client.h"
#include "smtp/wire.h"

namespace qm::smtp {
namespace {

constexpr std::array kOptions{
    Option{.name = "smtp_host",
           .kind = OptionKind::text,
           .fallback = "127.0.0.1",
           .help =
               "The mail server that takes notices and released mail: a name, an IPv4 or an IPv6 address.",
           .aliases = "notification_email_smtp_host",
           .example = "127.0.0.1"},
    Option{.name = "smtp_port",
           .kind = OptionKind::number,
           .fallback = "25",
           .help = "The port of smtp_host. Best is a port of its own whose mail no milter sees.",
           .aliases = "notification_email_smtp_port",
           .min = 1,
           .max = 65535,
           .example = "10027"},
    Option{.name = "smtp_tls",
           .kind = OptionKind::choice,
           .fallback = "none",
           .help =
               "none: never encrypted. starttls: encrypted when the server offers it, its certificate is not "
               "checked. require: encrypted and with a valid certificate, or nothing is sent.",
           .choices = "none|starttls|require"},
    Option{.name = "smtp_tls_ca_file",
           .kind = OptionKind::path,
           .help = "The certificates (PEM) that smtp_tls = require trusts; empty: those of the system.",
           .example = "/etc/ssl/certs/our-ca.pem"},
    Option{.name = "smtp_user", .kind = OptionKind::text, .help = "The login at smtp_host; empty for none."},
    Option{.name = "smtp_password",
           .kind = OptionKind::secret,
           .help = "The password of smtp_user; better in a file of its own: smtp_password_file."},
};

bool is_loopback(std::string_view host)
{
    return host == "localhost" || host.starts_with("127.") || host == "::1" || host == "[::1]";
}

} // namespace

std::span<const Option> options()
{
    return kOptions;
}

Server server_of(const Section& section)
{
    Server server;
    server.host = section.text("smtp_host");
    if (!is_host(server.host)) {
        section.mistake("smtp_host", "\"" + text::printable(server.host, 100) +
                                         "\" is not a host name, an IPv4 or an IPv6 address");
        server.host = Server{}.host;
    }
    server.port = static_cast<std::uint16_t>(section.number("smtp_port"));
    server.tls = static_cast<Tls>(section.choice("smtp_tls"));
    server.ca_file = section.path("smtp_tls_ca_file");
    if (!server.ca_file.empty() && ::access(server.ca_file.c_str(), R_OK) != 0) {
        section.mistake("smtp_tls_ca_file", server.ca_file + ": " + error_text(errno));
    }
    server.user = section.text("smtp_user");
    server.password = section.secret("smtp_password");
    if (!server.user.empty() && !section.is_set("smtp_password")) {
        section.mistake("smtp_user", "there is no smtp_password (or smtp_password_file) for this login");
    }
    if (!server.user.empty() && server.tls != Tls::require && !is_loopback(server.host)) {
        section.warning("smtp_tls", "the password of smtp_user may cross the network in clear; \"require\" "
                                    "prevents that");
    }
    return server;
}

} // namespace qm::smtp
