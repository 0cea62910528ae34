// quarantinectl whitelist
#include <gmock/gmock.h>
#include <sqlite3.h>

#include "house.h"

namespace qm::ctl {
namespace {

using test::Ran;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

class WhitelistVerbs : public test::CtlHouse {
  protected:
    nlohmann::json rows() { return run({"whitelist", "list", "--json"}).json()["rows"]; }

    /// Past our own checks, as another program writes.
    void insert(const std::string& values)
    {
        sqlite3* database = nullptr;
        ASSERT_EQ(sqlite3_open((house.dir / "whitelist.db").c_str(), &database), SQLITE_OK);
        const std::string text =
            "INSERT INTO whitelist (mailfrom, recipient, comment, permanent) VALUES " + values;
        EXPECT_EQ(sqlite3_exec(database, text.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
        sqlite3_close(database);
    }
};

} // namespace

TEST_F(WhitelistVerbs, AddSaysWhatWillMatchAndItDoes)
{
    const Ran ran = run({"whitelist", "add", "--from", "@Example.ORG", "--to", "<User@example.net>",
                         "--comment", "why", "--permanent"});
    EXPECT_EQ(ran.code, kDone);
    EXPECT_THAT(ran.out,
                HasSubstr("mail from anybody at example.org to user@example.net is not held by spam"));
    EXPECT_EQ(house.send(spam()).reply, milter::Reply::accept);
    const auto row = rows()[0];
    EXPECT_EQ(row["comment"], "why");
    EXPECT_EQ(row["permanent"], true);
    EXPECT_THAT(run({"whitelist", "list"}).out,
                AllOf(HasSubstr("@example.org"), HasSubstr("permanent"), HasSubstr("why")));
}

TEST_F(WhitelistVerbs, ASideLeftOutIsAnybody)
{
    EXPECT_THAT(run({"whitelist", "add", "--from", "a@x.example"}).out,
                HasSubstr("mail from a@x.example to anybody"));
    EXPECT_THAT(run({"whitelist", "add", "--to", "u@our.example"}).out,
                HasSubstr("mail from anybody to u@our.example"));
    EXPECT_THAT(run({"whitelist", "list"}).out, HasSubstr("(anybody)"));
}

TEST_F(WhitelistVerbs, WhatIsCoveredIsNotAddedUnlessForced)
{
    run({"whitelist", "add", "--from", "@x.example"});
    const Ran ran = run({"whitelist", "add", "--from", "a@x.example", "--to", "u@our.example"});
    EXPECT_EQ(ran.code, kSomeFailed);
    EXPECT_THAT(ran.err, AllOf(HasSubstr("row 1"), HasSubstr("mail from anybody at x.example to anybody")));
    EXPECT_THAT(rows(), SizeIs(1));
    EXPECT_EQ(run({"whitelist", "add", "--from", "a@x.example", "--to", "u@our.example", "--force"}).code,
              kDone);
    EXPECT_THAT(rows(), SizeIs(2));
    EXPECT_EQ(run({"whitelist", "add", "--from", "a@x.example", "--to", "u@our.example", "--force"}).code,
              kSomeFailed);
    EXPECT_EQ(run({"whitelist", "add", "--from", "a@x.example", "--json"}).json()["covered_by"]["id"], 1);
}

TEST_F(WhitelistVerbs, NonsenseIsNotAdded)
{
    for (const auto& words : {std::vector<std::string>{},
                              {"--from", "no address"},
                              {"--from", "a@"},
                              {"--from", "@"},
                              {"--from", "a@x\r\nb@y"},
                              {"--from", "", "--to", ""},
                              {"--to", "\x1b[2J@x"}}) {
        std::vector<std::string> all = {"whitelist", "add"};
        all.insert(all.end(), words.begin(), words.end());
        EXPECT_EQ(run(all).code, kUsage) << testing::PrintToString(words);
    }
    EXPECT_THAT(rows(), SizeIs(0));
}

TEST_F(WhitelistVerbs, RowsAreDeletedByNumberOrByBothSides)
{
    run({"whitelist", "add", "--from", "a@x.example"});
    run({"whitelist", "add", "--from", "b@x.example"});
    run({"whitelist", "add", "--from", "c@x.example", "--to", "@our.example"});
    EXPECT_THAT(run({"whitelist", "delete", "1"}).out,
                HasSubstr("Row 1 deleted: mail from a@x.example to anybody"));
    EXPECT_EQ(run({"whitelist", "delete", "1"}).code, kNothingMatched);
    EXPECT_EQ(run({"whitelist", "delete", "--from", "B@x.example", "--to", ""}).code, kDone);
    EXPECT_EQ(run({"whitelist", "delete", "--from", "b@x.example", "--to", ""}).code, kNothingMatched);
    EXPECT_EQ(run({"whitelist", "delete", "3", "99"}).code, kSomeFailed);
    EXPECT_THAT(rows(), SizeIs(0));
}

TEST_F(WhitelistVerbs, NothingIsDeletedByHalfARow)
{
    run({"whitelist", "add", "--from", "a@x.example"});
    for (const auto& words : {std::vector<std::string>{},
                              {"--from", "a@x.example"},
                              {"--to", ""},
                              {"x"},
                              {"-1"},
                              {"1", "--from", "a@x.example", "--to", ""}}) {
        std::vector<std::string> all = {"whitelist", "delete"};
        all.insert(all.end(), words.begin(), words.end());
        EXPECT_EQ(run(all).code, kUsage) << testing::PrintToString(words);
    }
    EXPECT_THAT(rows(), SizeIs(1));
}

TEST_F(WhitelistVerbs, ListChoosesExactly)
{
    run({"whitelist", "add", "--from", "a@x.example", "--to", "u@our.example"});
    run({"whitelist", "add", "--from", "b@x.example"});
    EXPECT_THAT(run({"whitelist", "list", "--to", "", "--json"}).json()["rows"], SizeIs(1));
    EXPECT_THAT(run({"whitelist", "list", "--from", "A@x.example", "--json"}).json()["rows"], SizeIs(1));
    EXPECT_EQ(run({"whitelist", "list", "--from", "c@x.example"}).code, kNothingMatched);
}

TEST_F(WhitelistVerbs, CheckFindsRowsThatNeverMatchAndMendsThem)
{
    run({"whitelist", "list"});
    insert(
        "('Anna@X.example', '', 'a', 0), ('\x1b[2J', 'u@our.example', '', 0), ('good@x.example', '', '', 0)");
    const Ran ran = run({"whitelist", "check"});
    EXPECT_EQ(ran.code, kSomeFailed);
    EXPECT_THAT(ran.out, AllOf(HasSubstr("Row 1, from 'Anna@X.example'"), HasSubstr("\\x1b[2J")));
    auto json = run({"whitelist", "check", "--repair", "--json"}).json();
    EXPECT_THAT(json["bad_rows"], SizeIs(2));
    EXPECT_EQ(rows()[0]["from"], "anna@x.example");
    EXPECT_EQ(run({"whitelist", "check"}).code, kSomeFailed); // the one that cannot be mended
    run({"whitelist", "delete", "2"});
    EXPECT_EQ(run({"whitelist", "check"}).code, kDone);
}

TEST_F(WhitelistVerbs, OfSeveralOneHasToBeNamed)
{
    const std::string quarantine =
        "regex = x\naction = DISCARD\nwhitelist_type = DB\nwhitelist_db_table = whitelist\n"
        "whitelist_db_connection = sqlite:///{dir}/";
    house.reconfigure("a, b, c", "[a]\n" + quarantine + "one.db\n[b]\n" + quarantine +
                                     "two.db\n[c]\nregex = x\n" + "action = DISCARD\n");
    const Ran ran = run({"whitelist", "list"});
    EXPECT_EQ(ran.code, kUsage);
    EXPECT_THAT(ran.err, HasSubstr("(a, b)"));
    EXPECT_EQ(run({"whitelist", "add", "-q", "b", "--from", "x@x.example"}).code, kDone);
    EXPECT_EQ(run({"whitelist", "list", "-q", "a"}).code, kNothingMatched);
    EXPECT_EQ(run({"whitelist", "list", "-q", "c"}).code, kUsage);
    EXPECT_EQ(run({"whitelist", "list", "-q", "nosuch"}).code, kUsage);

    house.reconfigure("a, b", "[a]\n" + quarantine + "one.db\n[b]\n" + quarantine + "one.db\n");
    EXPECT_EQ(run({"whitelist", "list"}).code, kNothingMatched);
}

} // namespace qm::ctl
