// What reaches the mail server.
#include "smtp/client.h"

#include <random>

#include <gmock/gmock.h>

#include "support/smtp_sink.h"

namespace qm::smtp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::string_view_literals;

Server at(const test::SmtpSink& sink)
{
    Server server;
    server.port = sink.port();
    server.connect_timeout = std::chrono::seconds(5);
    server.total_timeout = std::chrono::seconds(20);
    return server;
}

constexpr auto kMessage = "Subject: x\r\n\r\nHello\r\n";

} // namespace

TEST(SmtpClient, AMessageArrivesWithItsEnvelopeAndTheReplyComesBack)
{
    test::SmtpSink sink;
    Client client(at(sink));
    const auto delivery = client.send("Sender@Example.org", "U@Our.Example", kMessage);
    EXPECT_EQ(delivery.outcome, DeliveryOutcome::delivered);
    EXPECT_EQ(delivery.reply, "250 2.0.0 Ok: queued as SINK1");
    const auto messages = sink.messages();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].sender, "Sender@Example.org");
    EXPECT_THAT(messages[0].recipients, ElementsAre("U@Our.Example"));
    EXPECT_EQ(messages[0].bytes, kMessage);
}

TEST(SmtpClient, TheNullSenderIsEmptyBrackets)
{
    test::SmtpSink sink;
    Client client(at(sink));
    EXPECT_EQ(client.send("", "u@our.example", kMessage).outcome, DeliveryOutcome::delivered);
    EXPECT_EQ(sink.messages().at(0).sender, "");
    EXPECT_THAT(sink.commands(), testing::Contains(StartsWith("MAIL FROM:<>")));
}

TEST(SmtpClient, OneConnectionServesManyMessages)
{
    test::SmtpSink sink;
    Client client(at(sink));
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(client.send("", "u@our.example", kMessage).outcome, DeliveryOutcome::delivered);
    }
    EXPECT_EQ(sink.connections(), 1);
    EXPECT_EQ(sink.messages().size(), 5U);
}

TEST(SmtpClient, QuotedAddressesGoOutAsTheyAre)
{
    test::SmtpSink sink;
    Client client(at(sink));
    EXPECT_EQ(client.send("\"a@b c\"@Example.org", "\"x>\"@our.example", kMessage).outcome,
              DeliveryOutcome::delivered);
    EXPECT_EQ(sink.messages().at(0).sender, "\"a@b c\"@Example.org");
    EXPECT_THAT(sink.messages().at(0).recipients, ElementsAre("\"x>\"@our.example"));
}

TEST(SmtpClient, AnAddressWithALineEndIsRefusedWithoutAConnection)
{
    test::SmtpSink sink;
    Client client(at(sink));
    for (const auto* address : {"u@our.example\r\nDATA", "", "no body", "<u@our.example>"}) {
        EXPECT_EQ(client.send("a@b.example", address, kMessage).outcome, DeliveryOutcome::refused) << address;
    }
    EXPECT_EQ(client.send("a@b.example\r\nRCPT TO:<x@y>", "u@our.example", kMessage).outcome,
              DeliveryOutcome::refused);
    EXPECT_EQ(sink.connections(), 0);
}

TEST(SmtpClient, AHiddenEndOfMessageIsNeverSent)
{
    test::SmtpSink sink;
    Client client(at(sink));
    const auto delivery = client.send("", "u@our.example", "Subject: x\r\n\r\na\n.\r\nMAIL FROM:<>\r\n");
    EXPECT_EQ(delivery.outcome, DeliveryOutcome::refused);
    EXPECT_THAT(delivery.reply, HasSubstr("bare line ends"));
    EXPECT_EQ(sink.connections(), 0);
}

TEST(SmtpClient, DotsAtTheBeginningOfLinesSurvive)
{
    test::SmtpSink sink;
    Client client(at(sink));
    const std::string message = ".first: x\r\n\r\n.\r\n..\r\n.x\r\nMAIL FROM:<>\r\n.\r\n";
    EXPECT_EQ(client.send("", "u@our.example", message).outcome, DeliveryOutcome::delivered);
    ASSERT_EQ(sink.messages().size(), 1U);
    EXPECT_EQ(sink.messages()[0].bytes, message);
}

TEST(SmtpClient, EveryByteArrivesWhateverTheSizeAndTheLineEnds)
{
    test::SmtpSink sink;
    Client client(at(sink));
    std::mt19937 random(1);
    constexpr auto kLetters = ".\r\n.\r\nab\xff\0 .\r\n"sv;
    std::size_t sent = 0;
    for (const std::size_t size :
         {0U, 1U, 2U, 100U, 16383U, 16384U, 16385U, 65535U, 65536U, 65537U, 131072U, 400000U}) {
        for (const std::string end : {"\r\n", "", "\r", "\r\n.\r\n", "."}) {
            std::string message;
            while (message.size() < size) {
                message += random() % 3 == 0 ? "\r\n." : std::string(1, kLetters[random() % kLetters.size()]);
            }
            message.resize(size);
            for (std::size_t i = 0; i + 1 < message.size(); ++i) { // nothing that is refused
                if (message[i] == '.' && (message[i + 1] == '\r' || message[i + 1] == '\n') &&
                    !(i >= 2 && message[i - 1] == '\n' && message[i - 2] == '\r')) {
                    message[i] = 'x';
                }
            }
            message += "z" + end;
            ASSERT_EQ(client.send("", "u@our.example", message).outcome, DeliveryOutcome::delivered);
            const auto arrived = sink.messages().at(sent++).bytes;
            // A message without a line end at its end cannot be sent without one.
            const auto expected = message.ends_with("\r\n") ? message : message + "\r\n";
            ASSERT_TRUE(arrived == expected) << "size " << size << ", end " << testing::PrintToString(end);
        }
    }
    EXPECT_EQ(sink.connections(), 1);
}

TEST(SmtpClient, AnEmptyMessageArrivesEmpty)
{
    test::SmtpSink sink;
    Client client(at(sink));
    EXPECT_EQ(client.send("", "u@our.example", "").outcome, DeliveryOutcome::delivered);
    ASSERT_EQ(sink.messages().size(), 1U);
    EXPECT_THAT(sink.messages()[0].bytes, testing::AnyOf("", "\r\n"));
}

TEST(SmtpClient, LongAndBareLinesGoOutAsGiven)
{
    test::SmtpSink sink;
    Client client(at(sink));
    const std::string message = "Subject: x\r\n\r\n" + std::string(5000, 'x') + "\nbare\r\n";
    EXPECT_EQ(client.send("", "u@our.example", message).outcome, DeliveryOutcome::delivered);
    EXPECT_EQ(sink.messages().at(0).bytes, message);
}

TEST(SmtpClient, AddressesOutsideAsciiNeedTheServersOffer)
{
    test::SmtpSink sink;
    Client client(at(sink));
    EXPECT_EQ(client.send("", "jürgen@our.example", kMessage).outcome, DeliveryOutcome::delivered);
    EXPECT_THAT(sink.messages().at(0).parameters, HasSubstr("SMTPUTF8"));
    EXPECT_THAT(sink.messages().at(0).recipients, ElementsAre("jürgen@our.example"));

    test::SmtpScript script;
    script.keywords = {"8BITMIME"};
    sink.set(script);
    EXPECT_EQ(client.send("", "u@our.example", kMessage).outcome, DeliveryOutcome::delivered);
    const auto delivery = client.send("", "jürgen@our.example", kMessage);
    EXPECT_EQ(delivery.outcome, DeliveryOutcome::refused);
    EXPECT_THAT(delivery.reply, HasSubstr("SMTPUTF8"));
    EXPECT_EQ(client.send("jürgen@x.example", "u@our.example", kMessage).outcome, DeliveryOutcome::refused);
    EXPECT_EQ(sink.messages().size(), 2U);
    EXPECT_EQ(client.send("", "u@our.example", kMessage).outcome, DeliveryOutcome::delivered);
}

TEST(SmtpClient, LogsInWhenTold)
{
    test::SmtpScript script;
    script.user = "quarantine";
    script.password = "geheim äöü";
    test::SmtpSink sink(script);
    auto server = at(sink);
    server.user = script.user;
    server.password = script.password;
    EXPECT_EQ(Client(server).send("", "u@our.example", kMessage).outcome, DeliveryOutcome::delivered);
    EXPECT_EQ(sink.messages().size(), 1U);
}

TEST(SmtpClient, ItsEndClosesTheConnection)
{
    test::SmtpSink sink;
    {
        Client client(at(sink));
        client.send("", "u@our.example", kMessage);
        EXPECT_EQ(sink.open_connections(), 1);
    }
    EXPECT_TRUE(sink.wait_for_open(0));
    EXPECT_EQ(sink.commands().back(), "QUIT");
}

TEST(SmtpClient, MovesWithItsConnection)
{
    test::SmtpSink sink;
    Client first(at(sink));
    first.send("", "u@our.example", kMessage);
    Client second(std::move(first));
    EXPECT_EQ(second.send("", "u@our.example", kMessage).outcome, DeliveryOutcome::delivered);
    EXPECT_EQ(sink.connections(), 1);
}

} // namespace qm::smtp
