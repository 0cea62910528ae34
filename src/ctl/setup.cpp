// quarantinectl setup postfix|sendmail: what belongs into the mail server's configuration.
#include <array>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "config/config.h"
#include "ctl/exit_code.h"
#include "ctl/verbs.h"
#include "quarantine/socket_address.h"

namespace qm::ctl {
namespace {

/// Debian's Postfix is shut in here and writes names below it relative to it.
constexpr std::string_view kPostfixRoot = "/var/spool/postfix/";
constexpr std::int64_t kReinjectionPort = 10027;
constexpr std::int64_t kSmtpPort = 25;

/// Of the service in master.cf; docs/postfix.md says why each of them.
constexpr std::array<std::string_view, 9> kReinjectionOptions{
    "syslog_name=postfix/reinject",
    "smtpd_milters=",
    "non_smtpd_milters=",
    "content_filter=",
    "local_header_rewrite_clients=",
    "receive_override_options=no_header_body_checks",
    "smtpd_client_restrictions=permit_mynetworks,reject",
    "mynetworks=127.0.0.0/8",
    "smtpd_tls_security_level=none",
};

/// Where notices and released mail are handed in.
struct Reinjection {
    std::string host;
    std::int64_t port = 0;

    bool operator<(const Reinjection& other) const
    {
        return std::tie(host, port) < std::tie(other.host, other.port);
    }

    /// Our own mail comes in where everybody's does, milters included.
    bool is_common_port() const { return port == kSmtpPort; }
};

std::set<Reinjection> reinjections(const Settings& settings)
{
    const config::Config config(settings.file, vocabulary());
    std::set<Reinjection> places;
    for (const Quarantine& quarantine : settings.quarantines) {
        if (const Section* const section = config.section(quarantine.name)) {
            places.insert({section->text("smtp_host"), section->number("smtp_port")});
        }
    }
    return places;
}

bool is_loopback(const std::string& host)
{
    return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

/// The ports to be opened on this machine; the usual one where none is configured.
std::set<Reinjection> services(const std::set<Reinjection>& places)
{
    std::set<Reinjection> open;
    for (const Reinjection& place : places) {
        if (place.is_common_port() || is_loopback(place.host)) {
            open.insert({"127.0.0.1", place.is_common_port() ? kReinjectionPort : place.port});
        }
    }
    return open;
}

void say_what_to_change(Output& output, const std::set<Reinjection>& places)
{
    for (const Reinjection& place : places) {
        if (place.is_common_port()) {
            output.line(fmt::format(
                "# In our configuration, instead of port {}: smtp_host = 127.0.0.1 and smtp_port = {}",
                kSmtpPort, kReinjectionPort));
        } else if (!is_loopback(place.host)) {
            output.line(
                fmt::format("# {} port {} is another machine's: its mail must pass no milter there either.",
                            harmless_line(place.host), place.port));
        }
    }
}

std::string folder_of(const std::string& path)
{
    return path.substr(0, path.rfind('/'));
}

/// As Postfix writes the address of a milter.
std::string for_postfix(Output& output, const SocketAddress& socket)
{
    if (socket.family() != SocketAddress::Family::unix_domain) {
        const std::string host = socket.host() == "0.0.0.0" ? "127.0.0.1"
                                 : socket.host() == "::"    ? "::1"
                                                            : socket.host();
        return socket.family() == SocketAddress::Family::inet6
                   ? fmt::format("inet:[{}]:{}", host, socket.port())
                   : fmt::format("inet:{}:{}", host, socket.port());
    }
    const std::string& path = socket.path();
    if (path.starts_with(kPostfixRoot)) {
        output.line("# Postfix's SMTP server is shut in " +
                    std::string(kPostfixRoot.substr(0, kPostfixRoot.size() - 1)) +
                    ": the name is relative to it.");
        output.line(fmt::format("# The folder, once:  install -d -o quarantine-milter -g postfix -m 2750 {}",
                                harmless_line(folder_of(path))));
        return "unix:" + harmless_line(path.substr(kPostfixRoot.size()));
    }
    output.line(fmt::format("# The socket {} lies outside of {}:", harmless_line(path), kPostfixRoot));
    output.line("# a Postfix that is shut in there, as Debian's is, cannot reach it. Either set in our "
                "configuration");
    output.line(fmt::format("#   socket = unix:{}quarantine-milter/milter.sock", kPostfixRoot));
    output.line("#   socket_group = postfix");
    output.line(
        "# and ask again, or let the SMTP server out (\"n\" in the chroot column of master.cf), with");
    output.line("#   adduser postfix quarantine-milter");
    return "unix:" + harmless_line(path);
}

} // namespace

int run_setup_postfix(Context& context)
{
    Output& output = context.output();
    const auto settings = context.settings();
    output.line("# /etc/postfix/main.cf, last of smtpd_milters: behind the scanners whose headers our rules "
                "look for.");
    const std::string milter = for_postfix(output, SocketAddress(settings->global.socket));
    output.line("smtpd_milters =");
    output.line("    # ... the milters that are there already ...");
    output.line(fmt::format("    {{ {}, default_action=tempfail }}", milter));
    output.line("");
    output.line(
        "# /etc/postfix/master.cf: a port for notices and released mail, whose mail passes no milter.");
    const auto places = reinjections(*settings);
    say_what_to_change(output, places);
    for (const Reinjection& service : services(places)) {
        output.line(fmt::format("{}:{} inet n - y - - smtpd", service.host, service.port));
        for (const std::string_view option : kReinjectionOptions) {
            output.line(fmt::format("  -o {}", option));
        }
    }
    output.line("");
    output.line("# master.cf as well, at submission and submissions (smtps): mail of your own users passes "
                "without us.");
    output.line("#  -o smtpd_milters=");
    output.line("");
    output.line("# Then:  postfix reload");
    return kDone;
}

int run_setup_sendmail(Context& context)
{
    Output& output = context.output();
    const auto settings = context.settings();
    const SocketAddress socket(settings->global.socket);
    std::string address;
    switch (socket.family()) {
    case SocketAddress::Family::unix_domain:
        address = "local:" + harmless_line(socket.path());
        break;
    case SocketAddress::Family::inet:
        address = fmt::format("inet:{}@{}", socket.port(),
                              socket.host() == "0.0.0.0" ? "127.0.0.1" : socket.host());
        break;
    case SocketAddress::Family::inet6:
        address = fmt::format("inet6:{}@{}", socket.port(), socket.host() == "::" ? "::1" : socket.host());
        break;
    }
    const std::string filter =
        fmt::format("FILTER(`quarantine-milter', `S={}, F=T, T=C:30s;S:4m;R:4m;E:10m')dnl", address);
    output.line("dnl /etc/mail/sendmail.mc, behind the filters whose headers our rules look for.");
    if (socket.family() == SocketAddress::Family::unix_domain && socket.path().starts_with(kPostfixRoot)) {
        output.line("dnl The socket is where Postfix wants it. For sendmail set in our configuration");
        output.line("dnl   socket = unix:/run/quarantine-milter/milter.sock   and take socket_group out.");
    }
    output.line("INPUT_MAIL_" + filter);
    output.line("");
    output.line(
        "dnl A port for notices and released mail, without filters; the other port then names its own:");
    output.line("dnl in place of the line above");
    output.line("dnl   MAIL_" + filter);
    output.line(
        "dnl   DAEMON_OPTIONS(`Name=MTA, Family=inet, Port=smtp, InputMailFilters=quarantine-milter')dnl");
    const auto places = reinjections(*settings);
    for (const Reinjection& service : services(places)) {
        output.line(fmt::format("dnl   DAEMON_OPTIONS(`Name=Reinjection, Family=inet, Addr={}, Port={}')dnl",
                                service.host, service.port));
    }
    for (const Reinjection& place : places) {
        if (place.is_common_port()) {
            output.line(fmt::format("dnl and in our configuration smtp_host = 127.0.0.1, smtp_port = {}",
                                    kReinjectionPort));
        }
    }
    output.line("");
    output.line("dnl Then:  sendmailconfig");
    return kDone;
}

} // namespace qm::ctl
