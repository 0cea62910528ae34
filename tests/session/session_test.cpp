// Whole mails through a Session: what the mail server is told, what is kept, what is on record.
#include "milter/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/text.h"
#include "quarantine/error.h"
#include "store/trace.h"
#include "support/mail_server.h"

namespace qm {
namespace {

using milter::Reply;
using test::House;
using test::TestMail;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kSpam = "[spam]\nregex = ^X-Spam-Flag: YES\naction = DISCARD\n";

TestMail spam()
{
    TestMail mail;
    mail.headers = {{"From", " a@example.org"}, {"Subject", " buy"}, {"X-Spam-Flag", " YES"}};
    return mail;
}

std::string stored_text(House& house, const HeldMail& mail)
{
    const auto settings = house.desk.settings();
    auto reader = store::without_trace(settings->quarantine(mail.quarantine)->store->open(mail.id));
    std::string text;
    std::array<char, 1000> buffer{};
    while (const std::size_t got = reader->read(buffer)) {
        text.append(buffer.data(), got);
    }
    return text;
}

} // namespace

TEST(Session, CleanMailIsAcceptedAtTheEndOfItsHeadersAndLeavesNothing)
{
    House house("spam", kSpam);
    const auto outcome = house.send({});
    EXPECT_EQ(outcome.reply, Reply::accept);
    EXPECT_TRUE(outcome.at_end_of_headers);
    EXPECT_THAT(house.files(), IsEmpty());
    EXPECT_EQ(house.count("held_message"), 0);
}

TEST(Session, HeldMailIsKeptByteForByteAndOnRecord)
{
    House house("spam", kSpam);
    TestMail mail = spam();
    mail.headers = {{"From", " a@example.org"},
                    {"Subject", "no blank"},
                    {"X-Folded", "  two blanks,\n\tfolded\n  twice"},
                    {"X-8bit", " \xe4\xf6\xfc"},
                    {"X-Spam-Flag", " YES"}};
    mail.body = ".dot\r\n..dots\r\n\xff\xfe\r\nno end";
    const auto outcome = house.send(mail);
    EXPECT_EQ(outcome.reply, Reply::discard);
    EXPECT_THAT(outcome.removed, IsEmpty());
    const auto held = house.held();
    ASSERT_EQ(held.size(), 1U);
    EXPECT_EQ(stored_text(house, held[0]), "From: a@example.org\r\n"
                                           "Subject:no blank\r\n"
                                           "X-Folded:  two blanks,\r\n\tfolded\r\n  twice\r\n"
                                           "X-8bit: \xe4\xf6\xfc\r\n"
                                           "X-Spam-Flag: YES\r\n"
                                           "\r\n"
                                           ".dot\r\n..dots\r\n\xff\xfe\r\nno end");
    EXPECT_EQ(held[0].quarantine, "spam");
    EXPECT_EQ(held[0].envelope.sender, "sender@example.org");
    EXPECT_EQ(held[0].envelope.queue_id, "4XqR2b1tZ7z");
    EXPECT_EQ(held[0].envelope.client.address, "192.0.2.1");
    EXPECT_EQ(held[0].why, "X-Spam-Flag: YES");
    EXPECT_EQ(held[0].size, stored_text(house, held[0]).size());
    ASSERT_EQ(held[0].recipients.size(), 1U);
    EXPECT_EQ(held[0].recipients[0].address, "user@example.net");
    EXPECT_EQ(held[0].recipients[0].state, RecipientState::held);
}

TEST(Session, WhatMatchedIsTextWhateverTheHeaderHolds)
{
    House house("spam", "[spam]\nregex = ^X-Raw: (?<what>.*)\naction = DISCARD\n");
    TestMail mail;
    mail.headers = {{"Subject", " \xFF"}, {"From", " \xC3 <a@example.org>"}, {"X-Raw", " a\xE9\xFF\xE2\x82"}};
    EXPECT_EQ(house.send(mail).reply, Reply::discard);
    const HeldMail held = house.held().front();
    EXPECT_EQ(held.why, "X-Raw: a\uFFFD\uFFFD\uFFFD\uFFFD");
    EXPECT_EQ(held.groups.at(0).second, "a"); // the search goes no further
    EXPECT_EQ(text::to_valid_utf8(held.subject), held.subject);
    EXPECT_EQ(text::to_valid_utf8(held.header_from), held.header_from);
}

TEST(Session, ALargeBodyInManyPiecesIsWhole)
{
    House house("spam", kSpam);
    TestMail mail = spam();
    for (int i = 0; i < 40'000; ++i) {
        mail.body += "line " + std::to_string(i) + " of a long message\r\n";
    }
    EXPECT_EQ(house.send(mail).reply, Reply::discard);
    const auto held = house.held();
    ASSERT_EQ(held.size(), 1U);
    EXPECT_THAT(stored_text(house, held[0]), testing::EndsWith("\r\n\r\n" + mail.body));
}

TEST(Session, DelrcptUsesTheExactRcptArgument)
{
    House house("spam",
                std::string(kSpam) + "whitelist_type = DB\nwhitelist_db_connection = sqlite:///w.db\n");
    TestMail first = spam();
    house.send(first); // makes the table
    {
        sql::ConnectOptions options;
        sql::Connection database(sql::parse_target("sqlite:///w.db", house.dir.path()), options);
        database.execute("INSERT INTO whitelist (mailfrom, recipient, created, last_used, comment, permanent)"
                         " VALUES ('', 'friend@example.net', '2026-01-01', '2026-01-01', '', 1)");
    }
    TestMail mail = spam();
    mail.body = "another\r\n";
    mail.to = {"<User@Example.org>", "<\"odd local\"@example.org>", "<Friend@example.net>",
               "<User@Example.org>"};
    const auto outcome = house.send(mail);
    EXPECT_EQ(outcome.reply, Reply::accept);
    EXPECT_THAT(outcome.removed, ElementsAre("<User@Example.org>", "<\"odd local\"@example.org>"));
    const auto held = house.held();
    ASSERT_EQ(held.size(), 2U);
    ASSERT_EQ(held[1].recipients.size(), 2U);
    EXPECT_EQ(held[1].recipients[0].address, "User@Example.org");
    EXPECT_EQ(held[1].recipients[1].address, "\"odd local\"@example.org");
}

TEST(Session, ARemainingRecipientMeansAcceptAlsoWhenTheQuarantineKeepsNothing)
{
    House house("spam",
                "[spam]\nregex = ^X-Spam-Flag: YES\naction = REJECT\nquarantine_type = NONE\nignore_hosts=\n"
                "whitelist_type = DB\nwhitelist_db_connection = sqlite:///w.db\n");
    EXPECT_EQ(house.send(spam()).reply, Reply::reject);
    {
        sql::ConnectOptions options;
        sql::Connection database(sql::parse_target("sqlite:///w.db", house.dir.path()), options);
        database.execute("INSERT INTO whitelist (mailfrom, recipient, created, last_used, comment, permanent)"
                         " VALUES ('', 'friend@example.net', '2026-01-01', '2026-01-01', '', 1)");
    }
    TestMail mail = spam();
    mail.to = {"<user@example.net>", "<friend@example.net>"};
    const auto outcome = house.send(mail);
    EXPECT_EQ(outcome.reply, Reply::accept);
    EXPECT_THAT(outcome.removed, ElementsAre("<user@example.net>"));
    EXPECT_EQ(house.count("held_message"), 0);
}

TEST(Session, RejectSaysTheReasonWithTheIdAndAHarmlessPercent)
{
    House house("spam", "[spam]\nregex = ^X-Spam-Flag: YES\naction = REJECT\nreject_reason = 100%% spam, see "
                        "{QUARANTINE_ID}\n");
    const auto outcome = house.send(spam());
    EXPECT_EQ(outcome.reply, Reply::reject);
    const auto held = house.held();
    ASSERT_EQ(held.size(), 1U);
    EXPECT_EQ(outcome.reply_text, "554 5.7.0 100% spam, see " + held[0].id.str());
}

TEST(Session, AcceptObservesAndTheNextQuarantineStillHolds)
{
    House house("watch, virus", "[watch]\nregex = ^Subject:\naction = ACCEPT\n"
                                "[virus]\nregex = ^X-Virus: yes\naction = REJECT\n");
    TestMail clean;
    EXPECT_EQ(house.send(clean).reply, Reply::accept);
    TestMail virus;
    virus.headers.emplace_back("X-Virus", " yes");
    virus.body = "other\r\n";
    EXPECT_EQ(house.send(virus).reply, Reply::reject);
    const auto held = house.held();
    ASSERT_EQ(held.size(), 3U);
    EXPECT_EQ(held[0].recipients[0].state, RecipientState::copied);
    EXPECT_EQ(house.files().size(), 3U);
}

TEST(Session, TempfailKeepsNothingAndTellsNobody)
{
    House house("spam, greylist", std::string(kSpam) + "[greylist]\nregex = ^X-Wait: 1\naction = TEMPFAIL\n");
    TestMail mail = spam();
    mail.headers.emplace_back("X-Wait", " 1");
    EXPECT_EQ(house.send(mail).reply, Reply::discard); // they ended in spam
    TestMail waiting;
    waiting.headers.emplace_back("X-Wait", " 1");
    const auto outcome = house.send(waiting);
    EXPECT_EQ(outcome.reply, Reply::tempfail);
    EXPECT_THAT(outcome.reply_text, HasSubstr("451 4.7.1"));
    EXPECT_EQ(house.held().size(), 1U);
    EXPECT_EQ(house.files().size(), 1U);
}

TEST(Session, HoldGoesToTheMailServersOwnQueueAndRemovesNobody)
{
    House house("look", "[look]\nregex = ^X-Look: 1\naction = HOLD\nquarantine_type = NONE\n");
    TestMail mail;
    mail.headers.emplace_back("X-Look", " 1");
    const auto outcome = house.send(mail);
    EXPECT_EQ(outcome.reply, Reply::accept);
    EXPECT_THAT(outcome.removed, IsEmpty());
    EXPECT_THAT(outcome.held, ElementsAre("quarantine look"));
}

TEST(Session, ThePreferredQuarantineAnswersWhenNobodyIsLeft)
{
    const std::string quarantines =
        "[virus]\nregex = ^X-Virus: yes\naction = REJECT\nwhitelist_type = DB\n"
        "whitelist_db_connection = sqlite:///w.db\n[spam]\nregex = ^X-Spam-Flag: YES\n"
        "action = DISCARD\n";
    House house("virus, spam", quarantines);
    TestMail both = spam();
    both.headers.emplace_back("X-Virus", " yes");
    both.to = {"<a@example.net>", "<b@example.net>"};
    house.send(both);
    {
        sql::ConnectOptions options;
        sql::Connection database(sql::parse_target("sqlite:///w.db", house.dir.path()), options);
        database.execute("INSERT INTO whitelist (mailfrom, recipient, created, last_used, comment, permanent)"
                         " VALUES ('', 'b@example.net', '2026-01-01', '2026-01-01', '', 1)");
    }
    both.body = "second\r\n";
    EXPECT_EQ(house.send(both).reply, Reply::reject);
    house.reconfigure("virus, spam", quarantines, "preferred_quarantine_action = last");
    both.body = "third\r\n";
    EXPECT_EQ(house.send(both).reply, Reply::discard);
}

TEST(Session, AMailOfferedAgainIsNotHeldAgainAlsoWithOtherScannerHeaders)
{
    House house("spam", kSpam);
    house.send(spam());
    TestMail again = spam();
    again.headers.emplace_back("X-Scanned-At", " 14:03");
    EXPECT_EQ(house.send(again).reply, Reply::discard);
    EXPECT_EQ(house.held().size(), 1U);
    EXPECT_EQ(house.files().size(), 1U);

    again.to.emplace_back("<second@example.net>");
    EXPECT_EQ(house.send(again).reply, Reply::discard);
    const auto held = house.held();
    ASSERT_EQ(held.size(), 2U);
    ASSERT_EQ(held[1].recipients.size(), 1U);
    EXPECT_EQ(held[1].recipients[0].address, "second@example.net");

    house.clock.advance(std::chrono::hours(24 * 6));
    EXPECT_EQ(house.send(spam()).reply, Reply::discard);
    EXPECT_EQ(house.held().size(), 3U);
}

TEST(Session, AFailingStoreKeepsNothingAndThrows)
{
    House house("spam", kSpam);
    std::filesystem::remove_all(house.dir / "store");
    EXPECT_THROW(house.send(spam()), BackendError);
    house.session.abort();
    EXPECT_EQ(house.count("held_message"), 0);
    std::filesystem::create_directory(house.dir / "store");
    EXPECT_EQ(house.send(spam()).reply, Reply::discard);
}

TEST(Session, AFailingCatalogLeavesNoFile)
{
    House house("spam", kSpam);
    house.catalog.writer().run([](sql::Connection& database) {
        database.execute(
            "CREATE TRIGGER no BEFORE INSERT ON held_recipient BEGIN SELECT RAISE(ABORT, 'no'); END");
    });
    EXPECT_THROW(house.send(spam()), BackendError);
    EXPECT_THAT(house.files(), IsEmpty());
    EXPECT_EQ(house.count("held_message"), 0);
}

TEST(Session, ACatalogTakenAwayUnderUsKeepsNothingAndComesBackAlone)
{
    House house("spam", kSpam);
    house.send(spam());
    std::filesystem::create_directory(house.dir / "away");
    for (const char* const file : {"catalog.db", "catalog.db-wal", "catalog.db-shm"}) {
        std::filesystem::rename(house.dir / file, house.dir / ("away/" + std::string(file)));
    }
    TestMail mail = spam();
    mail.body = "second\r\n";
    EXPECT_THROW(house.send(mail), BackendError);
    house.session.abort();
    EXPECT_EQ(house.files().size(), 1U);
    EXPECT_FALSE(std::filesystem::exists(house.dir / "catalog.db"));
    for (const char* const file : {"catalog.db", "catalog.db-wal", "catalog.db-shm"}) {
        if (std::filesystem::exists(house.dir / ("away/" + std::string(file)))) {
            std::filesystem::rename(house.dir / ("away/" + std::string(file)), house.dir / file);
        }
    }
    EXPECT_EQ(house.send(mail).reply, Reply::discard);
    EXPECT_EQ(house.held().size(), 2U);
}

TEST(Session, AFailedStepIsAnswered451AtTheNextReply)
{
    House house("spam", kSpam);
    test::FakeMta mta;
    house.session.mail("<a@example.org>");
    house.session.mark_failed();
    EXPECT_THROW(house.session.end_of_headers(mta), BackendError);
    EXPECT_EQ(house.send({}).reply, Reply::accept); // the next mail starts afresh
}

TEST(Session, AMailKeepsTheSettingsItBeganWith)
{
    House house("spam", kSpam);
    test::FakeMta mta;
    house.session.mail("<a@example.org>");
    house.session.recipient("<b@example.org>");
    house.reconfigure("spam", "[spam]\nregex = ^X-Nothing: matches\naction = REJECT\n");
    house.session.header("X-Spam-Flag", " YES");
    EXPECT_EQ(house.session.end_of_headers(mta), Reply::go_on);
    EXPECT_EQ(house.session.end_of_message(mta), Reply::discard);
    house.session.abort();
    EXPECT_EQ(house.send(spam()).reply, Reply::accept);
}

TEST(Session, SeveralMailsInOneConnectionDoNotMix)
{
    House house("spam", kSpam);
    TestMail mail = spam();
    mail.to = {"<a@example.net>", "<b@example.net>"};
    house.send(mail);
    house.session.mail("<x@example.org>");
    house.session.recipient("<lost@example.net>");
    house.session.header("X-Spam-Flag", " YES");
    house.session.abort(); // RSET
    TestMail other = spam();
    other.to = {"<c@example.net>"};
    other.body = "other\r\n";
    house.send(other);
    const auto held = house.held();
    ASSERT_EQ(held.size(), 2U);
    ASSERT_EQ(held[1].recipients.size(), 1U);
    EXPECT_EQ(held[1].recipients[0].address, "c@example.net");
    EXPECT_EQ(held[1].envelope.sender, "sender@example.org");
}

} // namespace qm
