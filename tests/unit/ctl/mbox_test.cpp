#include "ctl/mbox.h"

#include <algorithm>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qm::ctl {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

struct Split {
    std::vector<MailHead> mails;
    bool is_mbox = false;
};

/// The file in pieces of every size that matters: the result is the same.
Split split(const std::string& file, std::size_t longest_head = 10000)
{
    std::vector<Split> all;
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, file.size() + 1}) {
        Split result;
        MailSplitter splitter(longest_head, [&](const MailHead& head) { result.mails.push_back(head); });
        for (std::size_t at = 0; at < file.size(); at += piece) {
            splitter.feed(std::string_view(file).substr(at, piece));
        }
        splitter.finish();
        result.is_mbox = splitter.is_mbox();
        all.push_back(std::move(result));
    }
    for (const Split& other : all) {
        EXPECT_EQ(other.mails.size(), all.front().mails.size());
        for (std::size_t i = 0; i < std::min(other.mails.size(), all.front().mails.size()); ++i) {
            EXPECT_EQ(other.mails[i].bytes, all.front().mails[i].bytes);
            EXPECT_EQ(other.mails[i].sender, all.front().mails[i].sender);
        }
    }
    return all.front();
}

std::vector<std::string> bytes_of(const Split& split)
{
    std::vector<std::string> bytes;
    for (const MailHead& mail : split.mails) {
        bytes.push_back(mail.bytes);
    }
    return bytes;
}

} // namespace

TEST(Mbox, EachMailBeginsBehindItsFromLine)
{
    const Split found = split("From anna@shop.example Tue Aug  4 14:03:12 2026\n"
                              "Subject: one\n\nText\n\n"
                              "From MAILER-DAEMON Tue Aug  4 14:03:13 2026\n"
                              "Subject: two\n\nText\n");
    EXPECT_TRUE(found.is_mbox);
    ASSERT_THAT(bytes_of(found), ElementsAre("Subject: one\n\n", "Subject: two\n\n"));
    EXPECT_EQ(found.mails[0].sender, "anna@shop.example");
    EXPECT_EQ(found.mails[1].sender, "");
}

TEST(Mbox, LineEndsMayBeThoseOfMail)
{
    const Split found = split("From a@x Tue Aug  4 14:03:12 2026\r\nSubject: one\r\n\r\nx\r\n\r\n"
                              "From b@x Tue Aug  4 14:03:12 2026\r\nSubject: two\r\n\r\n");
    EXPECT_THAT(bytes_of(found), ElementsAre("Subject: one\r\n\r\n", "Subject: two\r\n\r\n"));
}

TEST(Mbox, AWordFromInTheTextBeginsNoMail)
{
    EXPECT_THAT(split("From a@x Tue Aug  4 14:03:12 2026\nSubject: one\n\n"
                      "From here on it is text\nFrom b@x Tue Aug  4 14:03:12 2026\n\n"
                      "From now on too: 1:2\n>From quoted 12:13\n")
                    .mails,
                SizeIs(1));
}

TEST(Mbox, TheFirstLineNeedsNoTime)
{
    const Split found = split("From nobody\nSubject: x\n");
    ASSERT_THAT(found.mails, SizeIs(1));
    EXPECT_EQ(found.mails.front().sender, "nobody");
    EXPECT_EQ(found.mails.front().bytes, "Subject: x\n");
}

TEST(Mbox, WhatIsNoneIsOneMail)
{
    const Split found = split("Subject: x\n\nFrom a@x Tue Aug  4 14:03:12 2026\nSubject: y\n");
    EXPECT_FALSE(found.is_mbox);
    EXPECT_THAT(bytes_of(found), ElementsAre("Subject: x\n\n"));
    EXPECT_THAT(bytes_of(split("")), ElementsAre(""));
    EXPECT_THAT(bytes_of(split("From")), ElementsAre("From"));
    EXPECT_TRUE(split("From ").is_mbox);
}

TEST(Mbox, AHeadIsBoundedAndALineToo)
{
    const std::string longer(5000, 'x');
    const Split found = split("From a@x Tue Aug  4 14:03:12 2026\nSubject: " + longer + "\n\n" + longer +
                                  "\n\nFrom b@x Tue Aug  4 14:03:12 2026\nSubject: two\n\n",
                              100);
    ASSERT_THAT(found.mails, SizeIs(2));
    EXPECT_THAT(found.mails[0].bytes, SizeIs(100));
    EXPECT_EQ(found.mails[1].bytes, "Subject: two\n\n");
}

} // namespace qm::ctl
