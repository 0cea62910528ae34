// Many sessions at once, while the configuration is swapped under them.
#include <algorithm>
#include <atomic>
#include <functional>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "mail/headers.h"
#include "quarantine/janitor.h"
#include "quarantine/postman.h"
#include "sql/connection.h"
#include "support/mail_server.h"
#include "support/smtp_sink.h"

namespace qm {
namespace {

using milter::Reply;

const Progress kOn = [](std::string_view, std::uint64_t, std::uint64_t) { return true; };

/// Repeats `work` in a thread of its own until it is destroyed.
class Repeated {
  public:
    explicit Repeated(std::function<void()> work)
        : thread_([work = std::move(work)](const std::stop_token& stop) {
              while (!stop.stop_requested()) {
                  work();
              }
          })
    {
    }

  private:
    std::jthread thread_;
};

/// One configuration after another; what becomes of a mail stays the same.
std::string configuration(int number, std::uint16_t port)
{
    const std::string other =
        number % 3 == 0 ? "[virus]\nregex = ^X-Virus: " + std::to_string(number) + "\naction = DISCARD\n"
                        : "";
    return other +
           "[spam]\nregex = " + (number % 2 == 0 ? "^X-Spam-Flag: YES" : "^X-Spam-Flag:\\s+(?P<flag>YES)$") +
           "\naction = DISCARD\nnotification_type = EMAIL\nsmtp_host = 127.0.0.1\nsmtp_port = " +
           std::to_string(port) +
           "\nnotification_email_from = quarantine@example.net\nnotification_email_subject = Held\n"
           "notification_email_template = " +
           std::string(QM_SOURCE_DIR) +
           "/templates/notice.html\nwhitelist_type = DB\nwhitelist_db_connection = sqlite:///w.db\n"
           "quarantine_days = 30\n";
}

/// Sends numbered mail through a session of its own: of four one is clean, one held, one held for one of two
/// recipients, one held and offered again.
class Sender {
  public:
    Sender(test::House& house, int number) : session_(house.desk, [] {}), number_(number) {}

    static constexpr int kKinds = 4;

    /// False: the answer was wrong.
    bool send(int mail)
    {
        switch (mail % kKinds) {
        case 0:
            return offer(mail, false, false) == Reply::accept;
        case 1:
            return offer(mail, true, false) == Reply::discard;
        case 2:
            return offer(mail, true, true) == Reply::accept;
        default:
            return offer(mail, true, false) == Reply::discard && offer(mail, true, false) == Reply::discard;
        }
    }

  private:
    Reply offer(int mail, bool spam, bool with_friend)
    {
        test::FakeMta mta;
        session_.mail("<a@example.org>");
        session_.recipient("<b@example.net>");
        if (with_friend) {
            session_.recipient("<friend@example.net>");
        }
        session_.header("Subject", mail % kKinds == kKinds - 1 ? " again" : " once");
        session_.header("Message-ID", " <" + std::to_string(number_ * 1000 + mail) + "@example.org>");
        if (spam) {
            session_.header("X-Spam-Flag", " YES");
        }
        Reply reply = session_.end_of_headers(mta);
        if (reply == Reply::go_on) {
            session_.body("text\r\n");
            reply = session_.end_of_message(mta);
        }
        session_.abort();
        return reply;
    }

    milter::Session session_;
    int number_;
};

void add_friend(test::House& house)
{
    sql::Connection database(sql::parse_target("sqlite:///w.db", house.dir.path()), {});
    database.execute("INSERT INTO whitelist (mailfrom, recipient, created, last_used, comment, permanent)"
                     " VALUES ('', 'friend@example.net', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, '', 0)");
}

std::vector<HeldMail> newest(test::House& house, std::size_t count)
{
    HeldFilter filter;
    filter.limit = count;
    return house.desk.find(filter);
}

/// Files whose rows are gone, as a crash leaves them.
int leave_files_without_rows(test::House& house)
{
    constexpr int kLeft = 5;
    for (int number = 0; number < kLeft; ++number) {
        house.send({.headers = {{"Message-ID", " <left" + std::to_string(number) + "@example.org>"},
                                {"X-Spam-Flag", " YES"}}});
        house.catalog.forget(house.held().back().id);
    }
    house.clock.advance(std::chrono::minutes(1));
    return kLeft;
}

} // namespace

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

/// What the daemon, its timers and an operator do, all at once.
TEST(Races, MailNoticesReleasesExpirySweepsAndReloads)
{
    constexpr int kThreads = 8;
    constexpr int kMails = 24;
    test::SmtpSink sink;
    test::House house("spam", configuration(0, sink.port()));
    const int left = leave_files_without_rows(house);
    add_friend(house); // the first mail made the table
    Postman postman(house.settings(), house.catalog, house.outbox, house.clock);
    Janitor janitor(house.desk, house.catalog, house.clock, [&] { postman.wake(); });
    postman.start();
    janitor.start();
    std::atomic<int> wrong{0};
    std::atomic<int> released{0};
    std::atomic<int> configurations{0};
    {
        const Repeated reload([&] {
            const int number = ++configurations;
            house.reconfigure(number % 3 == 0 ? "virus, spam" : "spam", configuration(number, sink.port()));
        });
        const Repeated sweep([&] { janitor.round(); });
        const Repeated expire([&] { house.desk.expire(false, kOn); });
        const Repeated look([&] {
            house.desk.standing();
            for (const HeldMail& mail : newest(house, 5)) {
                house.desk.preview(mail);
                house.desk.notices_of(mail.id);
            }
        });
        const Repeated release([&] {
            for (const HeldMail& mail : newest(house, 1)) {
                if (mail.subject == "again") {
                    continue; // nobody could tell what is offered again from what was released
                }
                const auto outcome = house.desk.release(mail.id, "b@example.net", false).outcome;
                released += outcome == ReleaseResult::Outcome::released ? 1 : 0;
            }
        });
        std::vector<std::jthread> senders;
        for (int thread = 0; thread < kThreads; ++thread) {
            senders.emplace_back([&, thread] {
                Sender sender(house, thread);
                for (int mail = 0; mail < kMails; ++mail) {
                    wrong += sender.send(mail) ? 0 : 1;
                    postman.wake();
                }
            });
        }
    }
    constexpr int kHeld = kThreads * kMails * (Sender::kKinds - 1) / Sender::kKinds;
    EXPECT_EQ(wrong.load(), 0);
    EXPECT_GT(configurations.load(), 1);
    EXPECT_EQ(house.count("held_message"), kHeld + left);
    EXPECT_EQ(house.files().size(), static_cast<std::size_t>(kHeld + left));
    // Whoever was released before the postman came is not told any more.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (house.outbox.state().due > 0 && std::chrono::steady_clock::now() < deadline) {
        postman.wake();
        std::this_thread::yield();
    }
    janitor.stop();
    EXPECT_TRUE(postman.stop(std::chrono::seconds(20)));
    EXPECT_EQ(house.count("held_recipient WHERE state = 'released'"), released.load());
    EXPECT_EQ(house.count("notice WHERE state IN ('sent', 'expired')"), kHeld + left);
    // One that is on its way when its mail is released may arrive all the same; nothing arrives twice.
    const auto arrived = static_cast<std::int64_t>(sink.messages().size());
    EXPECT_GE(arrived, house.count("notice WHERE state = 'sent'") + released.load());
    EXPECT_LE(arrived, kHeld + left + released.load());
    std::set<std::string> names;
    for (const test::SinkMessage& message : sink.messages()) {
        mail::Headers headers;
        mail::parse_headers(message.bytes, headers);
        const std::string name(headers.find("Message-ID"));
        EXPECT_TRUE(names.insert(name).second) << name << " to " << message.recipients.at(0);
    }
}

} // namespace qm
