// Many sessions at once, while the configuration is swapped under them.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "support/mail_server.h"

namespace qm {

TEST(Races, EightThreadsHoldMailWhileTheConfigurationChanges)
{
    constexpr int kThreads = 8;
    constexpr int kMails = 25;
    const std::string quarantines = "[spam]\nregex = ^X-Spam-Flag: YES\naction = DISCARD\n";
    test::House house("spam", quarantines);
    std::atomic<int> discarded{0};
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
            milter::Session session(house.desk, [] {});
            for (int mail = 0; mail < kMails; ++mail) {
                test::FakeMta mta;
                session.mail("<a@example.org>");
                session.recipient("<b@example.org>");
                session.header("Message-ID", " <" + std::to_string(thread * 1000 + mail) + "@example.org>");
                session.header("X-Spam-Flag", " YES");
                if (session.end_of_headers(mta) == milter::Reply::go_on) {
                    session.body("text\r\n");
                    if (session.end_of_message(mta) == milter::Reply::discard) {
                        discarded.fetch_add(1);
                    }
                }
                session.abort();
            }
        });
    }
    for (int reload = 0; reload < 50; ++reload) {
        house.reconfigure("spam", quarantines);
    }
    threads.clear();
    EXPECT_EQ(discarded.load(), kThreads * kMails);
    EXPECT_EQ(house.count("held_message"), kThreads * kMails);
    EXPECT_EQ(house.files().size(), static_cast<std::size_t>(kThreads * kMails));
}

} // namespace qm
