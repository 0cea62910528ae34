// The catalog is busy, full, or fails while several mails share a commit: 451 and nothing kept, or
// everything.
#include <algorithm>
#include <atomic>
#include <barrier>
#include <thread>

#include <gtest/gtest.h>

#include "fault/trial.h"
#include "quarantine/error.h"

namespace qm::test {
namespace {

using milter::Reply;

constexpr const char* kSpam = "[spam]\nregex = ^X-Spam-Flag: YES\naction = DISCARD\n";
constexpr std::size_t kMails = 6;

TestMail numbered(std::size_t number)
{
    TestMail mail;
    mail.headers = {{"Subject", " mail " + std::to_string(number)}, {"X-Spam-Flag", " YES"}};
    mail.body = std::string(number * 20'000, 'x') + "\r\n";
    return mail;
}

TEST(CatalogFault, BusyForLongerThanThePatienceIsAnswered451)
{
    House house("spam", kSpam);
    sql::ConnectOptions options;
    sql::Connection other(sql::parse_target("sqlite:///catalog.db", house.dir.path()), options);
    other.execute("BEGIN IMMEDIATE");
    const auto began = std::chrono::steady_clock::now();
    const Offer first = offer(house, numbered(1));
    EXPECT_TRUE(first.deferred);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
    EXPECT_EQ(expect_not_kept(house), 0U);
    other.execute("ROLLBACK");
    EXPECT_EQ(offer(house, numbered(1)).outcome.reply, Reply::discard);
    expect_kept_once(house, numbered(1), {});
    expect_no_leftovers(house);
}

TEST(CatalogFault, AFullCatalogIsAnswered451)
{
    House house("spam", kSpam);
    house.send(numbered(0));
    house.catalog.writer().run([](sql::Connection& database) {
        const auto pages =
            sql::integer_of(database.query("PRAGMA page_count", {sql::Kind::integer}).at(0).at(0));
        database.query("PRAGMA max_page_count = " + std::to_string(pages), {sql::Kind::integer});
    });
    std::size_t number = 1;
    Offer last;
    for (; !last.deferred && number < 200; ++number) {
        last = offer(house, numbered(number % 5 == 0 ? 0 : number));
        const std::size_t files = house.files().size();
        EXPECT_EQ(house.held().size(), files);
        EXPECT_EQ(house.count("held_recipient"), static_cast<std::int64_t>(files));
    }
    EXPECT_TRUE(last.deferred);
    EXPECT_NE(last.why.find("full"), std::string::npos) << last.why;
    expect_rows_have_files_after_a_crash(house);
    const std::size_t before = house.held().size();
    house.catalog.writer().run([](sql::Connection& database) {
        database.query("PRAGMA max_page_count = 1000000", {sql::Kind::integer});
    });
    EXPECT_FALSE(offer(house, numbered(number - 1)).deferred);
    EXPECT_EQ(house.held().size(), before + 1);
    expect_no_leftovers(house);
}

/// The mails come in at the same time. Returns which were answered 451.
std::vector<bool> offer_together(House& house)
{
    std::vector<char> deferred(kMails, 0);
    std::barrier start(static_cast<std::ptrdiff_t>(kMails));
    {
        std::vector<std::jthread> threads;
        for (std::size_t number = 0; number < kMails; ++number) {
            threads.emplace_back([&, number] {
                milter::Session session(house.desk, [] {});
                const TestMail mail = numbered(number);
                FakeMta mta;
                try {
                    session.mail(mail.from);
                    session.recipient(mail.to.front());
                    for (const auto& [name, value] : mail.headers) {
                        session.header(name, value);
                    }
                    start.arrive_and_wait();
                    session.end_of_headers(mta);
                    for (std::size_t i = 0; i < mail.body.size(); i += 65535) {
                        session.body(std::string_view(mail.body).substr(i, 65535));
                    }
                    EXPECT_EQ(session.end_of_message(mta), Reply::discard);
                } catch (const BackendError&) {
                    deferred[number] = 1;
                }
            });
        }
    }
    return {deferred.begin(), deferred.end()};
}

std::size_t times_on_record(House& house, std::size_t number)
{
    const auto held = house.held();
    return static_cast<std::size_t>(std::ranges::count_if(
        held, [&](const HeldMail& mail) { return mail.subject == "mail " + std::to_string(number); }));
}

TEST(CatalogFault, MailsThatShareACommitShareItsFailureOrNot)
{
    std::vector<Trouble> troubles;
    // Which call it is differs from run to run; all of them come to pass.
    for (std::size_t number = 1; number <= 260; number += 2) {
        troubles.push_back({.number = number,
                            .fault = number % 3 == 0 ? Fault::no_space : Fault::io_error,
                            .for_good = number % 16 == 1,
                            .call = "whichever"});
    }
    std::atomic<std::size_t> failed{0};
    std::atomic<std::size_t> deferred_mails{0};
    try_all(troubles, 3, [&](const Trouble& trouble) {
        House house("spam", kSpam);
        FaultyFolder disk(house.dir.path());
        house.send(numbered(99)); // opens what there is to open
        trouble.begin(disk);
        const std::vector<bool> deferred = offer_together(house);
        disk.stop();
        failed += disk.has_failed() ? 1U : 0U;
        wait_for_catalog(house);
        expect_rows_have_files_after_a_crash(house);
        for (std::size_t number = 0; number < kMails; ++number) {
            deferred_mails += deferred[number] ? 1U : 0U;
            EXPECT_EQ(times_on_record(house, number), deferred[number] ? 0U : 1U);
            house.clock.advance(std::chrono::milliseconds(1));
            EXPECT_FALSE(offer(house, numbered(number)).deferred);
        }
        repair(house);
        for (std::size_t number = 0; number < kMails; ++number) {
            EXPECT_EQ(times_on_record(house, number), 1U);
        }
        for (const HeldMail& mail : house.held()) {
            const std::string number = mail.subject.substr(std::string("mail ").size());
            EXPECT_TRUE(stored_bytes(*house.desk.settings()->quarantine("spam")->store, mail.id) ==
                        bytes_of(numbered(std::stoul(number))));
        }
        expect_no_leftovers(house);
    });
    EXPECT_GT(failed.load(), 50U);
    EXPECT_GT(deferred_mails.load(), 50U);
}

} // namespace
} // namespace qm::test
