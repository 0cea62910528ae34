#include "notify/client_pool.h"

#include <thread>

#include <gtest/gtest.h>

#include "support/smtp_sink.h"

namespace qm::notify {
namespace {

smtp::Server at(const test::SmtpSink& sink)
{
    smtp::Server server;
    server.port = sink.port();
    server.total_timeout = std::chrono::seconds(20);
    return server;
}

constexpr auto kMessage = "Subject: x\r\n\r\nHello\r\n";

} // namespace

TEST(ClientPool, OneAfterTheOtherUsesOneConnection)
{
    test::SmtpSink sink;
    ClientPool pool(at(sink));
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(pool.send("", "u@our.example", kMessage).outcome, DeliveryOutcome::delivered);
    }
    EXPECT_EQ(sink.connections(), 1);
}

TEST(ClientPool, AConnectionIdleForTooLongIsClosedAtTheNextMessage)
{
    test::SmtpSink sink;
    ClientPool pool(at(sink), std::chrono::seconds(0));
    pool.send("", "u@our.example", kMessage);
    pool.send("", "u@our.example", kMessage);
    EXPECT_EQ(sink.connections(), 2);
    EXPECT_TRUE(sink.wait_for_open(1));
}

TEST(ClientPool, SeveralThreadsSendAtOnceAndFewConnectionsStay)
{
    test::SmtpSink sink;
    {
        ClientPool pool(at(sink));
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < 20; ++i) {
                threads.emplace_back([&pool] {
                    for (int n = 0; n < 5; ++n) {
                        EXPECT_EQ(pool.send("", "u@our.example", kMessage).outcome,
                                  DeliveryOutcome::delivered);
                    }
                });
            }
        }
        EXPECT_EQ(sink.messages().size(), 100U);
        EXPECT_TRUE(sink.wait_for_open(ClientPool::kMaxIdle));
    }
    EXPECT_TRUE(sink.wait_for_open(0));
}

} // namespace qm::notify
