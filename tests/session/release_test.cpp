// Held mail goes out: byte for byte, once, and what the mail server said stays on record.
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
using testing::StartsWith;
using Outcome = ReleaseResult::Outcome;

/// A house that holds everything and releases through a sink.
class ReleaseTest : public testing::Test {
  protected:
    ReleaseTest()
        : house("all", "[all]\nregex = ^Subject:\naction = DISCARD\nsmtp_host = 127.0.0.1\nsmtp_port = " +
                           std::to_string(sink.port()))
    {
    }

    HeldId hold(const TestMail& mail)
    {
        EXPECT_EQ(house.send(mail).reply, Reply::discard);
        return house.held().back().id;
    }

    RecipientState state_of(const HeldId& id) { return house.desk.load(id)->recipients.front().state; }

    void answer(const std::string& end, SmtpScript::Fault fault = SmtpScript::Fault::none)
    {
        SmtpScript script;
        script.end = end;
        script.fault = fault;
        sink.set(script);
    }

    SmtpSink sink;
    House house;
};

constexpr const char* kUser = "user@example.net";

} // namespace

TEST_F(ReleaseTest, TheOriginalGoesOutByteForByteFromItsSenderToOneRecipient)
{
    TestMail mail;
    mail.from = "<Anna.O'Brien+x@Example.org>";
    mail.to = {"<user@example.net>", "<\"two words\"@example.net>"};
    mail.headers = {{"X-Quarantine-Id", " the sender's own"},
                    {"Subject", " =?koi8-r?B?8NLJ18XU?=\n\tfolded"},
                    {"From", "no-blank@example.org"},
                    {"X-Raw", " \xE9\xE8\xFF"}};
    mail.body = ".\r\n..\r\n.a\r\nlone \r cr\r\n\xFF\xFE\x80\r\n\r\n" + std::string(3000, 'x') + "\r\n";
    const HeldId id = hold(mail);
    const ReleaseResult result = house.desk.release(id, "\"two words\"@example.net", false);
    EXPECT_EQ(result.outcome, Outcome::released) << result.reply;
    ASSERT_EQ(sink.messages().size(), 1U);
    const auto sent = sink.messages().front();
    EXPECT_EQ(sent.sender, "Anna.O'Brien+x@Example.org");
    EXPECT_THAT(sent.recipients, ElementsAre("\"two words\"@example.net"));
    EXPECT_EQ(sent.bytes,
              "X-Quarantine-Id: the sender's own\r\nSubject: =?koi8-r?B?8NLJ18XU?=\r\n\tfolded\r\n"
              "From:no-blank@example.org\r\nX-Raw: \xE9\xE8\xFF\r\n\r\n" +
                  mail.body);
    EXPECT_EQ(house.desk.load(id)->recipients.at(0).state, RecipientState::held);
    EXPECT_EQ(house.desk.load(id)->recipients.at(1).state, RecipientState::released);
}

TEST_F(ReleaseTest, TheNullSenderStaysTheNullSender)
{
    TestMail mail;
    mail.from = "<>";
    EXPECT_EQ(house.desk.release(hold(mail), kUser, false).outcome, Outcome::released);
    EXPECT_EQ(sink.messages().front().sender, "");
}

TEST_F(ReleaseTest, TheFinalReplyIsKept)
{
    const HeldId id = hold({});
    const ReleaseResult result = house.desk.release(id, "USER@example.net", false);
    EXPECT_EQ(result.reply, "250 2.0.0 Ok: queued as SINK1");
    EXPECT_EQ(result.recipient, kUser);
    const HeldRecipient recipient = house.desk.load(id)->recipients.front();
    EXPECT_EQ(recipient.state, RecipientState::released);
    EXPECT_EQ(recipient.reply, "250 2.0.0 Ok: queued as SINK1");
}

TEST_F(ReleaseTest, ASecondReleaseDoesNothingUnlessItMust)
{
    const HeldId id = hold({});
    house.desk.release(id, kUser, false);
    const ReleaseResult second = house.desk.release(id, kUser, false);
    EXPECT_EQ(second.outcome, Outcome::already_released);
    EXPECT_EQ(second.reply, "250 2.0.0 Ok: queued as SINK1");
    EXPECT_EQ(sink.messages().size(), 1U);
    EXPECT_EQ(house.desk.release(id, kUser, true).outcome, Outcome::released);
    EXPECT_EQ(sink.messages().size(), 2U);
}

TEST_F(ReleaseTest, ARefusalIsKeptAndCanBeTriedAgain)
{
    const HeldId id = hold({});
    answer("452 4.3.1 disk full");
    EXPECT_EQ(house.desk.release(id, kUser, false).outcome, Outcome::deferred);
    EXPECT_EQ(state_of(id), RecipientState::failed);
    EXPECT_EQ(house.desk.load(id)->recipients.front().reply, "452 4.3.1 disk full");
    answer("554 5.7.1 no");
    EXPECT_EQ(house.desk.release(id, kUser, false).outcome, Outcome::refused);
    EXPECT_EQ(house.desk.load(id)->recipients.front().reply, "554 5.7.1 no");
    EXPECT_FALSE(house.desk.load(id)->recipients.front().outcome_unknown);
    answer("250 2.0.0 fine");
    EXPECT_EQ(house.desk.release(id, kUser, false).outcome, Outcome::released);
}

TEST_F(ReleaseTest, AReplyCannotWriteToTheTerminal)
{
    const HeldId id = hold({});
    answer("554 5.7.1 \x1B[2J\x07no");
    EXPECT_THAT(house.desk.release(id, kUser, false).reply, testing::Not(HasSubstr("\x1B")));
    EXPECT_THAT(house.desk.load(id)->recipients.front().reply, testing::Not(HasSubstr("\x1B")));
}

TEST_F(ReleaseTest, NobodyKnowsWhatBecameOfAMailWhenTheConnectionBreaksBehindItsEnd)
{
    const HeldId id = hold({});
    answer("250 ok", SmtpScript::Fault::close_after_message);
    EXPECT_EQ(house.desk.release(id, kUser, false).outcome, Outcome::unknown);
    EXPECT_EQ(state_of(id), RecipientState::failed);
    EXPECT_TRUE(house.desk.load(id)->recipients.front().outcome_unknown);
    answer("250 2.0.0 fine");
    const ReleaseResult careless = house.desk.release(id, kUser, false);
    EXPECT_EQ(careless.outcome, Outcome::needs_again);
    EXPECT_THAT(careless.reply, HasSubstr("may have arrived"));
    EXPECT_EQ(house.desk.release(id, kUser, true).outcome, Outcome::released);
    EXPECT_FALSE(house.desk.load(id)->recipients.front().outcome_unknown);
}

TEST_F(ReleaseTest, WhoGotTheMailGotItWhateverBecomesOfAnotherCopy)
{
    const HeldId id = hold({});
    answer("250 2.0.0 fine");
    EXPECT_EQ(house.desk.release(id, kUser, false).outcome, Outcome::released);
    answer("451 later");
    EXPECT_EQ(house.desk.release(id, kUser, true).outcome, Outcome::deferred);
    EXPECT_EQ(state_of(id), RecipientState::released);
    answer("250 2.0.0 fine");
    EXPECT_EQ(house.desk.release(id, kUser, false).outcome, Outcome::already_released);

    const HeldId other = hold({.body = "other\r\n"});
    answer("250 ok", SmtpScript::Fault::close_after_message);
    EXPECT_EQ(house.desk.release(other, kUser, false).outcome, Outcome::unknown);
    answer("550 no");
    EXPECT_EQ(house.desk.release(other, kUser, true).outcome, Outcome::refused);
    answer("250 2.0.0 fine");
    EXPECT_EQ(house.desk.release(other, kUser, false).outcome, Outcome::needs_again)
        << "the first may have arrived";
}

TEST_F(ReleaseTest, TwoAtOnceSendOneCopy)
{
    for (int round = 0; round < 5; ++round) {
        const HeldId id = hold({.body = std::to_string(round) + "\r\n"});
        // A second door with a catalog and a claim of its own, as another process has.
        catalog::Catalog catalog("sqlite:///catalog.db", house.dir.path(), house.clock);
        Desk other(house.settings(), catalog, house.clock);
        std::vector<Outcome> outcomes(2);
        {
            const std::jthread one([&] { outcomes[0] = house.desk.release(id, kUser, false).outcome; });
            const std::jthread two([&] { outcomes[1] = other.release(id, kUser, false).outcome; });
        }
        EXPECT_EQ(std::ranges::count(outcomes, Outcome::released), 1);
        EXPECT_EQ(std::ranges::count(outcomes, Outcome::under_way) +
                      std::ranges::count(outcomes, Outcome::already_released),
                  1);
        EXPECT_EQ(sink.messages().size(), static_cast<std::size_t>(round + 1));
    }
}

TEST_F(ReleaseTest, UnknownIdsAndStrangersGetNothing)
{
    const HeldId id = hold({});
    EXPECT_EQ(house.desk.release(id, "stranger@example.net", false).outcome, Outcome::no_recipient);
    EXPECT_EQ(house.desk.release(HeldId(house.clock.now(), "0123456789"), kUser, false).outcome,
              Outcome::no_message);
    EXPECT_THAT(sink.messages(), IsEmpty());
}

TEST_F(ReleaseTest, AnAddressThatIsNoTextGetsNothingAndNobodyInItsPlace)
{
    // The second spelling is that of a catalog in PostgreSQL.
    for (const std::string address : {"u\xff@example.net", "u\uFFFDff@example.net"}) {
        TestMail to;
        to.to = {"<" + address + ">"};
        EXPECT_EQ(house.desk.release(hold(to), address, false).outcome, Outcome::refused);
        TestMail from;
        from.from = "<" + address + ">";
        EXPECT_EQ(house.desk.release(hold(from), kUser, false).outcome, Outcome::refused);
    }
    EXPECT_THAT(sink.messages(), IsEmpty());
}

TEST_F(ReleaseTest, WhatIsOnlyACopyGoesOutOnlyWhenAskedTwice)
{
    house.reconfigure("all",
                      "[all]\nregex = ^Subject:\naction = ACCEPT\nsmtp_host = 127.0.0.1\nsmtp_port = " +
                          std::to_string(sink.port()));
    EXPECT_EQ(house.send({}).reply, Reply::accept);
    const HeldId id = house.held().back().id;
    EXPECT_EQ(house.desk.release(id, kUser, false).outcome, Outcome::needs_again);
    EXPECT_EQ(house.desk.release(id, kUser, true).outcome, Outcome::released);
}

TEST_F(ReleaseTest, AReleasedMailPassesOurOwnMilterForItsRecipientOnly)
{
    TestMail mail;
    mail.to = {"<user@example.net>", "<other@example.net>"};
    const HeldId id = hold(mail);
    house.desk.release(id, kUser, false);
    TestMail back;
    EXPECT_EQ(house.send(back).reply, Reply::accept);
    back.to = {"<third@example.net>"};
    EXPECT_EQ(house.send(back).reply, Reply::discard);
}

TEST_F(ReleaseTest, WhatTheMailServerAddsDoesNotHoldItAgain)
{
    const HeldId id = hold({.headers = {{"Subject", " hello"}, {"From", " anna"}}});
    house.desk.release(id, kUser, false);
    const TestMail back{.headers = {{"Received", " from localhost"},
                                    {"Subject", " hello"},
                                    {"From", " anna@host.example"},
                                    {"Date", " Tue, 4 Aug 2026 14:03:00 +0200"},
                                    {"Message-ID", " <new@host.example>"}}};
    EXPECT_EQ(house.send(back).reply, Reply::accept);
}

TEST_F(ReleaseTest, ARefusedReleaseOpensNoDoor)
{
    const HeldId id = hold({});
    answer("554 5.7.1 no");
    house.desk.release(id, kUser, false);
    EXPECT_EQ(house.send({}).reply, Reply::discard);
    answer("451 4.7.1 later");
    house.desk.release(id, kUser, false);
    EXPECT_EQ(house.send({}).reply, Reply::discard);
}

TEST_F(ReleaseTest, TheSameBodyUnderAnotherMeaningOrNameIsJudgedAsUsual)
{
    const HeldId id = hold({.headers = {{"Subject", " hello"}, {"From", " a@example.org"}}});
    house.desk.release(id, kUser, false);
    EXPECT_EQ(house.send({.headers = {{"Subject", " hello"}, {"From", " ceo@example.net"}}}).reply,
              Reply::discard);
    EXPECT_EQ(house
                  .send({.headers = {{"Subject", " hello"},
                                     {"From", " a@example.org"},
                                     {"Content-Type", " multipart/mixed; boundary=B"}}})
                  .reply,
              Reply::discard);
}

TEST_F(ReleaseTest, AfterItsTimeTheSameContentIsJudgedAsUsual)
{
    const HeldId id = hold({});
    house.desk.release(id, kUser, false);
    house.clock.advance(std::chrono::hours(2));
    EXPECT_EQ(house.send({.to = {"<user@example.net>"}}).reply, Reply::discard);
}

TEST_F(ReleaseTest, ACopyGoesToSomebodyElseAndChangesNothing)
{
    const HeldId id = hold({});
    const ReleaseResult result = house.desk.copy(id, "admin@example.net");
    EXPECT_EQ(result.outcome, Outcome::released);
    EXPECT_THAT(sink.messages().front().recipients, ElementsAre("admin@example.net"));
    EXPECT_EQ(state_of(id), RecipientState::held);
    EXPECT_EQ(house.send({.to = {"<admin@example.net>"}}).reply, Reply::accept);
}

TEST_F(ReleaseTest, ALostMessageIsSaidToBeLost)
{
    const HeldId id = hold({});
    std::filesystem::remove_all(house.dir / "store");
    std::filesystem::create_directory(house.dir / "store");
    const ReleaseResult result = house.desk.release(id, kUser, false);
    EXPECT_EQ(result.outcome, Outcome::deleted);
    EXPECT_THAT(result.reply, HasSubstr("lost"));
    EXPECT_EQ(state_of(id), RecipientState::held);
}

TEST_F(ReleaseTest, AMessageIsFoundInTheFolderItsQuarantineHadBefore)
{
    const HeldId id = hold({});
    std::filesystem::create_directory(house.dir / "new");
    const std::string port = "smtp_host = 127.0.0.1\nsmtp_port = " + std::to_string(sink.port()) + "\n";
    house.reconfigure("all, old", "[all]\nregex = ^Subject:\naction = DISCARD\nquarantine_directory = new\n" +
                                      port + "[old]\nregex = ^Never:\naction = DISCARD\n");
    EXPECT_EQ(house.desk.release(id, kUser, false).outcome, Outcome::released);
}

TEST_F(ReleaseTest, DeletingForOneRecipientKeepsTheBytesForTheOther)
{
    TestMail mail;
    mail.to = {"<user@example.net>", "<other@example.net>"};
    const HeldId id = hold(mail);
    DeleteResult result = house.desk.remove(id, "OTHER@example.net");
    EXPECT_TRUE(result.found);
    EXPECT_THAT(result.deleted, ElementsAre("other@example.net"));
    EXPECT_FALSE(result.bytes_removed);
    EXPECT_EQ(house.desk.release(id, "other@example.net", true).outcome, Outcome::deleted);
    result = house.desk.remove(id, "");
    EXPECT_THAT(result.deleted, ElementsAre(kUser));
    EXPECT_TRUE(result.bytes_removed);
    EXPECT_THAT(house.files(), IsEmpty());
    EXPECT_TRUE(house.desk.load(id)->gone);
    EXPECT_EQ(house.desk.open(*house.desk.load(id)), nullptr);
}

TEST_F(ReleaseTest, DeletingWhatIsNotThereFindsNothing)
{
    const HeldId id = hold({});
    EXPECT_FALSE(house.desk.remove(id, "stranger@example.net").found);
    EXPECT_FALSE(house.desk.remove(HeldId(house.clock.now(), "0123456789"), "").found);
}

TEST_F(ReleaseTest, ADeletedMessageThatIsOfferedAgainIsNotHeldAgain)
{
    const HeldId id = hold({});
    house.desk.remove(id, "");
    EXPECT_EQ(house.send({}).reply, Reply::discard);
    EXPECT_EQ(house.count("held_message"), 1);
    EXPECT_THAT(house.files(), IsEmpty());
}

} // namespace qm
