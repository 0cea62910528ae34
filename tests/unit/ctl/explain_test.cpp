// quarantinectl explain
#include <fstream>

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

class ExplainVerb : public test::CtlHouse {
  protected:
    std::string put(const std::string& name, const std::string& bytes)
    {
        const std::filesystem::path path = house.dir / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << bytes;
        return path.string();
    }

    static std::string text(const std::string& more)
    {
        return "From: Anna <anna@shop.example>\nTo: \"U\" <u@our.example>\nSubject: Hello\n" + more +
               "\nText\n";
    }
};

} // namespace

TEST_F(ExplainVerb, SaysWhichHeaderMatchesAndWhoIsHeld)
{
    const std::string file = put("mail.eml", text("X-Spam: Yes\n"));
    const Ran ran = run(
        {"explain", file, "--from", "anna@shop.example", "--to", "u@our.example", "--to", "<V@our.example>"});
    EXPECT_EQ(ran.code, kSomebodyHeld);
    for (const char* const words :
         {"header 4 of 4 matches: X-Spam: Yes", "none of 4 headers matches", "(--from)", "(--to)",
          "u@our.example  held by spam", "V@our.example  held by spam", "not known (--client)",
          "Answer to the mail server: DISCARD"}) {
        EXPECT_THAT(ran.out, HasSubstr(words));
    }
    EXPECT_THAT(house.held(), IsEmpty());
    EXPECT_THAT(house.files(), IsEmpty());
}

TEST_F(ExplainVerb, AMailThatNoRuleMatchesIsZero)
{
    const Ran ran = run({"explain", put("mail.eml", text(""))});
    EXPECT_EQ(ran.code, kDone);
    EXPECT_THAT(ran.out, HasSubstr("u@our.example  delivered"));
    EXPECT_FALSE(std::filesystem::exists(house.dir / "whitelist.db"));
}

TEST_F(ExplainVerb, GroupsAndRowsAreNamed)
{
    run({"whitelist", "add", "--from", "@shop.example", "--to", "u@our.example"});
    const std::string file = put("mail.eml", text("X-Virus: Eicar\nX-Spam: Yes\n"));
    const auto json =
        run({"explain", file, "--to", "u@our.example", "--to", "v@our.example", "--json"}).json();
    EXPECT_EQ(json["quarantines"][0]["outcome"], "match");
    EXPECT_EQ(json["quarantines"][0]["groups"][0]["name"], "name");
    EXPECT_EQ(json["quarantines"][0]["groups"][0]["text"], "Eicar");
    EXPECT_EQ(json["recipients"][0]["held_by"], "virus");
    EXPECT_EQ(json["answer"].get<std::string>().substr(0, 9), "554 5.7.0");

    const std::string spam_only = put("spam.eml", text("X-Spam: Yes\n"));
    const Ran ran = run({"explain", spam_only, "--to", "u@our.example", "--to", "v@our.example"});
    EXPECT_EQ(ran.code, kSomebodyHeld);
    EXPECT_THAT(ran.out,
                AllOf(HasSubstr("row 1 lets mail from anybody at shop.example to u@our.example through"),
                      HasSubstr("u@our.example  delivered"), HasSubstr("v@our.example  held by spam"),
                      HasSubstr("Answer to the mail server: ACCEPT")));
    EXPECT_EQ(run({"explain", spam_only, "--to", "u@our.example"}).code, kDone);
}

TEST_F(ExplainVerb, WhatTheMailServerWroteAtDeliveryIsTheEnvelope)
{
    const auto envelope = [&](const std::string& top) {
        auto json = run({"explain", put("mail.eml", top), "--json"}).json();
        return json["sender"].get<std::string>() + " (" + json["sender_source"].get<std::string>() + ") -> " +
               json["recipients"][0]["recipient"].get<std::string>() + " (" +
               json["recipients_source"].get<std::string>() + ")";
    };
    EXPECT_EQ(envelope("Return-Path: <bounce@m.example>\nX-Original-To: alias@our.example\nDelivered-To: "
                       "u@our.example\n" +
                       text("")),
              "bounce@m.example (its Return-Path) -> alias@our.example (its X-Original-To)");
    EXPECT_EQ(envelope("Return-Path: <>\nDelivered-To: u@our.example\n" + text("")),
              " (its Return-Path) -> u@our.example (its Delivered-To)");
    EXPECT_EQ(envelope(text("")), "anna@shop.example (its From header) -> u@our.example (its To header)");
    EXPECT_EQ(envelope("Subject: x\n\n"), "sender@example.org (an example) -> user@example.org (an example)");
    EXPECT_EQ(envelope("From b@x.example Tue Aug  4 14:03:12 2026\nSubject: x\n\n"),
              "b@x.example (its line in the mbox) -> user@example.org (an example)");
}

TEST_F(ExplainVerb, TheClientCountsForIgnoreHosts)
{
    house.reconfigure("spam",
                      "[spam]\nregex = ^X-Spam: Yes\naction = DISCARD\nignore_hosts = 192.0.2.0/24\n");
    const std::string file = put("mail.eml", text("X-Spam: Yes\n"));
    EXPECT_EQ(run({"explain", file, "--client", "192.0.2.7"}).code, kDone);
    EXPECT_THAT(run({"explain", file, "--client", "192.0.2.7"}).out, HasSubstr("ignore_hosts"));
    EXPECT_EQ(run({"explain", file, "--client", "198.51.100.1"}).code, kSomebodyHeld);
    EXPECT_EQ(run({"explain", file, "--client", "mx.example"}).code, kUsage);
}

TEST_F(ExplainVerb, AHeldMessageIsExplainedWithTheEnvelopeOnRecord)
{
    const std::string id = hold(spam("Two", {"<user@example.net>", "<v@example.net>"}));
    auto json = run({"explain", id.substr(0, 20), "--json"}).json();
    EXPECT_EQ(json["sender"], "sender@example.org");
    EXPECT_EQ(json["recipients"].size(), 2U);
    EXPECT_EQ(json["recipients_source"], "the record");
    run({"whitelist", "add", "--from", "@example.org"});
    EXPECT_EQ(run({"explain", id}).code, kDone);
    EXPECT_EQ(run({"explain", id, "--from", "other@example.com"}).code, kSomebodyHeld);
    run({"delete", id});
    EXPECT_EQ(run({"explain", id}).code, kSomeFailed);
    EXPECT_EQ(run({"explain", "zzz"}).code, kNothingMatched);
    EXPECT_EQ(run({"explain", "no/such/file"}).code, kUsage);
}

TEST_F(ExplainVerb, AFolderIsSummedUp)
{
    for (int i = 0; i < 30; ++i) {
        put("mails/cur/" + std::to_string(i), text(i % 10 == 0 ? "X-Spam: Yes\n" : ""));
    }
    put("mails/new/v", text("X-Virus: a\nX-Spam: Yes\n"));
    put("mails/dovecot-uidlist", "3 V1 N2\n");
    const Ran ran = run({"explain", house.dir / "mails"});
    EXPECT_EQ(ran.code, kSomebodyHeld);
    EXPECT_THAT(ran.out, HasSubstr("of 31 mails 4 would be held: spam 3, virus 1\n"));
    EXPECT_THAT(ran.out, AllOf(HasSubstr("cur/10"), HasSubstr("new/v"), HasSubstr("Hello")));
    EXPECT_THAT(ran.err, HasSubstr("dovecot-uidlist: skipped: no mail"));
    auto json = run({"explain", house.dir / "mails", "--json"}).json();
    EXPECT_EQ(json["mails"], 31);
    EXPECT_EQ(json["held"], 4);
    EXPECT_EQ(json["quarantines"]["spam"], 3);
    EXPECT_THAT(json["messages"], SizeIs(4));
    EXPECT_THAT(json["skipped"], SizeIs(1));
}

TEST_F(ExplainVerb, AFolderWithoutMailIsTwo)
{
    std::filesystem::create_directory(house.dir / "mails");
    EXPECT_EQ(run({"explain", house.dir / "mails"}).code, kNothingMatched);
    EXPECT_EQ(run({"explain", put("mail.eml", "no header\n")}).code, kSomeFailed);
}

TEST_F(ExplainVerb, AnMboxIsSummedUp)
{
    const std::string line = "From a@x.example Tue Aug  4 14:03:12 2026\n";
    const std::string file = put("box", line + text("") + "\n" + line + text("X-Spam: Yes\n") + "\n");
    const Ran ran = run({"explain", file});
    EXPECT_EQ(ran.code, kSomebodyHeld);
    EXPECT_THAT(ran.out, AllOf(HasSubstr("of 2 mails 1 would be held: spam 1"), HasSubstr("box:2")));
}

TEST_F(ExplainVerb, WhatIsPutOffIsCounted)
{
    house.reconfigure("late", "[late]\nregex = ^X-Spam: Yes\naction = TEMPFAIL\n");
    put("mails/a", text("X-Spam: Yes\n"));
    put("mails/b", text(""));
    const Ran ran = run({"explain", house.dir / "mails"});
    EXPECT_EQ(ran.code, kSomebodyHeld);
    EXPECT_THAT(ran.out, HasSubstr("of 2 mails 1 would be held"));
    EXPECT_THAT(run({"explain", house.dir / "mails/a"}).out, HasSubstr("451"));
}

} // namespace qm::ctl
