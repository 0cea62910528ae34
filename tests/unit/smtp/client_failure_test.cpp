// What became of a message when something went wrong.
#include <gmock/gmock.h>

#include "smtp/client.h"
#include "support/smtp_sink.h"

namespace qm::smtp {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Fault = test::SmtpScript::Fault;

Server at(const test::SmtpSink& sink)
{
    Server server;
    server.port = sink.port();
    server.connect_timeout = std::chrono::seconds(5);
    server.total_timeout = std::chrono::seconds(20);
    return server;
}

constexpr auto kMessage = "Subject: x\r\n\r\nHello\r\n";

Delivery send_with(const test::SmtpScript& script)
{
    test::SmtpSink sink(script);
    return Client(at(sink)).send("a@b.example", "u@our.example", kMessage);
}

struct Case {
    const char* name;
    std::string test::SmtpScript::*step;
    const char* reply;
    DeliveryOutcome outcome;
};

class SmtpReply : public testing::TestWithParam<Case> {};

} // namespace

TEST_P(SmtpReply, DecidesTheOutcomeAndIsKept)
{
    test::SmtpScript script;
    script.*GetParam().step = GetParam().reply;
    const auto delivery = send_with(script);
    EXPECT_EQ(delivery.outcome, GetParam().outcome);
    EXPECT_THAT(delivery.reply, StartsWith(std::string(GetParam().reply).substr(0, 3)));
    EXPECT_THAT(delivery.reply, HasSubstr("because"));
}

using S = test::SmtpScript;
INSTANTIATE_TEST_SUITE_P(
    Steps, SmtpReply,
    testing::Values(Case{"greeting_4xx", &S::greeting, "421 because", DeliveryOutcome::deferred},
                    Case{"greeting_5xx", &S::greeting, "554 because", DeliveryOutcome::deferred},
                    Case{"mail_4xx", &S::mail, "450 4.7.1 because", DeliveryOutcome::deferred},
                    Case{"mail_5xx", &S::mail, "550 5.7.1 because", DeliveryOutcome::refused},
                    Case{"mail_needs_login", &S::mail, "530 5.7.0 because", DeliveryOutcome::deferred},
                    Case{"rcpt_4xx", &S::rcpt, "452 4.2.2 because", DeliveryOutcome::deferred},
                    Case{"rcpt_5xx", &S::rcpt, "550 5.1.1 because", DeliveryOutcome::refused},
                    Case{"data_4xx", &S::data, "451 4.3.0 because", DeliveryOutcome::deferred},
                    Case{"data_5xx", &S::data, "554 5.5.1 because", DeliveryOutcome::refused},
                    Case{"end_4xx", &S::end, "451 4.3.0 because", DeliveryOutcome::deferred},
                    Case{"end_5xx", &S::end, "550 5.7.1 because", DeliveryOutcome::refused},
                    Case{"end_other_2xx", &S::end, "252 2.0.0 because", DeliveryOutcome::delivered}),
    [](const auto& one) { return one.param.name; });

TEST(SmtpFailure, ARepliesLinesBecomeOnePrintableLine)
{
    test::SmtpScript script;
    script.rcpt = "550-5.1.1 No such user\r\n550-5.1.1 \x1b[31mhere\r\n550 5.1.1 at all";
    EXPECT_EQ(send_with(script).reply, "550 5.1.1 No such user 5.1.1 \\x1b[31mhere 5.1.1 at all");
}

TEST(SmtpFailure, AnEndlessReplyIsCut)
{
    test::SmtpScript script;
    script.rcpt = "550-x";
    for (int i = 0; i < 200; ++i) {
        script.rcpt += "\r\n550-" + std::string(400, 'y');
    }
    script.rcpt += "\r\n550 end";
    const auto delivery = send_with(script);
    EXPECT_EQ(delivery.outcome, DeliveryOutcome::refused);
    EXPECT_LE(delivery.reply.size(), 1100U);
}

TEST(SmtpFailure, NobodyListensIsDeferred)
{
    Server server;
    server.port = test::SmtpSink().port();
    const auto delivery = Client(server).send("", "u@our.example", kMessage);
    EXPECT_EQ(delivery.outcome, DeliveryOutcome::deferred);
    EXPECT_THAT(delivery.reply, HasSubstr("connect"));
}

TEST(SmtpFailure, AnUnknownHostIsDeferred)
{
    Server server;
    server.host = "no-such-host.invalid";
    EXPECT_EQ(Client(server).send("", "u@our.example", kMessage).outcome, DeliveryOutcome::deferred);
    server.host = "127.0.0.1/x y";
    EXPECT_EQ(Client(server).send("", "u@our.example", kMessage).outcome, DeliveryOutcome::deferred);
}

TEST(SmtpFailure, ASilentServerIsDeferredInTime)
{
    test::SmtpScript script;
    script.fault = Fault::silent_at_greeting;
    test::SmtpSink sink(script);
    auto server = at(sink);
    server.connect_timeout = std::chrono::seconds(1);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(Client(server).send("", "u@our.example", kMessage).outcome, DeliveryOutcome::deferred);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(SmtpFailure, AHangUpBehindTheMessageIsUnknown)
{
    test::SmtpScript script;
    script.fault = Fault::close_after_message;
    const auto delivery = send_with(script);
    EXPECT_EQ(delivery.outcome, DeliveryOutcome::unknown);
    EXPECT_THAT(delivery.reply, HasSubstr("may have been taken"));
}

TEST(SmtpFailure, SilenceBehindTheMessageIsUnknown)
{
    test::SmtpScript script;
    script.fault = Fault::silent_after_message;
    test::SmtpSink sink(script);
    auto server = at(sink);
    server.total_timeout = std::chrono::seconds(1);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(Client(server).send("", "u@our.example", kMessage).outcome, DeliveryOutcome::unknown);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(SmtpFailure, AHangUpInsideTheMessageIsDeferred)
{
    test::SmtpScript script;
    script.fault = Fault::close_in_message;
    test::SmtpSink sink(script);
    std::string message = "Subject: x\r\n\r\n";
    message.resize(50'000'000, 'x'); // more than the network takes unread
    const auto delivery = Client(at(sink)).send("", "u@our.example", message);
    EXPECT_EQ(delivery.outcome, DeliveryOutcome::deferred);
    EXPECT_THAT(delivery.reply, HasSubstr("not sent to its end"));
}

TEST(SmtpFailure, AHangUpBeforeTheMessageOfAFreshConnectionIsDeferredAndNotRetried)
{
    test::SmtpScript script;
    script.fault = Fault::close_at_mail;
    test::SmtpSink sink(script);
    EXPECT_EQ(Client(at(sink)).send("", "u@our.example", kMessage).outcome, DeliveryOutcome::deferred);
    EXPECT_EQ(sink.connections(), 1);
}

TEST(SmtpFailure, AConnectionClosedMeanwhileIsOpenedAnew)
{
    test::SmtpSink sink;
    Client client(at(sink));
    client.send("", "u@our.example", kMessage);
    sink.drop_connections();
    EXPECT_EQ(client.send("", "u@our.example", kMessage).outcome, DeliveryOutcome::delivered);
    EXPECT_EQ(sink.connections(), 2);
    EXPECT_EQ(sink.messages().size(), 2U);
}

TEST(SmtpFailure, AnOldConnectionThatFailsAtMailIsOpenedAnewOnce)
{
    for (const auto fault : {Fault::say_421_when_idle, Fault::close_at_mail}) {
        test::SmtpSink sink;
        Client client(at(sink));
        client.send("", "u@our.example", kMessage);
        test::SmtpScript script;
        script.fault = fault;
        sink.set(script);
        const auto outcome = client.send("", "u@our.example", kMessage).outcome;
        EXPECT_EQ(outcome,
                  fault == Fault::close_at_mail ? DeliveryOutcome::deferred : DeliveryOutcome::delivered);
        EXPECT_EQ(sink.connections(), 2);
    }
}

TEST(SmtpFailure, AnOldConnectionThatFailsBehindTheMessageIsNotRetried)
{
    test::SmtpSink sink;
    Client client(at(sink));
    client.send("", "u@our.example", kMessage);
    test::SmtpScript script;
    script.fault = Fault::close_after_message;
    sink.set(script);
    EXPECT_EQ(client.send("", "u@our.example", kMessage).outcome, DeliveryOutcome::unknown);
    EXPECT_EQ(sink.connections(), 1);
}

TEST(SmtpFailure, ARefusedRecipientDoesNotSpoilTheNextMessage)
{
    test::SmtpScript script;
    script.rcpt = "550 5.1.1 no";
    test::SmtpSink sink(script);
    Client client(at(sink));
    EXPECT_EQ(client.send("", "u@our.example", kMessage).outcome, DeliveryOutcome::refused);
    sink.set({});
    const auto delivery = client.send("", "v@our.example", kMessage);
    EXPECT_EQ(delivery.outcome, DeliveryOutcome::delivered);
    EXPECT_EQ(delivery.reply, "250 2.0.0 Ok: queued as SINK1");
}

TEST(SmtpFailure, NobodyWaitsForTheAnswerToQuit)
{
    test::SmtpScript script;
    script.fault = Fault::silent_at_quit;
    script.rcpt = "550 5.1.1 no";
    test::SmtpSink sink(script);
    const auto begin = std::chrono::steady_clock::now();
    {
        Client client(at(sink));
        EXPECT_EQ(client.send("", "u@our.example", kMessage).outcome, DeliveryOutcome::refused);
        script.rcpt = "250 Ok";
        sink.set(script);
        EXPECT_EQ(client.send("", "u@our.example", kMessage).outcome, DeliveryOutcome::delivered);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
}

TEST(SmtpFailure, AWrongPasswordIsDeferredAndSaysSo)
{
    test::SmtpScript script;
    script.user = "quarantine";
    script.password = "right";
    test::SmtpSink sink(script);
    auto server = at(sink);
    server.user = "quarantine";
    server.password = "wrong";
    const auto delivery = Client(server).send("", "u@our.example", kMessage);
    EXPECT_EQ(delivery.outcome, DeliveryOutcome::deferred);
    EXPECT_THAT(delivery.reply, StartsWith("535 5.7.8"));
    EXPECT_THAT(delivery.reply, HasSubstr("smtp_user"));
    EXPECT_THAT(delivery.reply, Not(HasSubstr("wrong")));
    EXPECT_THAT(sink.commands(), Not(Contains(StartsWith("MAIL"))));
}

TEST(SmtpFailure, RequiredTlsThatIsNotOfferedSendsNothing)
{
    test::SmtpScript script;
    script.user = "quarantine";
    script.password = "right";
    test::SmtpSink sink(script);
    auto server = at(sink);
    server.tls = Tls::require;
    server.user = "quarantine";
    server.password = "right";
    const auto delivery = Client(server).send("", "u@our.example", kMessage);
    EXPECT_EQ(delivery.outcome, DeliveryOutcome::deferred);
    EXPECT_THAT(delivery.reply, HasSubstr("STARTTLS"));
    EXPECT_THAT(sink.commands(), Not(Contains(StartsWith("MAIL"))));
    EXPECT_THAT(sink.commands(), Not(Contains(StartsWith("AUTH"))));
}

TEST(SmtpFailure, OfferedTlsThatFailsSendsNothing)
{
    test::SmtpScript script;
    script.keywords = {"STARTTLS", "SMTPUTF8"}; // but the sink does not know the command
    test::SmtpSink sink(script);
    auto server = at(sink);
    server.tls = Tls::require;
    EXPECT_EQ(Client(server).send("", "u@our.example", kMessage).outcome, DeliveryOutcome::deferred);
    EXPECT_TRUE(sink.messages().empty());
}

TEST(SmtpFailure, OpportunisticTlsFallsBackWhenNotOffered)
{
    test::SmtpSink sink;
    auto server = at(sink);
    server.tls = Tls::starttls;
    EXPECT_EQ(Client(server).send("", "u@our.example", kMessage).outcome, DeliveryOutcome::delivered);
}

} // namespace qm::smtp
