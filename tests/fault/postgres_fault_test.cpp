// The connection to PostgreSQL breaks at every request in turn, before the server has it or before its answer
// comes back: 451 and nothing kept, or everything kept; sent once; released once.
#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/writer.h"
#include "fault/kept.h"
#include "quarantine/error.h"
#include "quarantine/janitor.h"
#include "quarantine/postman.h"
#include "support/postgres_proxy.h"
#include "support/servers.h"
#include "support/smtp_sink.h"

namespace qm::test {
namespace {

using milter::Reply;
using ReleaseOutcome = ReleaseResult::Outcome;

constexpr const char* kUser = "user@example.net";

/// Each stage has a database of its own, so that several wait at once.
constexpr std::size_t kStages = 5;

struct Server {
    Server()
    {
        postgres.start();
        sql::Target administrator = sql::parse_target(postgres.url(), "/");
        administrator.user = "postgres";
        administrator.password = "the administrator's password";
        sql::Connection connection(administrator, {.statement_timeout = std::chrono::seconds(30)});
        for (std::size_t i = 0; i < kStages; ++i) {
            free.push_back("stage" + std::to_string(i));
            connection.execute("CREATE DATABASE " + free.back() + " OWNER qm");
        }
    }

    PrivatePostgres postgres;
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> free;
};

std::unique_ptr<Server>& server()
{
    static std::unique_ptr<Server> one;
    return one;
}

/// It is there for every suite, and ends before the objects of the process go.
class StartServer final : public testing::Environment {
  public:
    void SetUp() override { server() = std::make_unique<Server>(); }
    void TearDown() override { server().reset(); }
};
const testing::Environment* const kStartServer = testing::AddGlobalTestEnvironment(new StartServer);

class PostgresFault : public testing::Test {
  protected:
    /// A database that nobody else uses meanwhile.
    class Database {
      public:
        Database()
        {
            std::unique_lock lock(server()->mutex);
            server()->changed.wait(lock, [] { return !server()->free.empty(); });
            name_ = server()->free.back();
            server()->free.pop_back();
        }
        Database(const Database&) = delete;
        Database& operator=(const Database&) = delete;
        ~Database()
        {
            {
                const std::lock_guard lock(server()->mutex);
                server()->free.push_back(name_);
            }
            server()->changed.notify_one();
        }

        std::string url(std::uint16_t port) const
        {
            return "postgresql://qm:qm@127.0.0.1:" + std::to_string(port) + "/" + name_;
        }
        void empty() const
        {
            sql::Connection connection(sql::parse_target(url(server()->postgres.port()), "/"), {});
            connection.execute("TRUNCATE held_message, held_recipient, notice, own_mail RESTART IDENTITY");
        }

      private:
        std::string name_;
    };

    /// Runs the work for 1, 2, ... `count`, several at a time.
    static void for_each(std::size_t count, const std::function<void(std::size_t)>& work)
    {
        std::atomic<std::size_t> next{1};
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < kStages; ++i) {
            threads.emplace_back([&] {
                for (std::size_t mine = next++; mine <= count; mine = next++) {
                    try {
                        work(mine);
                    } catch (const std::exception& error) {
                        ADD_FAILURE() << error.what();
                    }
                }
            });
        }
    }

    static std::string shown(Cut how, std::size_t number)
    {
        return std::string("cut ") + to_string(how) + " request " + std::to_string(number);
    }

    /// An empty catalog behind a proxy of its own.
    struct Stage {
        explicit Stage(const std::string& list = "spam")
            : proxy(server()->postgres.port()), house(list, sections(), "", database.url(proxy.port()))
        {
            database.empty();
        }

        std::string sections() const
        {
            const std::string mail_server =
                "smtp_host = 127.0.0.1\nsmtp_port = " + std::to_string(sink.port()) + "\n";
            return "[virus]\nregex = ^X-Virus: yes\naction = ACCEPT\n" + mail_server +
                   "[spam]\nregex = ^X-Spam-Flag: YES\naction = DISCARD\nnotification_type = EMAIL\n" +
                   mail_server +
                   "notification_email_from = quarantine@example.net\nnotification_email_subject = Held\n"
                   "notification_email_template = " +
                   std::string(QM_SOURCE_DIR) + "/templates/notice.html\n";
        }

        /// Opens the connections that a mail, a notice and a release need, and leaves nothing on record.
        void warm_up()
        {
            TestMail first = spam();
            first.body = "first\r\n";
            house.send(first);
            for (const HeldMail& mail : house.held()) {
                house.desk.settings()->quarantine(mail.quarantine)->store->remove(mail.id);
                house.catalog.forget(mail.id);
            }
        }

        std::size_t sent_to(const std::string& recipient)
        {
            const auto messages = sink.messages();
            return static_cast<std::size_t>(std::ranges::count_if(
                messages, [&](const SinkMessage& message) { return message.recipients.at(0) == recipient; }));
        }

        Database database;
        SmtpSink sink;
        PostgresProxy proxy;
        House house;
    };

    static TestMail spam()
    {
        TestMail mail;
        mail.to = {"<user@example.net>", "<other@example.net>"};
        mail.headers = {{"Subject", " buy"}, {"X-Spam-Flag", " YES"}, {"X-Virus", " yes"}};
        mail.body = std::string(100'000, 'x') + "\r\n";
        return mail;
    }

    /// Offers a mail of this number to the user. False: 451.
    static bool hold(milter::Session& session, int number)
    {
        FakeMta mta;
        try {
            session.mail("<sender@example.org>");
            session.recipient("<" + std::string(kUser) + ">");
            session.header("Message-ID", " <" + std::to_string(number) + "@example.org>");
            session.header("X-Spam-Flag", " YES");
            Reply reply = session.end_of_headers(mta);
            if (reply == Reply::go_on) {
                session.body("text\r\n");
                reply = session.end_of_message(mta);
            }
            session.abort();
            return reply == Reply::discard;
        } catch (const BackendError&) {
            session.abort();
            return false;
        }
    }

    static TestMail to_one()
    {
        TestMail mail = spam();
        mail.to = {"<user@example.net>"};
        return mail;
    }

    static constexpr Expected kBoth{.messages = 2, .recipients = 4, .notices = 2};

    /// The mail was offered; then it is offered again, and in the end it is there once.
    static void expect_either_or(Stage& stage, const Offer& first)
    {
        stage.proxy.behave();
        wait_for_catalog(stage.house);
        // After a 451 it may be on record all the same, where the answer to COMMIT did not come back; then
        // whole.
        if (!first.deferred || stage.house.count("held_message") > 0) {
            expect_kept_once(stage.house, spam(), kBoth);
        } else {
            expect_not_kept(stage.house);
        }
        const Offer again = offer(stage.house, spam());
        EXPECT_FALSE(again.deferred) << again.why;
        expect_kept_once(stage.house, spam(), kBoth);
        repair(stage.house);
        expect_kept_once(stage.house, spam(), kBoth);
        expect_no_leftovers(stage.house);
    }

    /// Those that open the connections among them.
    static std::size_t requests_of_a_mail()
    {
        Stage stage("virus, spam");
        stage.proxy.cut(Cut::before, 0);
        EXPECT_EQ(stage.house.send(spam()).reply, Reply::discard);
        return stage.proxy.seen();
    }

    static void cut_a_mail(bool is_first, Cut how, std::size_t number, const std::string& word = {})
    {
        const testing::ScopedTrace trace(__FILE__, __LINE__, shown(how, number) + " " + word);
        Stage stage("virus, spam");
        if (!is_first) {
            stage.warm_up();
        }
        stage.proxy.cut(how, number, word);
        const Offer first = offer(stage.house, spam());
        EXPECT_TRUE(stage.proxy.has_cut());
        EXPECT_TRUE(first.deferred);
        expect_either_or(stage, first);
    }

    static void cut_at_every_request_of_a_mail(Cut how)
    {
        const LoggedText log;
        const std::size_t requests = requests_of_a_mail();
        EXPECT_GT(requests, 15U);
        for_each(requests, [&](std::size_t number) { cut_a_mail(true, how, number); });
    }
};

TEST_F(PostgresFault, AMailWhoseConnectionBreaksBeforeARequest)
{
    cut_at_every_request_of_a_mail(Cut::before);
}

TEST_F(PostgresFault, AMailWhoseConnectionBreaksBeforeAnAnswer)
{
    cut_at_every_request_of_a_mail(Cut::after);
}

TEST_F(PostgresFault, AMailWhoseCommitIsNotAnswered)
{
    const LoggedText log;
    for_each(2, [](std::size_t number) {
        cut_a_mail(false, number == 1 ? Cut::silent_before : Cut::silent_after, 1, "COMMIT");
    });
}

/// The heart of it: the server has committed, we do not know, the answer is 451. The row must keep its file.
TEST_F(PostgresFault, ARowWhoseCommitWasNotAnsweredHasItsFile)
{
    const LoggedText log;
    Stage stage;
    stage.warm_up();
    stage.proxy.cut(Cut::after, 1, "COMMIT");
    EXPECT_TRUE(offer(stage.house, spam()).deferred);
    stage.proxy.behave();
    wait_for_catalog(stage.house);
    const auto held = stage.house.held();
    ASSERT_EQ(held.size(), 1U);
    EXPECT_TRUE(stored_bytes(*stage.house.desk.settings()->quarantine("spam")->store, held.front().id) ==
                bytes_of(spam()));
}

/// A batch was broken off for its time, and its commit is not answered: those behind, whose jobs never ran,
/// know that nothing of theirs is kept.
TEST_F(PostgresFault, OnlyWhoseJobRanIsInDoubtAboutACommit)
{
    struct Told {
        bool ran = false, in_doubt = false, failed = false;
    };
    const LoggedText log;
    const Database database;
    PostgresProxy proxy(server()->postgres.port());
    catalog::Writer writer(sql::parse_target(database.url(proxy.port()), "/"), {});
    const auto job = [](sql::Connection& connection) {
        connection.query("SELECT pg_sleep(0.05)::text", {sql::Kind::text},
                         {}); // longer than a batch may take
    };
    writer.run(job);
    proxy.cut(Cut::after, 2, "COMMIT"); // the others come while the first one works
    std::array<Told, 8> all;
    {
        std::vector<std::jthread> threads;
        for (Told& told : all) {
            threads.emplace_back([&] {
                try {
                    writer.run([&](sql::Connection& connection) {
                        told.ran = true;
                        job(connection);
                    });
                } catch (const catalog::UnknownOutcome&) {
                    told.in_doubt = true;
                } catch (const BackendError&) {
                    told.failed = true;
                }
            });
        }
    }
    EXPECT_TRUE(proxy.has_cut());
    EXPECT_EQ(std::ranges::count(all, true, &Told::in_doubt), 1);
    EXPECT_GE(std::ranges::count(all, true, &Told::failed), 1);
    for (const Told& told : all) {
        EXPECT_TRUE(told.ran || told.failed);
        EXPECT_FALSE(told.in_doubt && !told.ran);
    }
}

TEST_F(PostgresFault, AMailWhileNobodyAnswersAtTheServersPort)
{
    const LoggedText log;
    Stage stage("virus, spam");
    stage.warm_up();
    stage.proxy.refuse(true);
    stage.proxy.drop_connections();
    const Offer first = offer(stage.house, spam());
    EXPECT_TRUE(first.deferred);
    expect_either_or(stage, first);
}

class PostgresNoticeFault : public PostgresFault {
  protected:
    /// Returns how many requests there were.
    static std::size_t cut_a_notice(Cut how, std::size_t number)
    {
        const testing::ScopedTrace trace(__FILE__, __LINE__, shown(how, number));
        Stage stage;
        stage.house.send(to_one());
        Postman postman(stage.house.settings(), stage.house.catalog, stage.house.outbox, stage.house.clock);
        stage.proxy.cut(how, number);
        try {
            postman.deliver_due();
        } catch (const BackendError&) {
            // The thread says so in the log and comes back.
        }
        const std::size_t requests = stage.proxy.seen();
        EXPECT_EQ(stage.proxy.has_cut(), number > 0);
        stage.proxy.behave();
        wait_for_catalog(stage.house);
        for (int round = 0; round < 5 && stage.house.outbox.state().due > 0; ++round) {
            stage.house.clock.advance(std::chrono::minutes(16));
            postman.deliver_due();
        }
        EXPECT_EQ(stage.house.count("notice WHERE state = 'sent'"), 1);
        EXPECT_EQ(stage.sent_to(kUser), 1U);
        return requests;
    }
};

TEST_F(PostgresNoticeFault, ItIsSentOnce)
{
    const LoggedText log;
    const std::size_t requests = cut_a_notice(Cut::before, 0);
    EXPECT_GT(requests, 8U);
    for_each(requests, [](std::size_t number) {
        cut_a_notice(Cut::before, number);
        cut_a_notice(Cut::after, number);
    });
}

/// Eight threads hold mail while the server comes and goes and the configuration changes: each mail is there
/// once, each recipient is told once.
TEST_F(PostgresFault, ManyAtOnceWhileTheServerComesAndGoes)
{
    const LoggedText log;
    constexpr int kThreads = 8;
    constexpr int kMails = 12;
    Stage stage;
    Postman postman(stage.house.settings(), stage.house.catalog, stage.house.outbox, stage.house.clock);
    Janitor janitor(stage.house.desk, stage.house.catalog, stage.house.clock, [] {});
    postman.start();
    janitor.start();
    std::atomic<int> deferred{0};
    std::atomic<int> held{0};
    {
        const std::jthread trouble([&](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                stage.proxy.refuse(true);
                stage.proxy.drop_connections();
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
                stage.proxy.refuse(false);
                // However slow the machine: somebody gets through before it goes away again.
                const int before = held.load();
                do {
                    std::this_thread::sleep_for(std::chrono::milliseconds(300));
                } while (held.load() == before && !stop.stop_requested());
            }
        });
        const std::jthread reload([&](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                stage.house.reconfigure("spam", stage.sections());
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            }
        });
        std::vector<std::jthread> senders;
        for (int thread = 0; thread < kThreads; ++thread) {
            senders.emplace_back([&, thread] {
                milter::Session session(stage.house.desk, [&] { postman.wake(); });
                for (int mail = 0; mail < kMails; ++mail) {
                    while (!hold(session, thread * 1000 + mail)) {
                        ++deferred;
                        std::this_thread::sleep_for(std::chrono::milliseconds(5));
                    }
                    ++held;
                }
            });
        }
    }
    stage.proxy.behave();
    wait_for_catalog(stage.house);
    EXPECT_GT(deferred.load(), 0) << "the server was never away";
    EXPECT_EQ(stage.house.count("held_message"), kThreads * kMails);
    EXPECT_EQ(stage.house.count("held_recipient"), kThreads * kMails);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (stage.house.outbox.state().due > 0 && std::chrono::steady_clock::now() < deadline) {
        stage.house.clock.advance(std::chrono::minutes(1)); // claims and pauses end
        postman.wake();
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    janitor.stop();
    EXPECT_TRUE(postman.stop(std::chrono::seconds(20)));
    EXPECT_EQ(stage.house.count("notice WHERE state = 'sent'"), kThreads * kMails);
    EXPECT_EQ(stage.sent_to(kUser), static_cast<std::size_t>(kThreads * kMails));
    stage.house.clock.advance(std::chrono::hours(1));
    repair(stage.house);
    EXPECT_EQ(stage.house.count("held_message"), kThreads * kMails);
    expect_no_leftovers(stage.house);
}

class PostgresReleaseFault : public PostgresFault {
  protected:
    /// The program is started again.
    static void expect_released_once(Stage& stage, const HeldId& id, bool released)
    {
        catalog::Catalog catalog(stage.database.url(stage.proxy.port()), stage.house.dir.path(),
                                 stage.house.clock);
        Desk desk(stage.house.settings(), catalog, stage.house.clock);
        const ReleaseResult again = desk.release(id, kUser, false);
        EXPECT_EQ(again.outcome, released ? ReleaseOutcome::already_released : ReleaseOutcome::released);
        EXPECT_EQ(stage.sent_to(kUser), 1U);
        EXPECT_EQ(desk.release(id, kUser, false).outcome, ReleaseOutcome::already_released);
        EXPECT_EQ(stage.sent_to(kUser), 1U);
    }

    /// Returns how many requests there were.
    static std::size_t cut_a_release(Cut how, std::size_t number)
    {
        const testing::ScopedTrace trace(__FILE__, __LINE__, shown(how, number));
        Stage stage;
        stage.house.send(to_one());
        const HeldId id = stage.house.held().front().id;
        stage.proxy.cut(how, number);
        bool released = false;
        try {
            released = stage.house.desk.release(id, kUser, false).outcome == ReleaseOutcome::released;
        } catch (const BackendError&) {
            released = false;
        }
        const std::size_t requests = stage.proxy.seen();
        EXPECT_EQ(stage.proxy.has_cut(), number > 0);
        stage.proxy.behave();
        wait_for_catalog(stage.house);
        EXPECT_EQ(stage.sent_to(kUser), released ? 1U : 0U);
        const HeldRecipient recipient = stage.house.desk.load(id)->recipients.at(0);
        EXPECT_EQ(recipient.state == RecipientState::released, released);
        EXPECT_NE(recipient.state, RecipientState::releasing) << "it is over";
        EXPECT_FALSE(recipient.outcome_unknown) << "it is known that nothing went out";
        stage.proxy.drop_connections();
        expect_released_once(stage, id, released);
        return requests;
    }
};

TEST_F(PostgresReleaseFault, TheMailGoesOutOnce)
{
    const LoggedText log;
    const std::size_t requests = cut_a_release(Cut::before, 0);
    EXPECT_GT(requests, 8U);
    for_each(requests, [](std::size_t number) {
        cut_a_release(Cut::before, number);
        cut_a_release(Cut::after, number);
    });
}

} // namespace
} // namespace qm::test
