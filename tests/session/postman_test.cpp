// Notices: due, tried again with growing pauses, refused, given up, never twice.
#include "quarantine/postman.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/failing_store.h"
#include "support/mail_server.h"
#include "support/smtp_sink.h"

namespace qm {
namespace {

using milter::Reply;
using test::House;
using test::SmtpScript;
using test::SmtpSink;
using test::TestMail;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// A house whose only quarantine tells its recipients through a sink.
class PostmanTest : public testing::Test {
  protected:
    static std::string spam_section(std::uint16_t port, const std::string& more = "")
    {
        return "[spam]\nregex = ^X-Spam-Flag: (?<flag>YES)\naction = DISCARD\nnotification_type = EMAIL\n"
               "smtp_host = 127.0.0.1\nsmtp_port = " +
               std::to_string(port) +
               "\nnotification_email_from = quarantine@example.net\n"
               "notification_email_subject = [Held] {EMAIL_SUBJECT}\n"
               "notification_email_template = " +
               std::string(QM_SOURCE_DIR) + "/templates/notice.html\n" + more;
    }

    explicit PostmanTest(const std::string& more = "") : house("spam", spam_section(sink.port(), more)) {}

    static TestMail spam(const std::string& body = "text\r\n")
    {
        TestMail mail;
        mail.headers = {{"From", " a@example.org"}, {"Subject", " buy"}, {"X-Spam-Flag", " YES"}};
        mail.body = body;
        return mail;
    }

    std::string state_of_notices()
    {
        const auto lease = house.catalog.readers().lease(std::chrono::seconds(5));
        std::string states;
        for (const auto& row : lease->query("SELECT state FROM notice ORDER BY number", {sql::Kind::text})) {
            states += sql::text_of(row.at(0)) + " ";
        }
        return states;
    }

    SmtpSink sink;
    House house;
    Postman postman{house.settings(), house.catalog, house.outbox, house.clock};
};

} // namespace

/// The same with an administrator who wants to know.
class AlsoNotifyTest : public PostmanTest {
  protected:
    AlsoNotifyTest() : PostmanTest("also_notify = admin@example.net\nquarantine_days = 14\n") {}
};

TEST_F(AlsoNotifyTest, TheAdministratorGetsACopyOfEveryNotice)
{
    TestMail mail = spam();
    mail.to = {"<a@example.net>", "<b@example.net>"};
    house.send(mail);
    EXPECT_EQ(postman.deliver_due(), 4U);
    std::vector<std::string> told;
    for (const auto& message : sink.messages()) {
        told.push_back(message.recipients.front());
        EXPECT_THAT(message.bytes, HasSubstr("To: "));
    }
    EXPECT_THAT(told, testing::UnorderedElementsAre("a@example.net", "b@example.net", "admin@example.net",
                                                    "admin@example.net"));
    const auto records = house.desk.notices_of(house.held().front().id);
    ASSERT_EQ(records.size(), 4U);
    for (const NoticeRecord& record : records) {
        EXPECT_EQ(record.state, "sent");
        EXPECT_THAT(record.send_to, testing::AnyOf(record.recipient, "admin@example.net"));
    }
}

TEST_F(AlsoNotifyTest, ItsCopyPassesOurOwnMilter)
{
    house.send(spam());
    postman.deliver_due();
    const auto copy = sink.messages().back();
    ASSERT_THAT(copy.recipients, ElementsAre("admin@example.net"));
    mail::Headers headers;
    const auto begin = mail::parse_headers(copy.bytes, headers);
    TestMail back{.from = "<>", .to = {"<admin@example.net>"}, .headers = {{"X-Spam-Flag", " YES"}}};
    for (std::size_t i = 0; i < headers.size(); ++i) {
        back.headers.emplace_back(headers[i].name, headers[i].value);
    }
    back.body = copy.bytes.substr(begin);
    EXPECT_EQ(house.send(back).reply, Reply::accept);
}

TEST_F(AlsoNotifyTest, ANoticeAskedForAgainIsSentAgain)
{
    house.send(spam());
    postman.deliver_due();
    const HeldId id = house.held().front().id;
    EXPECT_EQ(house.desk.remind(id, "USER@example.net", true).outcome, RemindResult::Outcome::due);
    EXPECT_EQ(postman.deliver_due(), 1U);
    EXPECT_THAT(sink.messages().back().recipients, ElementsAre("user@example.net"));
    EXPECT_THAT(house.desk.remind(id, "user@example.net", false).send_to,
                ElementsAre("user@example.net", "admin@example.net"));
    EXPECT_EQ(postman.deliver_due(), 2U);
    EXPECT_EQ(house.desk.remind(id, "stranger@example.net", true).outcome,
              RemindResult::Outcome::no_recipient);
    house.desk.remove(id, "");
    EXPECT_EQ(house.desk.remind(id, "user@example.net", false).outcome, RemindResult::Outcome::settled);
}

TEST_F(AlsoNotifyTest, ADeletedMessageIsNotAnnouncedAnyMore)
{
    house.send(spam());
    house.desk.remove(house.held().front().id, "");
    EXPECT_EQ(postman.deliver_due(), 0U);
    EXPECT_EQ(state_of_notices(), "expired expired ");
}

TEST_F(AlsoNotifyTest, TheNoticeSaysUntilWhenTheMessageIsKept)
{
    house.send(spam());
    postman.deliver_due();
    EXPECT_THAT(sink.messages().front().bytes,
                HasSubstr(format_day(house.held().front().received + std::chrono::days(14))));
}

TEST_F(PostmanTest, TellsEachRecipientOnceWithTheNullSender)
{
    TestMail mail = spam();
    mail.to = {"<a@example.net>", "<B@example.net>"};
    house.send(mail);
    EXPECT_EQ(house.wakes, 1);
    EXPECT_EQ(postman.deliver_due(), 2U);
    EXPECT_EQ(postman.deliver_due(), 0U);
    const auto told = sink.messages();
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0].sender, "");
    EXPECT_THAT(told[0].recipients, ElementsAre("a@example.net"));
    EXPECT_THAT(told[1].recipients, ElementsAre("B@example.net"));
    EXPECT_THAT(told[0].bytes, HasSubstr("[Held] buy"));
    EXPECT_EQ(state_of_notices(), "sent sent ");
}

TEST_F(PostmanTest, TheNoticePassesTheVeryQuarantineItTellsOf)
{
    house.reconfigure("spam", spam_section(sink.port(), "") + "");
    house.send(spam());
    postman.deliver_due();
    ASSERT_EQ(sink.messages().size(), 1U);
    const std::string bytes = sink.messages()[0].bytes;
    mail::Headers parsed;
    const std::size_t body = mail::parse_headers(bytes, parsed);
    TestMail back;
    back.from = "<>";
    back.to = {"<user@example.net>"};
    back.headers.clear();
    for (std::size_t i = 0; i < parsed.size(); ++i) {
        std::string value(parsed[i].value);
        for (auto fold = value.find("\r\n"); fold != std::string::npos; fold = value.find("\r\n")) {
            value.erase(fold, 1); // libmilter shows folds as bare LF
        }
        back.headers.emplace_back(parsed[i].name, value);
    }
    back.headers.emplace_back("X-Spam-Flag", " YES");
    back.body = bytes.substr(body);
    EXPECT_EQ(house.send(back).reply, Reply::accept);
    EXPECT_EQ(house.count("held_message"), 1);
}

TEST_F(PostmanTest, TheSameBytesToSomebodyElseAreHeldButNobodyIsToldAboutANotice)
{
    house.send(spam());
    postman.deliver_due();
    const std::string bytes = sink.messages().at(0).bytes;
    mail::Headers parsed;
    const std::size_t body = mail::parse_headers(bytes, parsed);
    TestMail back;
    back.to = {"<other@example.net>"};
    back.headers.clear();
    for (std::size_t i = 0; i < parsed.size(); ++i) {
        back.headers.emplace_back(parsed[i].name, parsed[i].value);
    }
    back.headers.emplace_back("X-Spam-Flag", " YES");
    back.body = bytes.substr(body);
    EXPECT_EQ(house.send(back).reply, Reply::discard);
    EXPECT_EQ(house.count("held_message"), 2);
    EXPECT_EQ(house.count("notice"), 1);
}

TEST_F(PostmanTest, ADeferralIsTriedAgainWithGrowingPausesUnderTheSameMessageId)
{
    SmtpScript script;
    script.end = "451 4.3.0 later";
    sink.set(script);
    house.send(spam());
    EXPECT_EQ(postman.deliver_due(), 1U);
    EXPECT_EQ(postman.deliver_due(), 0U);
    house.clock.advance(std::chrono::seconds(30)); // the first pause is at most that long
    EXPECT_EQ(postman.deliver_due(), 1U);
    house.clock.advance(std::chrono::seconds(30));
    EXPECT_EQ(postman.deliver_due(), 0U); // the second is longer
    house.clock.advance(std::chrono::seconds(30));
    sink.set({});
    EXPECT_EQ(postman.deliver_due(), 1U);
    const auto offered = sink.messages();
    ASSERT_GE(offered.size(), 1U);
    for (const auto& message : offered) {
        EXPECT_EQ(message.bytes, offered.front().bytes);
    }
    EXPECT_EQ(state_of_notices(), "sent ");
}

TEST_F(PostmanTest, ARefusalEndsTheNoticeAndIsCounted)
{
    SmtpScript script;
    script.rcpt = "550 5.1.1 no such user";
    sink.set(script);
    house.send(spam());
    EXPECT_EQ(postman.deliver_due(), 1U);
    house.clock.advance(std::chrono::hours(24));
    EXPECT_EQ(postman.deliver_due(), 0U);
    EXPECT_EQ(house.outbox.state().refused, 1);
    EXPECT_EQ(house.outbox.state().due, 0);
}

TEST_F(PostmanTest, ANoticeIsGivenUpAfterItsDays)
{
    SmtpScript script;
    script.rcpt = "450 4.2.0 later";
    sink.set(script);
    house.send(spam());
    int attempts = 0;
    for (int hour = 0; hour < 24 * 6; ++hour) {
        attempts += static_cast<int>(postman.deliver_due());
        house.clock.advance(std::chrono::hours(1));
    }
    EXPECT_GT(attempts, 24);
    EXPECT_EQ(house.outbox.state().expired, 1);
}

TEST_F(PostmanTest, ABrokenConnectionAfterTheFinalDotIsTriedAgainAsTheSameMessage)
{
    SmtpScript script;
    script.fault = SmtpScript::Fault::close_after_message;
    sink.set(script);
    house.send(spam());
    EXPECT_EQ(postman.deliver_due(), 1U);
    EXPECT_EQ(house.outbox.state().due, 1);
    sink.set({});
    house.clock.advance(std::chrono::seconds(30));
    EXPECT_EQ(postman.deliver_due(), 1U);
    EXPECT_EQ(state_of_notices(), "sent ");
}

TEST_F(PostmanTest, AClaimOfADeadPostmanIsTakenUpAgain)
{
    house.send(spam());
    ASSERT_EQ(house.outbox.claim(5, std::chrono::minutes(15)).size(), 1U);
    EXPECT_EQ(postman.deliver_due(), 0U);
    EXPECT_EQ(house.outbox.release_claims(), 1);
    EXPECT_EQ(postman.deliver_due(), 1U);
}

TEST_F(PostmanTest, ANoticeThatFailsTakesNoOtherWithItAndWaitsItsTurn)
{
    TestMail mail = spam();
    mail.to = {"<a@example.net>", "<b@example.net>"};
    house.send(mail);
    house.catalog.writer().run([](sql::Connection& database) {
        database.execute("CREATE TRIGGER no BEFORE INSERT ON own_mail WHEN NEW.recipient_key LIKE 'a@%'"
                         " BEGIN SELECT RAISE(ABORT, 'no'); END");
    });
    EXPECT_EQ(postman.deliver_due(), 2U);
    ASSERT_EQ(sink.messages().size(), 1U);
    EXPECT_THAT(sink.messages()[0].recipients, ElementsAre("b@example.net"));
    house.catalog.writer().run([](sql::Connection& database) { database.execute("DROP TRIGGER no"); });
    house.clock.advance(std::chrono::seconds(30));
    EXPECT_EQ(postman.deliver_due(), 1U);
    EXPECT_EQ(state_of_notices(), "sent sent ");
}

TEST_F(PostmanTest, AQuarantineThatTellsNobodyAnyMoreEndsItsNotices)
{
    house.send(spam());
    house.reconfigure("other", "[other]\nregex = x\naction = DISCARD\n");
    EXPECT_EQ(postman.deliver_due(), 1U);
    EXPECT_EQ(house.outbox.state().expired, 1);
    EXPECT_TRUE(sink.messages().empty());
}

TEST_F(PostmanTest, ASentNoticeStaysSentWhateverFailsAfterwards)
{
    house.reconfigure("spam", spam_section(sink.port(), "quarantine_type = NONE\n"));
    house.send(spam());
    auto settings = std::const_pointer_cast<Settings>(house.settings().get());
    const auto spool = std::make_shared<test::FailingStore>(settings->spool);
    settings->spool = spool;
    spool->fail_at(2); // it is read for the notice and cannot be removed afterwards
    house.clock.advance(std::chrono::hours(24 * 6));
    EXPECT_EQ(postman.deliver_due(), 1U);
    EXPECT_TRUE(spool->has_failed());
    EXPECT_EQ(sink.messages().size(), 1U);
    EXPECT_EQ(state_of_notices(), "sent ");
}

TEST_F(PostmanTest, TheSpoolIsSweptOfWhatNobodyWaitsFor)
{
    house.reconfigure("spam", spam_section(sink.port(), "quarantine_type = NONE\n"));
    SmtpScript script;
    script.rcpt = "450 4.2.0 later";
    sink.set(script);
    house.send(spam());
    const auto stray = house.settings().get()->spool->create(HeldId(house.clock.now(), std::string(10, 'x')));
    stray->write("left by a crash");
    stray->commit();
    EXPECT_EQ(house.files().size(), 2U);
    postman.start();
    EXPECT_TRUE(postman.stop(std::chrono::seconds(10)));
    EXPECT_EQ(house.files().size(), 1U);
}

TEST_F(PostmanTest, AMessageThatIsGoneIsToldWithoutItsText)
{
    house.send(spam());
    for (const std::string& file : house.files()) {
        std::filesystem::remove(file);
    }
    for (int attempt = 0; attempt < 3; ++attempt) { // it may only be out of reach
        EXPECT_EQ(postman.deliver_due(), 1U);
        EXPECT_THAT(sink.messages(), IsEmpty());
        house.clock.advance(std::chrono::minutes(5));
    }
    EXPECT_EQ(postman.deliver_due(), 1U);
    EXPECT_EQ(sink.messages().size(), 1U);
}

TEST_F(PostmanTest, AMessageThatIsBackInTimeIsToldWithItsText)
{
    house.send(spam("a text worth reading\r\n"));
    std::filesystem::rename(house.dir / "store", house.dir / "unmounted");
    std::filesystem::create_directory(house.dir / "store");
    EXPECT_EQ(postman.deliver_due(), 1U);
    std::filesystem::remove(house.dir / "store");
    std::filesystem::rename(house.dir / "unmounted", house.dir / "store");
    house.clock.advance(std::chrono::minutes(5));
    EXPECT_EQ(postman.deliver_due(), 1U);
    ASSERT_EQ(sink.messages().size(), 1U);
    EXPECT_THAT(sink.messages().at(0).bytes, HasSubstr("a text worth reading"));
}

TEST_F(PostmanTest, AMessageIsFoundInTheFolderItsQuarantineHadBefore)
{
    house.send(spam("a text worth reading\r\n"));
    std::filesystem::create_directory(house.dir / "new");
    house.reconfigure("spam, old", spam_section(sink.port(), "quarantine_directory = new\n") +
                                       "[old]\nregex = ^Never:\naction = DISCARD\n");
    EXPECT_EQ(postman.deliver_due(), 1U);
    ASSERT_EQ(sink.messages().size(), 1U);
    EXPECT_THAT(sink.messages().at(0).bytes, HasSubstr("a text worth reading"));
}

TEST_F(PostmanTest, AMessageThatIsOnRecordAsGoneIsToldAtOnce)
{
    house.send(spam("a text worth reading\r\n"));
    const HeldId id = house.held().at(0).id;
    house.settings().get()->quarantines[0].store->remove(id);
    catalog::Releases(house.catalog).mark_gone({id});
    EXPECT_EQ(postman.deliver_due(), 1U);
    ASSERT_EQ(sink.messages().size(), 1U);
    EXPECT_THAT(sink.messages().at(0).bytes, Not(HasSubstr("a text worth reading")));
}

TEST_F(PostmanTest, AQuarantineThatKeepsNothingLendsTheMessageToItsNoticeOnly)
{
    house.reconfigure("spam", spam_section(sink.port(), "quarantine_type = NONE\n"));
    house.send(spam("a text worth reading\r\n"));
    EXPECT_EQ(house.files().size(), 1U);
    EXPECT_EQ(postman.deliver_due(), 1U);
    EXPECT_THAT(sink.messages().at(0).bytes, HasSubstr("a text worth reading"));
    EXPECT_TRUE(house.files().empty());
    EXPECT_FALSE(house.held().at(0).stored);
}

TEST_F(PostmanTest, OnlyTheDomainsNamedAreTold)
{
    house.reconfigure("spam", spam_section(sink.port(), "notification_domains = our.example\n"));
    TestMail mail = spam();
    mail.to = {"<a@our.example>", "<b@theirs.example>"};
    house.send(mail);
    EXPECT_EQ(house.count("notice"), 1);
    EXPECT_EQ(house.held().at(0).recipients.size(), 2U);
}

TEST_F(PostmanTest, ThreadsSendWhatIsDueAndStop)
{
    postman.start();
    for (int i = 0; i < 20; ++i) {
        house.send(spam("mail " + std::to_string(i) + "\r\n"));
        postman.wake();
    }
    EXPECT_TRUE(sink.wait_for_messages(20));
    EXPECT_TRUE(postman.stop(std::chrono::seconds(10)));
    EXPECT_EQ(sink.messages().size(), 20U);
    EXPECT_EQ(house.count("notice WHERE state = 'sent'"), 20);
}

TEST(PostmanPause, GrowsToAnHour)
{
    EXPECT_LE(Postman::pause_after(1), std::chrono::seconds(30));
    EXPECT_LT(Postman::pause_after(1), Postman::pause_after(2));
    EXPECT_EQ(Postman::pause_after(1000), std::chrono::hours(1));
}

} // namespace qm
