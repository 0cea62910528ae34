// quarantinectl import pyquarantine
#include <fstream>

#include <gmock/gmock.h>

#include "house.h"

namespace qm::ctl {
namespace {

using test::Ran;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

class ImportVerb : public test::CtlHouse {
  protected:
    void put(const std::string& name, const std::string& bytes)
    {
        const std::filesystem::path path = house.dir / ("old/" + name);
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << bytes;
    }

    void put_pair(const std::string& name, const std::string& time = "1785849792")
    {
        put(name, "From: Anna <anna@shop.example>\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\nText\n");
        put(name + ".metadata",
            R"({"mailfrom": "anna@shop.example", "recipients": ["u@our.example", "v@our.example"],
            "date": )" +
                time + R"(, "queue_id": "4XqR", "subgroups": ["YES"]})");
    }

    Ran import() { return run({"import", "pyquarantine", house.dir / "old", "-q", "spam"}); }
};

} // namespace

TEST_F(ImportVerb, WhatWasHeldThereIsHeldHere)
{
    put_pair("20260804140312_4XqR");
    const Ran ran = import();
    EXPECT_EQ(ran.code, kDone);
    EXPECT_EQ(ran.out, "1 imported into spam, 0 here already, 0 failed\n");
    ASSERT_THAT(house.held(), SizeIs(1));
    const HeldMail mail = house.held().front();
    EXPECT_EQ(mail.quarantine, "spam");
    EXPECT_EQ(mail.envelope.sender, "anna@shop.example");
    EXPECT_EQ(mail.envelope.queue_id, "4XqR");
    ASSERT_THAT(mail.recipients, SizeIs(2));
    EXPECT_EQ(mail.recipients.front().state, RecipientState::held);
    EXPECT_EQ(mail.subject, "Grüße");
    EXPECT_EQ(mail.why, "YES");
    EXPECT_EQ(mail.received, Time(std::chrono::seconds(1785849792)));
    EXPECT_EQ(mail.digest.size(), 64U);
    EXPECT_EQ(mail.action, "DISCARD");
    EXPECT_EQ(run({"cat", mail.id.str(), "--eml"}).out,
              "From: Anna <anna@shop.example>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nText\r\n");
    EXPECT_EQ(run({"release", mail.id.str(), "--all"}).code, kDone);
}

TEST_F(ImportVerb, ASecondRunTakesNothingTwice)
{
    put_pair("a");
    put_pair("deep/b");
    import();
    put_pair("c");
    EXPECT_EQ(import().out, "1 imported into spam, 2 here already, 0 failed\n");
    EXPECT_THAT(house.held(), SizeIs(3));
}

TEST_F(ImportVerb, WhatCannotBeReadIsSaidAndTheRestGoesOn)
{
    put_pair("a");
    put("alone", "Subject: x\n\n");
    put("b.metadata", "{}");
    put("broken", "Subject: x\n\n");
    put("broken.metadata", "{");
    put_pair("z");
    const Ran ran = import();
    EXPECT_EQ(ran.code, kSomeFailed);
    EXPECT_THAT(ran.err, AllOf(HasSubstr("alone: there are no metadata beside it"),
                               HasSubstr("b.metadata: there is no message beside it"),
                               HasSubstr("broken.metadata: it is no JSON")));
    EXPECT_EQ(ran.out, "2 imported into spam, 0 here already, 3 failed\n");
    auto json = run({"import", "pyquarantine", house.dir / "old", "-q", "spam", "--json"}).json();
    EXPECT_EQ(json["known"], 2);
    EXPECT_THAT(json["failed"], SizeIs(3));
}

TEST_F(ImportVerb, WithoutATimeThatOfTheFileIsTaken)
{
    put_pair("mail", "null");
    import();
    EXPECT_LT(std::chrono::abs(house.held().at(0).received - std::chrono::system_clock::now()),
              std::chrono::hours(1));
}

TEST_F(ImportVerb, TheQuarantineHasToBeOneThatKeeps)
{
    put_pair("a");
    EXPECT_EQ(run({"import", "pyquarantine", house.dir / "old"}).code, kUsage); // there are two
    EXPECT_EQ(run({"import", "pyquarantine", house.dir / "old", "-q", "nosuch"}).code, kUsage);
    house.reconfigure(
        "a, b",
        "[a]\nregex = x\naction = DISCARD\nquarantine_type = NONE\n[b]\nregex = x\naction = DISCARD\n");
    EXPECT_EQ(run({"import", "pyquarantine", house.dir / "old", "-q", "a"}).code, kUsage);
    EXPECT_THAT(run({"import", "pyquarantine", house.dir / "old"}).out, HasSubstr("imported into b"));
}

TEST_F(ImportVerb, AFolderThatIsNoneIsUsageAndAnEmptyOneIsTwo)
{
    EXPECT_EQ(import().code, kUsage);
    put("file", "x");
    EXPECT_EQ(run({"import", "pyquarantine", house.dir / "old/file", "-q", "spam"}).code, kUsage);
    std::filesystem::remove(house.dir / "old/file");
    EXPECT_EQ(import().code, kNothingMatched);
}

} // namespace qm::ctl
