// quarantinectl list, show, status
#include <gmock/gmock.h>

#include "base/text.h"
#include "ctl/table.h"
#include "house.h"

namespace qm::ctl {
namespace {

using test::Ran;
using test::TestMail;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ListVerb : public test::CtlHouse {
  protected:
    std::vector<std::string> subjects(const std::vector<std::string>& options)
    {
        std::vector<std::string> words = {"list", "--json"};
        words.insert(words.end(), options.begin(), options.end());
        std::vector<std::string> found;
        const nlohmann::json json = run(words).json();
        for (const auto& mail : json["messages"]) {
            found.push_back(mail["subject"]);
        }
        return found;
    }
};

} // namespace

TEST_F(ListVerb, TheNewestStandsFirstWithWhoAndWhat)
{
    hold(spam("One"));
    const std::string id = hold(spam("Two", {"<user@example.net>", "<v@example.net>"}));
    const Ran ran = run({"list"});
    EXPECT_EQ(ran.code, kDone);
    EXPECT_LT(ran.out.find("Two"), ran.out.find("One"));
    EXPECT_THAT(ran.out, HasSubstr(id));
    EXPECT_THAT(ran.out, HasSubstr("    sender@example.org -> user@example.net, v@example.net: Two\n"));
    EXPECT_THAT(ran.out, HasSubstr("held"));
    EXPECT_THAT(ran.out, HasSubstr("spam"));
}

TEST_F(ListVerb, OnATerminalEveryLineFits)
{
    hold(spam(std::string(300, 'x'), {"<user@example.net>", "<somebody.with.a.long.name@example.net>"}));
    const Ran ran = run({"list"}, true, 80);
    for (const std::string_view line : text::split(ran.out, '\n')) {
        EXPECT_LE(columns(line), 80U) << line;
    }
}

TEST_F(ListVerb, FiltersChoose)
{
    hold(spam("One"));
    TestMail virus;
    virus.from = "<>";
    virus.headers = {{"Subject", " Two"}, {"X-Virus", " Eicar"}};
    hold(virus);
    house.clock.advance(std::chrono::days(2));
    hold(spam("Three", {"<v@example.com>"}));
    EXPECT_THAT(subjects({}), ElementsAre("Three", "Two", "One"));
    EXPECT_THAT(subjects({"-q", "virus"}), ElementsAre("Two"));
    EXPECT_THAT(subjects({"--from", "<>"}), ElementsAre("Two"));
    EXPECT_THAT(subjects({"--from", ""}), ElementsAre("Two"));
    EXPECT_THAT(subjects({"--from", "@example.org"}), ElementsAre("Three", "One"));
    EXPECT_THAT(subjects({"--to", "V@example.com"}), ElementsAre("Three"));
    EXPECT_THAT(subjects({"--since", "1d"}), ElementsAre("Three"));
    EXPECT_THAT(subjects({"--until", "1d"}), ElementsAre("Two", "One"));
    EXPECT_THAT(subjects({"--state", "HELD", "--limit", "1"}), ElementsAre("Three"));
    EXPECT_THAT(subjects({"--state", "released"}), IsEmpty());
}

TEST_F(ListVerb, APageGoesOnWhereTheLastOneEnded)
{
    for (int i = 0; i < 5; ++i) {
        hold(spam(std::to_string(i)));
    }
    const auto first = run({"list", "--limit", "2", "--json"}).json();
    EXPECT_EQ(first["messages"][1]["subject"], "3");
    EXPECT_THAT(subjects({"--limit", "2", "--before", first["next"]}), ElementsAre("2", "1"));
    EXPECT_TRUE(run({"list", "--json"}).json()["next"].is_null());
    EXPECT_THAT(run({"list", "--limit", "2"}).err, HasSubstr("--before " + first["next"].get<std::string>()));
}

TEST_F(ListVerb, IdsStandAloneForOtherPrograms)
{
    const std::string first = hold(spam());
    const std::string second = hold(spam());
    EXPECT_EQ(run({"list", "--ids"}).out, second + "\n" + first + "\n");
}

TEST_F(ListVerb, IdsAreAllThereAreUnlessALimitIsGiven)
{
    for (int i = 0; i < 53; ++i) {
        hold(spam(std::to_string(i)));
    }
    const Ran all = run({"list", "--ids"});
    EXPECT_EQ(std::ranges::count(all.out, '\n'), 53);
    EXPECT_EQ(all.err, "");
    const Ran some = run({"list", "--ids", "--limit", "10"});
    EXPECT_EQ(std::ranges::count(some.out, '\n'), 10);
    EXPECT_THAT(some.err, HasSubstr("There may be more: --before"));
    EXPECT_EQ(run({"list", "--json"}).json()["messages"].size(), 50U);
}

TEST_F(ListVerb, NothingFoundIsTwo)
{
    EXPECT_EQ(run({"list"}).code, kNothingMatched);
    const Ran ran = run({"list", "-q", "nosuch"});
    EXPECT_EQ(ran.code, kNothingMatched);
    EXPECT_THAT(ran.err, HasSubstr("no quarantine is called nosuch"));
    EXPECT_EQ(run({"list", "--json"}).json()["messages"].size(), 0U);
}

TEST_F(ListVerb, NonsenseIsUsage)
{
    for (const auto& words : {std::vector<std::string>{"--state", "gone"},
                              {"--since", "soon"},
                              {"--from", "no address"},
                              {"--limit", "0"},
                              {"--before", "../x"},
                              {"--before", "zzz"},
                              {"--ids", "--json"},
                              {"--to", "<>"}}) {
        std::vector<std::string> all = {"list"};
        all.insert(all.end(), words.begin(), words.end());
        EXPECT_EQ(run(all).code, kUsage) << testing::PrintToString(words);
    }
}

TEST_F(ListVerb, WhatAMailSaysNeverReachesATerminalAsItIs)
{
    TestMail mail = spam("=?utf-8?q?a=1B[2J=E2=80=AEb=0Ac?=");
    mail.from = "<\"x\x1b[2J\"@example.org>";
    const std::string id = hold(mail);
    for (const auto& words : {std::vector<std::string>{"list"},
                              {"show", id},
                              {"cat", id, "--headers"},
                              {"cat", id},
                              {"list", "--json"},
                              {"show", id, "--json"},
                              {"cat", id, "--headers", "--json"}}) {
        const Ran ran = run(words);
        EXPECT_EQ(ran.code, kDone) << testing::PrintToString(words);
        EXPECT_THAT(ran.out, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\u202E"))))
            << testing::PrintToString(words);
    }
}

TEST_F(ListVerb, ShowSaysEverythingOnRecord)
{
    TestMail mail = spam("Invoice", {"<user@example.net>", "<v@example.net>"});
    const std::string id = hold(mail);
    house.desk.release(HeldId::parse(id), "v@example.net", false);
    const Ran ran = run({"show", id.substr(0, 20)});
    EXPECT_EQ(ran.code, kDone);
    for (const char* const words :
         {"Invoice", "spam (DISCARD)", "X-Spam: Yes", "sender@example.org", "anna@shop.example", "Kept until",
          "user@example.net  held", "released", "SINK1"}) {
        EXPECT_THAT(ran.out, HasSubstr(words));
    }
    auto json = run({"show", id, "--json"}).json();
    EXPECT_EQ(json["id"], id);
    EXPECT_EQ(json["recipients"].size(), 2U);
    EXPECT_EQ(json["recipients"][1]["state"], "released");
    EXPECT_EQ(json["client"]["address"], "192.0.2.1");
    EXPECT_EQ(json["digest"].get<std::string>().size(), 64U);
    EXPECT_FALSE(json["expires"].is_null());
}

TEST_F(ListVerb, AnUnknownIdIsTwoAndNonsenseIsUsage)
{
    hold(spam());
    EXPECT_EQ(run({"show", "7zzzzzzzzzzzzzzzzzzzzzzzzz"}).code, kNothingMatched);
    EXPECT_EQ(run({"show", "zz"}).code, kNothingMatched);
    for (const char* const text :
         {"../../etc/passwd", "*", "01M", "a b", "i", "01%", "\x1b[2J", "000000000000000000000000000"}) {
        const Ran ran = run({"show", text});
        EXPECT_EQ(ran.code, kUsage) << text;
        EXPECT_THAT(ran.err, HasSubstr("not an id")) << text;
    }
}

TEST_F(ListVerb, AShortIdOfSeveralListsThem)
{
    const std::string first = hold(spam());
    const std::string second = hold(spam());
    const Ran ran = run({"show", first.substr(0, 5)});
    EXPECT_EQ(ran.code, kSomeFailed);
    EXPECT_THAT(ran.err, AllOf(HasSubstr(first), HasSubstr(second)));
}

TEST_F(ListVerb, StatusCountsWhatIsHeld)
{
    hold(spam("One", {"<user@example.net>", "<v@example.net>"}));
    const Ran ran = run({"status"});
    EXPECT_EQ(ran.code, kDone);
    EXPECT_THAT(ran.out,
                AllOf(HasSubstr("2 held"), HasSubstr("spam"), HasSubstr("virus"), HasSubstr("not running")));
    auto json = run({"status", "--json"}).json();
    EXPECT_EQ(json["daemon"], "not_running");
    EXPECT_EQ(json["quarantines"][1]["name"], "spam");
    EXPECT_EQ(json["quarantines"][1]["messages"], 1);
    EXPECT_EQ(json["quarantines"][1]["states"]["held"], 2);
    EXPECT_TRUE(json["quarantines"][0]["oldest"].is_null());
    EXPECT_TRUE(json["notices"]["oldest_due"].is_null());
}

TEST_F(ListVerb, StatusSaysWhichStoreDoesNotAnswer)
{
    std::filesystem::remove(house.dir / "store");
    const Ran ran = run({"status"});
    EXPECT_EQ(ran.code, kUnavailable);
    EXPECT_THAT(ran.err, HasSubstr("virus: "));
    EXPECT_FALSE(run({"status", "--json"}).json()["quarantines"][0]["trouble"].get<std::string>().empty());
}

} // namespace qm::ctl
