// quarantinectl cat
#include <gmock/gmock.h>

#include "house.h"

namespace qm::ctl {
namespace {

using test::Ran;
using test::TestMail;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class CatVerb : public test::CtlHouse {};

} // namespace

TEST_F(CatVerb, TheBytesAreThoseOfTheMail)
{
    TestMail mail = spam();
    mail.body = std::string("a\0b\x1b\xFF\r\n.\r\n", 10) + std::string(200000, 'x') + "\r\n";
    const std::string id = hold(mail);
    const Ran ran = run({"cat", id, "--eml"});
    EXPECT_EQ(ran.code, kDone);
    EXPECT_EQ(ran.out, "From: Anna <anna@shop.example>\r\nSubject: Cheap\r\nX-Spam: Yes\r\n\r\n" + mail.body);
}

TEST_F(CatVerb, ATerminalNeverGetsTheBytes)
{
    const std::string id = hold(spam());
    const Ran ran = run({"cat", id, "--eml"}, true);
    EXPECT_EQ(ran.code, kUsage);
    EXPECT_EQ(ran.out, "");
}

TEST_F(CatVerb, TheTextIsHarmless)
{
    TestMail mail = spam();
    mail.headers.emplace_back("Content-Type", " text/html; charset=utf-8");
    mail.body = "<p>Hello <b>you</b></p><script>alert(1)</script><p>\xE2\x80\xAE\x1b[2Jx</p>\r\n";
    const std::string id = hold(mail);
    EXPECT_THAT(run({"cat", id}).out,
                AllOf(HasSubstr("Hello you"), Not(HasSubstr("alert")), Not(HasSubstr("\x1b"))));
    EXPECT_EQ(run({"cat", id, "--text"}).out, run({"cat", id}).out);
    EXPECT_THAT(run({"cat", id, "--json"}).json()["text"].get<std::string>(), HasSubstr("Hello you"));
}

TEST_F(CatVerb, HeadersStandAsReceived)
{
    TestMail mail = spam();
    mail.headers.emplace_back("X-Long", " a\n\tb");
    const std::string id = hold(mail);
    EXPECT_EQ(run({"cat", id, "--headers"}).out,
              "From: Anna <anna@shop.example>\nSubject: Cheap\nX-Spam: Yes\nX-Long: a\n\tb\n");
    auto json = run({"cat", id, "--headers", "--json"}).json();
    EXPECT_EQ(json["headers"][1]["name"], "Subject");
    EXPECT_EQ(json["headers"][1]["value"], " Cheap");
}

TEST_F(CatVerb, WhatIsGoneIsSaidToBe)
{
    const std::string id = hold(spam());
    run({"delete", id});
    const Ran ran = run({"cat", id});
    EXPECT_EQ(ran.code, kSomeFailed);
    EXPECT_THAT(ran.err, HasSubstr("not kept any more"));
}

TEST_F(CatVerb, FormsExcludeEachOther)
{
    const std::string id = hold(spam());
    EXPECT_EQ(run({"cat", id, "--eml", "--text"}).code, kUsage);
    EXPECT_EQ(run({"cat", id, "--eml", "--json"}).code, kUsage);
}

} // namespace qm::ctl
