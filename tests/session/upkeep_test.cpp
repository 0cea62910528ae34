// What lies too long goes; store and catalog are made to agree; old mail is taken up once.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mail/content_digest.h"
#include "quarantine/postman.h"
#include "support/mail_server.h"
#include "support/smtp_sink.h"

namespace qm {
namespace {

using milter::Reply;
using test::House;
using test::TestMail;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const Progress kOn = [](std::string_view, std::uint64_t, std::uint64_t) { return true; };

std::string section(const std::string& more = "")
{
    return "[all]\nregex = ^Subject:\naction = DISCARD\n" + more;
}

TestMail mail_number(int number, std::size_t size = 10)
{
    return {.headers = {{"Subject", " " + std::to_string(number)}}, .body = std::string(size, 'x') + "\r\n"};
}

} // namespace

TEST(Expire, WhatIsOlderThanItsDaysGoesWithItsBytes)
{
    House house("all", section("quarantine_days = 30"));
    house.send(mail_number(1));
    house.clock.advance(std::chrono::days(20));
    house.send(mail_number(2));
    house.clock.advance(std::chrono::days(11));
    const ExpireReport dry = house.desk.expire(true, kOn);
    ASSERT_THAT(dry.parts, SizeIs(1));
    EXPECT_EQ(dry.parts.front().messages, 1);
    EXPECT_THAT(house.files(), SizeIs(2));
    const ExpireReport report = house.desk.expire(false, kOn);
    ASSERT_THAT(report.parts, SizeIs(1));
    EXPECT_EQ(report.parts.front().messages, 1);
    EXPECT_EQ(report.parts.front().bytes, dry.parts.front().bytes);
    EXPECT_THAT(report.troubles, IsEmpty());
    EXPECT_THAT(house.files(), SizeIs(1));
    EXPECT_EQ(house.held().front().subject, "2");
    EXPECT_THAT(house.desk.expire(false, kOn).parts, IsEmpty());
}

TEST(Expire, WithoutDaysEverythingStays)
{
    House house("all", section());
    house.send(mail_number(1));
    house.clock.advance(std::chrono::days(10'000));
    EXPECT_THAT(house.desk.expire(false, kOn).parts, IsEmpty());
    EXPECT_THAT(house.files(), SizeIs(1));
}

TEST(Expire, TheOldestGoUntilTheRestFits)
{
    House house("all", section("quarantine_max_size = 25K"));
    for (int i = 0; i < 5; ++i) {
        house.send(mail_number(i, 10'000));
    }
    const ExpireReport dry = house.desk.expire(true, kOn);
    ASSERT_THAT(dry.parts, SizeIs(1));
    EXPECT_EQ(dry.parts.front().messages, 3);
    const ExpireReport report = house.desk.expire(false, kOn);
    EXPECT_EQ(report.parts.front().messages, 3);
    EXPECT_EQ(report.parts.front().bytes, dry.parts.front().bytes);
    ASSERT_THAT(house.held(), SizeIs(2));
    EXPECT_EQ(house.held().front().subject, "3");
    EXPECT_THAT(house.files(), SizeIs(2));
}

TEST(Expire, ADryRunOfBothLimitsSaysWhatTheRealOneDoes)
{
    House house("all", section("quarantine_days = 30\nquarantine_max_size = 25K"));
    for (int i = 0; i < 6; ++i) {
        house.send(mail_number(i, 10'000));
        if (i < 2) {
            house.clock.advance(std::chrono::days(31));
        }
    }
    const ExpireReport dry = house.desk.expire(true, kOn);
    const ExpireReport report = house.desk.expire(false, kOn);
    ASSERT_THAT(dry.parts, SizeIs(2));
    ASSERT_THAT(report.parts, SizeIs(2));
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(dry.parts.at(i).messages, 2);
        EXPECT_EQ(report.parts.at(i).messages, 2);
        EXPECT_EQ(dry.parts.at(i).bytes, report.parts.at(i).bytes);
    }
}

TEST(Expire, WhatSomebodyIsStillToBeToldOfStays)
{
    const std::string tells = "notification_type = EMAIL\nsmtp_host = 127.0.0.1\n"
                              "notification_email_from = quarantine@example.net\n"
                              "notification_email_subject = Held\nnotification_email_template = " +
                              std::string(QM_SOURCE_DIR) + "/templates/notice.html\n";
    test::SmtpSink sink;
    test::SmtpScript away;
    away.mail = "421 not now";
    sink.set(away);
    House house("all", section("quarantine_days = 2\nquarantine_max_size = 15K\n" + tells +
                               "smtp_port = " + std::to_string(sink.port())));
    house.send(mail_number(1));
    house.clock.advance(std::chrono::days(3));
    for (int number = 2; number < 5; ++number) {
        house.send(mail_number(number, 10'000));
    }
    for (const bool dry_run : {true, false}) {
        const ExpireReport report = house.desk.expire(dry_run, kOn);
        ASSERT_THAT(report.parts, SizeIs(2));
        EXPECT_EQ(report.parts.at(0).messages + report.parts.at(1).messages, 0);
        EXPECT_EQ(report.parts.at(0).untold, 1) << "too old";
        EXPECT_EQ(report.parts.at(1).untold, 3) << "the room is needed, but nobody was told of any";
    }
    EXPECT_THAT(house.files(), SizeIs(4));
    sink.set({});
    Postman postman(house.settings(), house.catalog, house.outbox, house.clock);
    postman.deliver_due();
    EXPECT_THAT(sink.messages(), SizeIs(4));
    const ExpireReport report = house.desk.expire(false, kOn);
    ASSERT_THAT(report.parts, SizeIs(2));
    EXPECT_EQ(report.parts.at(0).messages, 1);
    EXPECT_EQ(report.parts.at(1).messages, 2);
    EXPECT_EQ(report.parts.at(0).untold + report.parts.at(1).untold, 0);
    EXPECT_THAT(house.files(), SizeIs(1));
}

TEST(Expire, ANoticeThatNobodySendsAnyMoreKeepsNothingForEver)
{
    House house("all", section("quarantine_days = 2\nnotification_retry_days = 5\nnotification_type = EMAIL\n"
                               "smtp_host = 127.0.0.1\nsmtp_port = 9\n"
                               "notification_email_from = quarantine@example.net\n"
                               "notification_email_subject = Held\nnotification_email_template = " +
                               std::string(QM_SOURCE_DIR) + "/templates/notice.html\n"));
    house.send(mail_number(1));
    house.clock.advance(std::chrono::days(5));
    EXPECT_EQ(house.desk.expire(false, kOn).parts.at(0).untold, 1);
    house.clock.advance(std::chrono::days(2));
    EXPECT_EQ(house.desk.expire(false, kOn).parts.at(0).messages, 1);
    EXPECT_THAT(house.files(), IsEmpty());
}

TEST(Expire, RowsStayWhenTheirFilesAreAway)
{
    House house("all", section("quarantine_days = 30"));
    house.send(mail_number(1));
    house.send(mail_number(2));
    for (const std::string& file : house.files()) {
        std::filesystem::remove(file);
    }
    std::ofstream(house.dir / "store/.lock") << ""; // of the daemon
    house.clock.advance(std::chrono::days(31));
    const ExpireReport report = house.desk.expire(false, kOn);
    EXPECT_THAT(report.parts, IsEmpty());
    ASSERT_THAT(report.troubles, SizeIs(1));
    EXPECT_THAT(report.troubles[0], HasSubstr("is its disk mounted"));
    EXPECT_THAT(house.held(), SizeIs(2));
    house.desk.check_stores(true, kOn);
    EXPECT_EQ(house.desk.expire(false, kOn).parts.at(0).messages, 2);
}

TEST(Expire, FilesThatWereDeletedByHandAreNoReasonToStop)
{
    House house("all", section("quarantine_days = 30"));
    house.send(mail_number(1));
    for (const std::string& file : house.files()) {
        std::filesystem::remove(file);
    }
    house.clock.advance(std::chrono::days(20));
    house.send(mail_number(2));
    house.clock.advance(std::chrono::days(11));
    EXPECT_EQ(house.desk.expire(false, kOn).parts.at(0).messages, 1);
    EXPECT_THAT(house.held(), SizeIs(1));
}

TEST(Expire, AStoppedRunGoesOnWhereItWas)
{
    House house("all", section("quarantine_days = 1"));
    for (int i = 0; i < 600; ++i) {
        house.send(mail_number(i));
    }
    house.clock.advance(std::chrono::days(2));
    const Progress once = [](std::string_view, std::uint64_t, std::uint64_t) { return false; };
    const ExpireReport first = house.desk.expire(false, once);
    EXPECT_TRUE(first.stopped);
    const auto left = house.held().size();
    EXPECT_GT(left, 0U);
    EXPECT_LT(left, 600U);
    EXPECT_EQ(house.files().size(), left);
    EXPECT_FALSE(house.desk.expire(false, kOn).stopped);
    EXPECT_THAT(house.files(), IsEmpty());
    EXPECT_EQ(house.count("held_message"), 0);
}

TEST(Expire, WhatAKilledRunBeganIsFinished)
{
    House house("all", section("quarantine_max_size = 1G"));
    house.send(mail_number(1));
    house.send(mail_number(2));
    catalog::Retention(house.catalog).close({{.id = house.held().front().id}}); // and then it was killed
    const ExpireReport report = house.desk.expire(false, kOn);
    ASSERT_THAT(report.parts, SizeIs(1));
    EXPECT_EQ(report.parts.front().messages, 1);
    EXPECT_THAT(house.files(), SizeIs(1));
    EXPECT_EQ(house.held().front().subject, "2");
}

TEST(Expire, AMailThatComesAgainWhileItsOldCopyGoesIsHeldAnew)
{
    House house("all", section("quarantine_days = 1"));
    house.send(mail_number(1));
    catalog::Retention(house.catalog).close({{.id = house.held().front().id}});
    EXPECT_EQ(house.send(mail_number(1)).reply, Reply::discard);
    EXPECT_THAT(house.held(), SizeIs(2));
    EXPECT_THAT(house.files(), SizeIs(2));
}

TEST(Expire, AnUnmountedDiskIsNoReasonToForget)
{
    House house("all", section("quarantine_days = 1"));
    house.send(mail_number(1));
    house.clock.advance(std::chrono::days(2));
    std::filesystem::rename(house.dir / "store", house.dir / "unmounted");
    std::filesystem::create_directory(house.dir / "store");
    for (const bool dry_run : {true, false}) {
        const ExpireReport report = house.desk.expire(dry_run, kOn);
        EXPECT_THAT(report.parts, IsEmpty());
        EXPECT_THAT(report.troubles, ElementsAre(HasSubstr("mounted")));
    }
    EXPECT_THAT(house.desk.check_stores(false, kOn).troubles, ElementsAre(HasSubstr("mounted")));
    EXPECT_EQ(house.held().front().recipients.front().state, RecipientState::held);
}

TEST(Expire, AQuarantineThatIsNotConfiguredAnyMoreKeepsItsMail)
{
    House house("all", section("quarantine_days = 1"));
    house.send(mail_number(1));
    house.clock.advance(std::chrono::days(2));
    house.reconfigure("new", "[new]\nregex = ^Subject:\naction = DISCARD\nquarantine_days = 1\n");
    const ExpireReport report = house.desk.expire(false, kOn);
    ASSERT_THAT(report.parts, SizeIs(1));
    EXPECT_FALSE(report.parts.front().configured);
    EXPECT_THAT(house.files(), SizeIs(1));
}

TEST(StoreCheck, AFileWithoutARowIsTakenUpAgain)
{
    House house("all", section());
    house.send({.from = "<a@b.example>", .to = {"<u@example.net>", "<v@example.net>"}});
    const HeldMail before = house.held().front();
    house.catalog.forget(before.id);
    house.clock.advance(std::chrono::hours(1));
    EXPECT_THAT(house.desk.check_stores(false, kOn).findings, SizeIs(1));
    EXPECT_EQ(house.count("held_message"), 0);
    const StoreReport report = house.desk.check_stores(true, kOn);
    ASSERT_THAT(report.findings, SizeIs(1));
    EXPECT_EQ(report.findings.front().kind, StoreFinding::Kind::file_without_row);
    EXPECT_TRUE(report.findings.front().repaired);
    const HeldMail after = house.held().front();
    EXPECT_EQ(after.id, before.id);
    EXPECT_EQ(after.envelope.sender, "a@b.example");
    EXPECT_EQ(after.digest, before.digest);
    EXPECT_EQ(after.size, before.size);
    EXPECT_EQ(after.subject, before.subject);
    EXPECT_THAT(after.recipients, SizeIs(2));
    EXPECT_THAT(house.desk.check_stores(true, kOn).findings, IsEmpty());
}

TEST(StoreCheck, ALeftoverOfAMailThatCameAgainIsRemoved)
{
    House house("all", section());
    house.send({});
    const HeldMail first = house.held().front();
    house.catalog.forget(first.id); // as if we had died before the catalog knew
    house.send({});
    house.clock.advance(std::chrono::hours(1));
    const StoreReport report = house.desk.check_stores(true, kOn);
    ASSERT_THAT(report.findings, SizeIs(1));
    EXPECT_THAT(report.findings.front().what, HasSubstr("leftover"));
    EXPECT_THAT(house.files(), SizeIs(1));
    EXPECT_THAT(house.held(), SizeIs(1));
}

TEST(StoreCheck, AMailThatIsBeingHeldRightNowIsLeftAlone)
{
    House house("all", section());
    house.send({});
    house.catalog.forget(house.held().front().id);
    EXPECT_THAT(house.desk.check_stores(true, kOn).findings, IsEmpty());
    EXPECT_THAT(house.files(), SizeIs(1));
}

TEST(StoreCheck, ARowWithoutItsFileIsOnRecordAsLost)
{
    House house("all", section());
    house.send({});
    const HeldId id = house.held().front().id;
    const std::string file = house.files().front();
    const std::string aside = house.dir / "aside";
    house.send(mail_number(2));
    std::filesystem::rename(file, aside);
    EXPECT_THAT(house.desk.check_stores(false, kOn).findings, SizeIs(1));
    EXPECT_EQ(house.held().front().recipients.front().state, RecipientState::held);
    const StoreReport report = house.desk.check_stores(true, kOn);
    ASSERT_THAT(report.findings, SizeIs(1));
    EXPECT_EQ(report.findings.front().kind, StoreFinding::Kind::row_without_file);
    const HeldMail lost = *house.desk.load(id);
    EXPECT_TRUE(lost.gone);
    EXPECT_EQ(lost.recipients.front().state, RecipientState::deleted);
    EXPECT_THAT(lost.recipients.front().reply, HasSubstr("lost"));
    EXPECT_THAT(house.desk.check_stores(false, kOn).findings, IsEmpty());

    std::filesystem::rename(aside, file); // the backup had it
    ASSERT_THAT(house.desk.check_stores(true, kOn).findings, SizeIs(1));
    EXPECT_EQ(house.desk.load(id)->recipients.front().state, RecipientState::held);
    EXPECT_NE(house.desk.open(*house.desk.load(id)), nullptr);
    EXPECT_THAT(house.desk.check_stores(false, kOn).findings, IsEmpty());
}

TEST(StoreCheck, AFolderMadeAnewAfterItsDiskDiedIsPutRightByARepair)
{
    House house("all", section());
    house.send({});
    std::filesystem::rename(house.dir / "store", house.dir / "aside");
    EXPECT_THAT(house.desk.check_stores(true, kOn).troubles, SizeIs(1)) << "there is no folder";
    std::filesystem::create_directory(house.dir / "store");
    EXPECT_THROW(house.desk.expect_stores(*house.desk.settings()), BackendError);
    const StoreReport report = house.desk.check_stores(true, kOn);
    EXPECT_THAT(report.troubles, IsEmpty());
    ASSERT_THAT(report.findings, SizeIs(1));
    EXPECT_EQ(report.findings.front().kind, StoreFinding::Kind::row_without_file);
    EXPECT_TRUE(report.findings.front().repaired);
    house.desk.expect_stores(*house.desk.settings());
    std::filesystem::remove(house.dir / "store");
    std::filesystem::rename(house.dir / "aside", house.dir / "store"); // it was not dead after all
    EXPECT_THAT(house.desk.check_stores(true, kOn).findings, SizeIs(1));
    EXPECT_EQ(house.held().front().recipients.front().state, RecipientState::held);
}

TEST(ExpectStores, AnEmptyFolderInWhichMessagesShouldBeIsNotInItsPlace)
{
    House house("all", section());
    const auto expect_all = [&] { house.desk.expect_stores(*house.desk.settings()); };
    expect_all(); // nothing is held yet
    house.send({});
    house.send(mail_number(2));
    expect_all();
    std::filesystem::rename(house.dir / "store", house.dir / "unmounted");
    EXPECT_THROW(expect_all(), BackendError) << "there is no folder";
    std::filesystem::create_directories(house.dir / "store/lost+found");
    std::ofstream(house.dir / "store/.lock") << ""; // of a daemon that did not look
    try {
        expect_all();
        ADD_FAILURE() << "an empty folder is its store";
    } catch (const BackendError& error) {
        EXPECT_THAT(error.what(), HasSubstr("[all] " + house.dir.path() + "/store is empty"));
        EXPECT_THAT(error.what(), HasSubstr("counts on 2 messages"));
        EXPECT_THAT(error.what(), HasSubstr("is its disk mounted"));
        EXPECT_THAT(error.what(), HasSubstr("quarantinectl store check --repair"));
    }
    house.reconfigure("other", "[other]\nregex = ^Never:\naction = DISCARD\n");
    expect_all(); // nobody knows where those of a quarantine are that is not configured
    house.reconfigure("all", section("quarantine_type = NONE\n"));
    expect_all();
    house.reconfigure("all", section());
    EXPECT_THROW(expect_all(), BackendError);
    std::filesystem::remove_all(house.dir / "store");
    std::filesystem::rename(house.dir / "unmounted", house.dir / "store");
    expect_all();
}

TEST(ExpectStores, AFolderIsEmptyForGoodReasons)
{
    House house("all, more", section() + "[more]\nregex = ^Never:\naction = DISCARD\n");
    const auto expect_all = [&] { house.desk.expect_stores(*house.desk.settings()); };
    house.send({});
    expect_all(); // two share it, and one has held nothing
    const HeldId id = house.held().front().id;
    std::filesystem::create_directory(house.dir / "new");
    house.reconfigure("all, more", section("quarantine_directory = new\n") +
                                       "[more]\nregex = ^Never:\naction = DISCARD\n");
    expect_all(); // its messages are in the folder it had before
    house.reconfigure("all", section("quarantine_directory = new\n"));
    EXPECT_THROW(expect_all(), BackendError) << "they are where nobody looks";
    house.reconfigure("all", section());
    catalog::Releases(house.catalog).mark_deleted(id, "");
    house.settings().get()->quarantines[0].store->remove(id); // and then it died
    expect_all();
}

TEST(StoreCheck, ALeftoverIsKeptWhenItIsTheLastCopy)
{
    House house("all", section());
    house.send({});
    const HeldMail first = house.held().front();
    house.catalog.forget(first.id);
    house.send({});
    const HeldMail second = house.held().front();
    std::filesystem::remove(
        house.files().at(house.files().front().find(first.id.str()) == std::string::npos ? 0 : 1));
    house.clock.advance(std::chrono::hours(1));
    house.desk.check_stores(true, kOn);
    EXPECT_NE(house.desk.open(*house.desk.load(first.id)), nullptr);
    EXPECT_EQ(house.desk.load(first.id)->recipients.front().state, RecipientState::held);
}

TEST(StoreCheck, AFileNobodyWaitsForGoes)
{
    House house("all", section());
    house.send({});
    const HeldId id = house.held().front().id;
    catalog::Releases(house.catalog).mark_deleted(id, ""); // and then we died
    const StoreReport report = house.desk.check_stores(true, kOn);
    ASSERT_THAT(report.findings, SizeIs(1));
    EXPECT_EQ(report.findings.front().kind, StoreFinding::Kind::useless_file);
    EXPECT_THAT(house.files(), IsEmpty());
    EXPECT_TRUE(house.desk.load(id)->gone);
}

TEST(StoreCheck, AStrangersFileIsNeverTouched)
{
    House house("all", section());
    house.send({});
    const std::string folder = std::filesystem::path(house.files().front()).parent_path();
    const HeldId id(house.clock.now() - std::chrono::hours(1), "0123456789");
    std::ofstream(folder + "/" + id.str() + ".eml") << "Subject: mine\r\n\r\n";
    const StoreReport report = house.desk.check_stores(true, kOn);
    ASSERT_THAT(report.findings, SizeIs(1));
    EXPECT_EQ(report.findings.front().kind, StoreFinding::Kind::unreadable);
    EXPECT_FALSE(report.findings.front().repaired);
    EXPECT_THAT(house.files(), SizeIs(2));
}

TEST(Adopt, AMessageFromElsewhereIsTakenUpOnce)
{
    House house("all", section("quarantine_days = 30"));
    HeldMail old;
    old.received = house.clock.now() - std::chrono::days(12);
    old.id = HeldId(old.received, "0123456789");
    old.quarantine = "all";
    old.envelope.sender = "a@b.example";
    old.recipients = {{.address = "u@example.net"}};
    const std::string bytes = "From: a@b.example\nSubject: =?utf-8?q?gr=C3=BCn?=\n\ntext\n";
    EXPECT_TRUE(house.desk.adopt(old, bytes));
    EXPECT_FALSE(house.desk.adopt(old, bytes));
    ASSERT_THAT(house.held(), SizeIs(1));
    const HeldMail held = house.held().front();
    EXPECT_EQ(held.received, old.received);
    EXPECT_EQ(held.subject, "gr\xC3\xBCn");
    EXPECT_EQ(held.header_from, "a@b.example");
    EXPECT_EQ(held.size, bytes.size() + 4);
    EXPECT_TRUE(held.stored);
    EXPECT_THAT(house.files(), SizeIs(1));
    EXPECT_EQ(house.count("notice"), 0);
    EXPECT_THAT(house.desk.check_stores(false, kOn).findings, IsEmpty());
}

} // namespace qm
