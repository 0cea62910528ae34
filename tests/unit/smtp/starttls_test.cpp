// STARTTLS against a server with a real TLS library behind it (starttls_server.py).
#include <array>
#include <cstdio>
#include <memory>

#include <gmock/gmock.h>

#include "smtp/client.h"
#include "support/temp_dir.h"

namespace qm::smtp {
namespace {

using testing::HasSubstr;
using testing::Not;

/// The script, and what it prints.
class TlsServer {
  public:
    explicit TlsServer(const std::string& certificate = "")
        : pipe_(
              popen(("python3 '" QM_SOURCE_DIR "/tests/unit/smtp/starttls_server.py' " + certificate).c_str(),
                    "r"),
              pclose)
    {
        port_ = static_cast<std::uint16_t>(std::stoi("0" + line()));
    }

    std::uint16_t port() const { return port_; }

    /// Everything that it was told, once the connection has ended.
    std::string commands()
    {
        std::string all;
        for (auto next = line(); !next.empty(); next = line()) {
            all += next;
        }
        return all;
    }

  private:
    std::string line()
    {
        std::array<char, 1000> buffer{};
        return std::fgets(buffer.data(), static_cast<int>(buffer.size()), pipe_.get()) == nullptr
                   ? ""
                   : buffer.data();
    }

    std::unique_ptr<FILE, int (*)(FILE*)> pipe_;
    std::uint16_t port_ = 0;
};

Delivery send_to(TlsServer& server, Tls tls, std::string_view recipient = "u@our.example",
                 const std::string& ca_file = "")
{
    Server settings;
    settings.host = "localhost";
    settings.port = server.port();
    settings.tls = tls;
    settings.ca_file = ca_file;
    settings.total_timeout = std::chrono::seconds(20);
    return Client(settings).send("", recipient, "Subject: x\r\n\r\nHello\r\n");
}

} // namespace

TEST(StartTls, IsUsedWhenOfferedWhateverTheCertificate)
{
    TlsServer server;
    const auto delivery = send_to(server, Tls::starttls);
    EXPECT_EQ(delivery.outcome, DeliveryOutcome::delivered) << delivery.reply;
    const auto commands = server.commands();
    EXPECT_THAT(commands, HasSubstr("tls MAIL FROM:<>"));
    EXPECT_THAT(commands, Not(HasSubstr("plain MAIL")));
}

TEST(StartTls, WhatIsOfferedBehindItCounts)
{
    TlsServer server;
    const auto delivery = send_to(server, Tls::starttls, "jürgen@our.example");
    EXPECT_EQ(delivery.outcome, DeliveryOutcome::delivered) << delivery.reply;
    EXPECT_THAT(server.commands(), HasSubstr("SMTPUTF8"));
}

TEST(StartTls, RequiredTlsDoesNotTrustAnyCertificate)
{
    TlsServer server;
    const auto delivery = send_to(server, Tls::require);
    EXPECT_EQ(delivery.outcome, DeliveryOutcome::deferred);
    EXPECT_THAT(delivery.reply, HasSubstr("certificate"));
    EXPECT_THAT(server.commands(), Not(HasSubstr("MAIL")));
}

TEST(StartTls, RequiredTlsTrustsTheCertificatesItIsGiven)
{
    const test::TempDir folder;
    TlsServer server(folder / "cert.pem");
    const auto delivery = send_to(server, Tls::require, "u@our.example", folder / "cert.pem");
    EXPECT_EQ(delivery.outcome, DeliveryOutcome::delivered) << delivery.reply;
    EXPECT_THAT(server.commands(), HasSubstr("tls MAIL"));
}

TEST(StartTls, IsNotUsedWhenNotWanted)
{
    TlsServer server;
    EXPECT_EQ(send_to(server, Tls::none).outcome, DeliveryOutcome::delivered);
    EXPECT_THAT(server.commands(), HasSubstr("plain MAIL FROM:<>"));
}

} // namespace qm::smtp
