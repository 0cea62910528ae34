// What a process that died has left behind is resolved by the next one.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quarantine/janitor.h"
#include "quarantine/postman.h"
#include "support/failing_store.h"
#include "support/mail_server.h"
#include "support/smtp_sink.h"

namespace qm {
namespace {

using milter::Reply;
using test::House;
using test::SmtpSink;
using test::TestMail;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = StoreFinding::Kind;

const Progress kOn = [](std::string_view, std::uint64_t, std::uint64_t) { return true; };

class Sweep : public testing::Test {
  protected:
    Sweep()
        : house("spam",
                "[spam]\nregex = ^X-Spam-Flag: (?<flag>YES)\naction = DISCARD\nnotification_type = EMAIL\n"
                "smtp_host = 127.0.0.1\nsmtp_port = " +
                    std::to_string(sink.port()) +
                    "\nnotification_email_from = quarantine@example.net\n"
                    "notification_email_subject = [Held] {EMAIL_SUBJECT}: {flag}\n"
                    "notification_email_template = " +
                    std::string(QM_SOURCE_DIR) + "/templates/notice.html\n")
    {
    }

    static TestMail spam(const std::string& subject = "buy")
    {
        return {.from = "<a@example.org>",
                .to = {"<u@example.net>", "<v@example.net>"},
                .headers = {{"From", " a@example.org"}, {"Subject", " " + subject}, {"X-Spam-Flag", " YES"}},
                .body = subject + "\r\n"};
    }

    HeldMail hold(const TestMail& mail)
    {
        EXPECT_EQ(house.send(mail).reply, Reply::discard);
        return house.held().back();
    }

    /// As after a crash between the file and its row.
    HeldMail hold_without_row(const TestMail& mail)
    {
        HeldMail held = hold(mail);
        house.catalog.forget(held.id);
        return held;
    }

    StoreReport sweep()
    {
        const auto report = house.desk.sweep(house.clock.now() + std::chrono::milliseconds(1), kOn);
        EXPECT_TRUE(report) << "nobody else is at it";
        return report.value_or(StoreReport());
    }

    std::vector<std::string> told()
    {
        Postman(house.settings(), house.catalog, house.outbox, house.clock).deliver_due();
        std::vector<std::string> recipients;
        for (const auto& message : sink.messages()) {
            recipients.insert(recipients.end(), message.recipients.begin(), message.recipients.end());
        }
        std::ranges::sort(recipients);
        return recipients;
    }

    SmtpSink sink;
    House house;
};

} // namespace

TEST_F(Sweep, AFileWithoutARowIsHeldWithAllItsRecipientsAndTold)
{
    const HeldMail before = hold_without_row(spam());
    const StoreReport report = sweep();
    ASSERT_THAT(report.findings, SizeIs(1));
    EXPECT_EQ(report.findings[0].kind, Kind::file_without_row);
    EXPECT_TRUE(report.findings[0].repaired);
    ASSERT_THAT(house.held(), SizeIs(1));
    const HeldMail held = house.held()[0];
    EXPECT_EQ(held.id, before.id);
    EXPECT_EQ(held.digest, before.digest);
    EXPECT_EQ(held.envelope.sender, before.envelope.sender);
    EXPECT_EQ(held.why, before.why);
    EXPECT_EQ(held.groups, before.groups);
    EXPECT_EQ(held.received, before.received);
    EXPECT_THAT(held.recipients, SizeIs(2));
    EXPECT_THAT(told(), ElementsAre("u@example.net", "v@example.net"));
    EXPECT_THAT(sink.messages()[0].bytes, HasSubstr("YES"));
    EXPECT_THAT(sweep().findings, IsEmpty());
}

TEST_F(Sweep, TheSameMailThatComesAfterwardsIsKnown)
{
    hold_without_row(spam());
    sweep();
    EXPECT_EQ(house.send(spam()).reply, Reply::discard);
    EXPECT_THAT(house.held(), SizeIs(1));
    EXPECT_THAT(house.files(), SizeIs(1));
    EXPECT_THAT(told(), SizeIs(2));
}

TEST_F(Sweep, TheSameMailThatCameBeforeIsEnough)
{
    const HeldMail left = hold_without_row(spam());
    const HeldMail held = hold(spam());
    EXPECT_NE(held.id, left.id);
    EXPECT_THAT(house.files(), SizeIs(2));
    sweep();
    EXPECT_THAT(house.files(), SizeIs(1));
    ASSERT_THAT(house.held(), SizeIs(1));
    EXPECT_EQ(house.held()[0].id, held.id);
    EXPECT_THAT(told(), SizeIs(2));
}

TEST_F(Sweep, OfAnOldMailNobodyIsTold)
{
    hold_without_row(spam());
    house.clock.advance(std::chrono::hours(25));
    sweep();
    EXPECT_THAT(house.held(), SizeIs(1));
    EXPECT_THAT(told(), IsEmpty());
}

TEST_F(Sweep, ALostCatalogIsMadeAnew)
{
    for (int i = 0; i < 30; ++i) {
        hold_without_row(spam(std::to_string(i)));
        house.clock.advance(std::chrono::hours(24 * 3));
    }
    EXPECT_THAT(sweep().findings, SizeIs(30));
    EXPECT_THAT(house.held(), SizeIs(30));
}

TEST_F(Sweep, WhatIsUnderWayIsLeftAlone)
{
    hold_without_row(spam());
    EXPECT_THAT(house.desk.sweep(house.clock.now(), kOn)->findings, IsEmpty());
    EXPECT_THAT(house.held(), IsEmpty());
}

TEST_F(Sweep, ARowWhoseFileIsLostSaysSo)
{
    hold(spam("there"));
    const HeldMail lost = hold(spam("lost"));
    house.settings().get()->quarantines[0].store->remove(lost.id);
    const StoreReport report = sweep();
    ASSERT_THAT(report.findings, SizeIs(1));
    EXPECT_EQ(report.findings[0].kind, Kind::row_without_file);
    EXPECT_EQ(house.catalog.load(lost.id)->recipients[0].reply, "the store has lost the message");
    EXPECT_EQ(house.send(spam("lost")).reply, Reply::discard);
    EXPECT_THAT(house.held(), SizeIs(3)) << "it is held anew";
}

TEST_F(Sweep, WhoseBytesAreLostIsHeldAnewTogetherWithThoseWhoAreNew)
{
    hold(spam("older"));
    TestMail mail = spam();
    mail.to = {"<u@example.net>"};
    const HeldMail lost = hold(mail);
    house.settings().get()->quarantines[0].store->remove(lost.id);
    mail.to = {"<v@example.net>", "<u@example.net>"};
    const HeldMail held = hold(mail);
    EXPECT_NE(held.id, lost.id);
    EXPECT_THAT(held.recipients, SizeIs(2));
    EXPECT_THAT(house.files(), SizeIs(2));
    EXPECT_EQ(house.send(mail).reply, Reply::discard);
    EXPECT_THAT(house.held(), SizeIs(3)) << "it is known by now";
    EXPECT_THAT(house.files(), SizeIs(2));
}

TEST_F(Sweep, AStoreThatHasNothingIsNotInItsPlace)
{
    hold(spam("one"));
    hold(spam("two"));
    for (const std::string& file : house.files()) {
        std::filesystem::remove(file);
    }
    std::ofstream(house.dir / "store/.lock") << ""; // of the daemon that has just begun
    const StoreReport report = sweep();
    EXPECT_THAT(report.findings, IsEmpty());
    ASSERT_THAT(report.troubles, SizeIs(1));
    EXPECT_THAT(report.troubles[0], HasSubstr("is its disk mounted"));
    EXPECT_EQ(house.held()[0].recipients[0].state, RecipientState::held);
}

TEST_F(Sweep, OfTwoStoresOneThatHasNothingIsLeftAlone)
{
    std::filesystem::create_directory(house.dir / "other");
    house.reconfigure("virus, spam", "[virus]\nregex = ^X-Virus:\naction = DISCARD\n"
                                     "[spam]\nregex = ^X-Spam-Flag: YES\naction = DISCARD\n"
                                     "quarantine_directory = {dir}/other\n");
    TestMail virus = spam("virus");
    virus.headers.emplace_back("X-Virus", " yes");
    hold(virus);
    const HeldMail away = hold(spam("away"));
    house.settings().get()->quarantine("spam")->store->remove(away.id);
    std::ofstream(house.dir / "other/.lock") << "";
    const StoreReport report = sweep();
    EXPECT_THAT(report.findings, IsEmpty());
    EXPECT_THAT(report.troubles, SizeIs(1));
    EXPECT_EQ(house.catalog.load(away.id)->recipients[0].state, RecipientState::held);
}

TEST_F(Sweep, AFileThatWasNeverFinishedGoes)
{
    const HeldMail held = hold(spam());
    const auto day = std::filesystem::path(house.files().at(0)).parent_path();
    const HeldId later(house.clock.now() + std::chrono::hours(1), std::string(10, 'x'));
    for (const std::string& name :
         {".new-" + held.id.str(), ".new-" + later.str(), std::string(".new-other")}) {
        std::ofstream(day / name) << "half";
    }
    EXPECT_THAT(house.desk.check_stores(false, kOn).findings, IsEmpty()) << "all of them are young";
    const StoreReport report = sweep();
    ASSERT_THAT(report.findings, SizeIs(1));
    EXPECT_EQ(report.findings[0].kind, Kind::unfinished_file);
    EXPECT_EQ(report.findings[0].id, held.id);
    EXPECT_FALSE(std::filesystem::exists(day / (".new-" + held.id.str())));
    EXPECT_TRUE(std::filesystem::exists(day / (".new-" + later.str()))) << "it may be under way";
    EXPECT_TRUE(std::filesystem::exists(day / ".new-other")) << "not ours";
}

TEST_F(Sweep, AFileThatNobodyWaitsForGoes)
{
    const HeldMail held = hold(spam());
    hold(spam("other"));
    catalog::Releases(house.catalog).mark_deleted(held.id, "");
    EXPECT_THAT(house.files(), SizeIs(2)) << "died before the bytes went";
    const StoreReport report = sweep();
    ASSERT_THAT(report.findings, SizeIs(1));
    EXPECT_EQ(report.findings[0].kind, Kind::useless_file);
    EXPECT_THAT(house.files(), SizeIs(1));
}

TEST_F(Sweep, AMessageThatComesOnRecordMeanwhileKeepsItsFile)
{
    // Its transaction hung, or another node takes it up at the same time.
    const HeldMail left = hold_without_row(spam());
    const auto settings = std::const_pointer_cast<Settings>(house.settings().get());
    const auto store = std::make_shared<test::FailingStore>(settings->quarantines.at(0).store);
    settings->quarantines.at(0).store = store;
    bool is_recorded = false;
    store->when_opened = [&](const HeldId& /*id*/) {
        if (!std::exchange(is_recorded, true)) {
            house.catalog.record({{.mail = left, .tell = {}}}, Time{});
        }
    };
    sweep();
    EXPECT_TRUE(is_recorded);
    EXPECT_THAT(house.files(), SizeIs(1));
    ASSERT_THAT(house.held(), SizeIs(1));
    EXPECT_EQ(house.held()[0].id, left.id);
}

TEST_F(Sweep, AMessageThatIsTakenUpBeforeItIsRecordedKeepsItsFile)
{
    // Its process hung between the file and the catalog.
    const auto settings = std::const_pointer_cast<Settings>(house.settings().get());
    const auto store = std::make_shared<test::FailingStore>(settings->quarantines.at(0).store);
    settings->quarantines.at(0).store = store;
    bool is_taken_up = false;
    store->when_committed = [&] {
        if (!std::exchange(is_taken_up, true)) {
            EXPECT_THAT(sweep().findings, SizeIs(1));
        }
    };
    const HeldMail held = hold(spam());
    EXPECT_TRUE(is_taken_up);
    EXPECT_THAT(house.files(), SizeIs(1));
    EXPECT_THAT(house.held(), SizeIs(1));
    EXPECT_THAT(held.recipients, SizeIs(2));
    EXPECT_THAT(told(), ElementsAre("u@example.net", "v@example.net"));
    // The same when one of its recipients is on record from an earlier offer.
    TestMail first = spam("for two");
    first.to = {"<u@example.net>"};
    hold(first);
    is_taken_up = false;
    hold(spam("for two"));
    EXPECT_THAT(house.files(), SizeIs(3));
    EXPECT_THAT(house.held(), SizeIs(3));
    EXPECT_EQ(house.count("held_recipient"), 4);
    EXPECT_THAT(sweep().findings, IsEmpty());
}

TEST_F(Sweep, AMessageThatIsTakenUpBeforeTheCatalogFailsUsKeepsItsFile)
{
    // When its process goes on, it cannot ask any more whether somebody took it up.
    const auto settings = std::const_pointer_cast<Settings>(house.settings().get());
    const auto store = std::make_shared<test::FailingStore>(settings->quarantines.at(0).store);
    settings->quarantines.at(0).store = store;
    const auto rename = [&](const std::string& from, const std::string& to) {
        house.catalog.writer().run(
            [&](sql::Connection& database) { database.execute("ALTER TABLE " + from + " RENAME TO " + to); });
    };
    store->when_committed = [&] {
        house.clock.advance(std::chrono::minutes(11));
        EXPECT_THAT(sweep().findings, SizeIs(1));
        rename("held_recipient", "away");
    };
    EXPECT_THROW(house.send(spam()), BackendError);
    rename("away", "held_recipient");
    EXPECT_THAT(house.held(), SizeIs(1));
    EXPECT_THAT(house.files(), SizeIs(1));
    store->when_committed = [] {};
    EXPECT_EQ(house.send(spam()).reply, Reply::discard);
    EXPECT_THAT(house.held(), SizeIs(1)) << "it is known";
}

TEST_F(Sweep, AMessageThatIsTakenUpUnderOtherRulesKeepsItsFile)
{
    // Not only what counts as known is on record.
    const auto settings = std::const_pointer_cast<Settings>(house.settings().get());
    const auto store = std::make_shared<test::FailingStore>(settings->quarantines.at(0).store);
    settings->quarantines.at(0).store = store;
    settings->global.retry_window = std::chrono::seconds(0);
    store->when_committed = [&] { EXPECT_THAT(sweep().findings, SizeIs(1)); };
    hold(spam());
    EXPECT_THAT(house.files(), SizeIs(1));
    EXPECT_THAT(house.held(), SizeIs(1));
    EXPECT_EQ(house.count("held_recipient"), 2);
}

TEST_F(Sweep, MailThatCameWhileADiskWasAwayDoesNotProveThatItIsThere)
{
    hold(spam("one"));
    hold(spam("two"));
    for (const std::string& file : house.files()) {
        std::filesystem::remove(file);
    }
    hold(spam("into the folder below"));
    for (int hour = 0; hour < 2; ++hour) {
        const StoreReport report = sweep();
        EXPECT_THAT(report.findings, IsEmpty());
        ASSERT_THAT(report.troubles, SizeIs(1));
        EXPECT_THAT(report.troubles[0], HasSubstr("2 of the messages on record are not in"));
        EXPECT_THAT(report.troubles[0], HasSubstr("is its disk mounted"));
        house.clock.advance(std::chrono::hours(1));
    }
    EXPECT_EQ(house.held()[0].recipients[0].state, RecipientState::held);
}

TEST_F(Sweep, ARecipientGivenTwiceIsOne)
{
    TestMail mail = spam();
    mail.to = {"<u@example.net>", "<U@Example.NET>", "<u@example.net>"};
    hold_without_row(mail);
    sweep();
    EXPECT_EQ(house.count("held_recipient"), 1);
    EXPECT_EQ(house.count("notice"), 1);
}

TEST_F(Sweep, AMailFromTheFutureHidesNothing)
{
    const HeldMail left = hold_without_row(spam("left"));
    house.clock.advance(std::chrono::hours(24 * 30)); // the clock is wrong
    hold(spam("too soon"));
    house.clock.advance(-std::chrono::hours(24 * 30) + std::chrono::minutes(20));
    const auto report = house.desk.sweep(house.clock.now(), kOn);
    ASSERT_THAT(report->findings, SizeIs(1));
    EXPECT_EQ(report->findings[0].id, left.id);
    EXPECT_THAT(house.held(), SizeIs(2));
}

TEST_F(Sweep, WhatCouldNotBeSweptForDaysIsSweptInTheEnd)
{
    const HeldMail left = hold_without_row(spam("left"));
    house.clock.advance(std::chrono::minutes(20));
    Janitor janitor(house.desk, house.catalog, house.clock, [] {});
    house.clock.advance(std::chrono::minutes(20));
    const auto settings = std::const_pointer_cast<Settings>(house.settings().get());
    const auto store = std::make_shared<test::FailingStore>(settings->quarantines.at(0).store);
    settings->quarantines.at(0).store = store;
    store->fail_at(1);
    EXPECT_TRUE(janitor.round()) << "one file that cannot be read is no reason to try again soon";
    ASSERT_TRUE(store->has_failed());
    store->when_opened = [](const HeldId& /*id*/) {};
    {
        const auto filling = house.desk.hold_stores(); // as when the catalog is away
        EXPECT_FALSE(janitor.round());
    }
    house.clock.advance(std::chrono::hours(24 * 4));
    hold(spam("new"));
    house.clock.advance(std::chrono::minutes(20));
    EXPECT_TRUE(janitor.round());
    EXPECT_THAT(house.held(), SizeIs(2));
}

TEST_F(Sweep, TheJanitorWaitsForWhoFillsTheStores)
{
    const HeldMail left = hold_without_row(spam());
    house.clock.advance(std::chrono::hours(1));
    int wakes = 0;
    Janitor janitor(house.desk, house.catalog, house.clock, [&] { ++wakes; });
    {
        const auto filling = house.desk.hold_stores();
        EXPECT_FALSE(janitor.round());
        EXPECT_THAT(house.held(), IsEmpty());
    }
    EXPECT_TRUE(janitor.round());
    EXPECT_THAT(house.held(), SizeIs(1));
    EXPECT_EQ(wakes, 1);
}

TEST(ReserveSpace, MailThatWouldBeHeldIsPutOffBeforeAnythingIsWritten)
{
    House house("all", "[all]\nregex = ^Subject: held\naction = DISCARD\n", "reserve_space = 1000000G\n");
    const TestMail held{.headers = {{"Subject", " held"}}};
    EXPECT_THROW(house.send(held), BackendError);
    EXPECT_THAT(house.files(), IsEmpty());
    EXPECT_THAT(house.held(), IsEmpty());
    EXPECT_EQ(house.send({.headers = {{"Subject", " clean"}}}).reply, Reply::accept);
    House roomy("all", "[all]\nregex = ^Subject: held\naction = DISCARD\n", "reserve_space = 1\n");
    EXPECT_EQ(roomy.send(held).reply, Reply::discard);
}

} // namespace qm
