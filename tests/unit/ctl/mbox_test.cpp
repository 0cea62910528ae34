#include "ctl/mbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qm::ctl {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

} // namespace

TEST(Mbox, EachMailBeginsBehindItsFromLine)
{
    const auto mails = split_mbox("From anna@shop.example Tue Aug  4 14:03:12 2026\n"
                                  "Subject: one\n\nText\n\n"
                                  "From MAILER-DAEMON Tue Aug  4 14:03:13 2026\n"
                                  "Subject: two\n\nText\n");
    ASSERT_THAT(mails, SizeIs(2));
    EXPECT_EQ(mails[0].sender, "anna@shop.example");
    EXPECT_EQ(mails[0].bytes, "Subject: one\n\nText\n\n");
    EXPECT_EQ(mails[1].sender, "");
    EXPECT_EQ(mails[1].bytes, "Subject: two\n\nText\n");
}

TEST(Mbox, LineEndsMayBeThoseOfMail)
{
    const auto mails = split_mbox("From a@x Tue Aug  4 14:03:12 2026\r\nSubject: one\r\n\r\nx\r\n\r\n"
                                  "From b@x Tue Aug  4 14:03:12 2026\r\nSubject: two\r\n\r\n");
    ASSERT_THAT(mails, SizeIs(2));
    EXPECT_EQ(mails[1].bytes, "Subject: two\r\n\r\n");
}

TEST(Mbox, AWordFromInTheTextBeginsNoMail)
{
    const auto mails = split_mbox("From a@x Tue Aug  4 14:03:12 2026\nSubject: one\n\n"
                                  "From here on it is text\nFrom b@x Tue Aug  4 14:03:12 2026\n\n"
                                  "From now on too: 1:2\n>From quoted 12:13\n");
    EXPECT_THAT(mails, SizeIs(1));
}

TEST(Mbox, TheFirstLineNeedsNoTime)
{
    ASSERT_THAT(split_mbox("From nobody\nSubject: x\n"), SizeIs(1));
    EXPECT_EQ(split_mbox("From nobody\nSubject: x\n").front().sender, "nobody");
}

TEST(Mbox, WhatIsNoneHasNoMails)
{
    EXPECT_FALSE(is_mbox("Subject: x\n\nFrom a@x Tue Aug  4 14:03:12 2026\n"));
    EXPECT_THAT(split_mbox(""), IsEmpty());
    EXPECT_THAT(split_mbox("From"), IsEmpty());
    EXPECT_THAT(split_mbox("From "), SizeIs(1));
}

} // namespace qm::ctl
