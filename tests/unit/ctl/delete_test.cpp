// quarantinectl delete, notify
#include <gmock/gmock.h>

#include "house.h"

namespace qm::ctl {
namespace {

using test::Ran;
using test::TestMail;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class DeleteVerb : public test::CtlHouse {};

class NotifyVerb : public test::CtlHouse {
  protected:
    NotifyVerb()
    {
        house.reconfigure("spam",
                          "[spam]\nregex = ^X-Spam: Yes\naction = DISCARD\nnotification_type = EMAIL\n"
                          "notification_email_from = q@example.net\nnotification_email_subject = x\n"
                          "notification_email_template = " QM_SOURCE_DIR "/templates/notice.html\n"
                          "smtp_host = 127.0.0.1\nsmtp_port = 25\n");
    }
    std::int64_t due() { return house.count("notice WHERE state = 'due'"); }
};

const std::vector<std::string> kTwo = {"<user@example.net>", "<v@example.net>"};

} // namespace

TEST_F(DeleteVerb, TheMessageIsGoneForAll)
{
    const std::string id = hold(spam("Two", kTwo));
    const Ran ran = run({"delete", id});
    EXPECT_EQ(ran.code, kDone);
    EXPECT_EQ(ran.out, id + " user@example.net: deleted\n" + id + " v@example.net: deleted\n");
    EXPECT_THAT(house.files(), IsEmpty());
    EXPECT_EQ(run({"delete", id}).code, kDone);
    EXPECT_THAT(run({"delete", id}).out, HasSubstr("nothing left to delete"));
}

TEST_F(DeleteVerb, OneRecipientsShareLeavesTheOthers)
{
    const std::string id = hold(spam("Two", kTwo));
    auto json = run({"delete", id, "--to", "v@example.net", "--json"}).json();
    EXPECT_EQ(json["results"][0]["deleted"][0], "v@example.net");
    EXPECT_EQ(json["results"][0]["bytes_removed"], false);
    EXPECT_THAT(house.files(), SizeIs(1));
    EXPECT_EQ(load(id).recipients.front().state, RecipientState::held);
    EXPECT_EQ(run({"delete", id, "--to", "nobody@example.net"}).code, kNothingMatched);
}

TEST_F(DeleteVerb, NothingIsDeletedWhereOneIdIsNonsense)
{
    const std::string id = hold(spam());
    EXPECT_EQ(run({"delete", id, "*"}).code, kUsage);
    EXPECT_THAT(house.files(), SizeIs(1));
    EXPECT_EQ(run({"delete", "zzzzzz"}).code, kNothingMatched);
    EXPECT_EQ(run({"delete", "zzzzzz", id}).code, kSomeFailed);
    EXPECT_THAT(house.files(), IsEmpty());
}

TEST_F(NotifyVerb, TheNoticeIsDueAgainForThoseWhoWait)
{
    const std::string id = hold(spam("Two", kTwo));
    house.count("notice");
    const auto before = due();
    const Ran ran = run({"notify", id});
    EXPECT_EQ(ran.code, kDone);
    EXPECT_THAT(ran.out, AllOf(HasSubstr("user@example.net: the daemon is not running; it sends"),
                               HasSubstr("v@example.net")));
    EXPECT_GE(due(), before);
    run({"delete", id, "--to", "v@example.net"});
    auto json = run({"notify", id, "--json"}).json();
    ASSERT_THAT(json["results"], SizeIs(1));
    EXPECT_EQ(json["results"][0]["recipient"], "user@example.net");
}

TEST_F(NotifyVerb, UnsentAreThoseWhomTheLastNoticeDidNotReachAndNobodyElse)
{
    const std::string id = hold(spam("Two", kTwo));
    const std::string told = hold(spam("Told", kTwo));
    for (const catalog::DueNotice& notice : house.outbox.claim(10, std::chrono::minutes(1))) {
        if (notice.message.str() == id && notice.recipient == "v@example.net") {
            house.outbox.refused(notice, "554 5.7.1 no");
        } else {
            house.outbox.sent(notice, "250 Ok");
        }
    }
    EXPECT_EQ(run({"list", "--unsent", "--ids"}).out, id + "\n");
    const Ran none = run({"notify", "--unsent", told});
    EXPECT_EQ(none.code, kNothingMatched);
    EXPECT_THAT(none.err, HasSubstr("no notice of it has failed to go out"));
    const auto json = run({"notify", "--unsent", "--json", id}).json();
    ASSERT_THAT(json["results"], SizeIs(1));
    EXPECT_EQ(json["results"][0]["recipient"], "v@example.net");
    EXPECT_EQ(due(), 1);
    EXPECT_EQ(run({"list", "--unsent", "--ids"}).code, kNothingMatched);
    EXPECT_EQ(run({"notify", id, told}).code, kDone);
    EXPECT_EQ(due(), 5);
    EXPECT_EQ(run({"notify", "--unsent", "--to", "v@example.net", id}).code, kUsage);
}

TEST_F(NotifyVerb, WhatCannotBeIsSaid)
{
    const std::string id = hold(spam("Two", kTwo));
    run({"delete", id, "--to", "v@example.net"});
    const Ran settled = run({"notify", id, "--to", "v@example.net"});
    EXPECT_EQ(settled.code, kSomeFailed);
    EXPECT_THAT(settled.err, HasSubstr("released or deleted"));
    EXPECT_EQ(run({"notify", id, "--to", "nobody@example.net"}).code, kNothingMatched);
    EXPECT_EQ(run({"notify", "zzzzzz"}).code, kNothingMatched);
    EXPECT_THAT(run({"show", id}).out, HasSubstr("Notices"));
}

TEST_F(DeleteVerb, AQuarantineThatTellsNobodySendsNoNotice)
{
    const Ran ran = run({"notify", hold(spam())});
    EXPECT_EQ(ran.code, kSomeFailed);
    EXPECT_THAT(ran.err, HasSubstr("tells nobody"));
}

} // namespace qm::ctl
