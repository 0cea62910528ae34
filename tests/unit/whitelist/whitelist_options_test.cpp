#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "quarantine/error.h"
#include "support/fake_section.h"
#include "support/temp_dir.h"
#include "whitelist/builtin_whitelists.h"
#include "whitelist/whitelist_table.h"

namespace qm::whitelist {
namespace {

const WhitelistType& db()
{
    return builtin_whitelists()[1];
}

TEST(BuiltinWhitelists, NoneAndDbAreTheRows)
{
    ASSERT_EQ(builtin_whitelists().size(), 2U);
    EXPECT_EQ(builtin_whitelists()[0].name, "NONE");
    EXPECT_EQ(builtin_whitelists()[1].name, "DB");
    EXPECT_EQ(builtin_whitelists()[0].open(test::FakeSection()), nullptr);
}

TEST(WhitelistOptions, ConnectionIsASecret)
{
    EXPECT_EQ(db().options[0].name, "whitelist_db_connection");
    EXPECT_EQ(db().options[0].kind, OptionKind::secret);
}

TEST(WhitelistOptions, RelativeFileStartsAtTheFolderOfTheConfigurationAndTheTableHasADefault)
{
    const test::TempDir folder;
    test::FakeSection section({{"whitelist_db_connection", "sqlite:///white.db"}}, db().options);
    section.set_folder(folder.path());
    const auto list = db().open(section);
    ASSERT_NE(list, nullptr);
    EXPECT_FALSE(std::filesystem::exists(folder / "white.db")) << "opening creates nothing";
    EXPECT_FALSE(list->find("a@example.org", "b@example.com"));
    EXPECT_TRUE(std::filesystem::exists(folder / "white.db"));
    EXPECT_TRUE(section.mistakes().empty());
}

TEST(WhitelistOptions, WrongUrlIsAMistakeWithoutItsPassword)
{
    const test::FakeSection section({{"whitelist_db_connection", "oracle://u:hidden@h/d"}}, db().options);
    EXPECT_EQ(db().open(section), nullptr);
    ASSERT_EQ(section.mistakes().size(), 1U);
    EXPECT_THAT(section.mistakes()[0], testing::StartsWith("whitelist_db_connection: "));
    EXPECT_THAT(section.mistakes()[0], testing::Not(testing::HasSubstr("hidden")));
}

TEST(WhitelistOptions, WrongTableNamesAreMistakes)
{
    for (const std::string name :
         {"", "1a", "a b", "a;drop table b", "a\"", "a.b.c", ".a", "a.", "a`", "\xc3\xa9"}) {
        const test::FakeSection section(
            {{"whitelist_db_connection", "sqlite:////x.db"}, {"whitelist_db_table", name}}, db().options);
        EXPECT_EQ(db().open(section), nullptr) << name;
        ASSERT_EQ(section.mistakes().size(), 1U) << name;
        EXPECT_THAT(section.mistakes()[0], testing::StartsWith("whitelist_db_table: "));
    }
    EXPECT_FALSE(TableName::parse(std::string(64, 'a')));
    EXPECT_TRUE(TableName::parse(std::string(63, 'a')));
}

TEST(WhitelistOptions, TableNamesAreQuotedSoThatTheirSpellingCounts)
{
    EXPECT_EQ(TableName::parse("White_1")->quoted(sql::Engine::postgresql), "\"White_1\"");
    EXPECT_EQ(TableName::parse("mail.white")->quoted(sql::Engine::mysql), "`mail`.`white`");
}

TEST(WhitelistCheck, MissingSqliteFileIsFineOnlyWhereItCanBeMade)
{
    const test::TempDir folder;
    test::FakeSection section({{"whitelist_db_connection", "sqlite:///white.db"}}, db().options);
    section.set_folder(folder.path());
    EXPECT_NO_THROW(db().open(section)->check());
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
    section.set_folder(folder / "missing");
    EXPECT_THROW(db().open(section)->check(), BackendError);
    EXPECT_THROW(db().open(section)->find("a@example.org", "b@example.com"), BackendError);
}

TEST(WhitelistLook, MissingSqliteFileMatchesNobodyAndIsNotMade)
{
    const test::TempDir folder;
    test::FakeSection section({{"whitelist_db_connection", "sqlite:///white.db"}}, db().options);
    section.set_folder(folder.path());
    const auto list = db().open(section);
    for (int i = 0; i < 5; ++i) {
        EXPECT_FALSE(list->find("a@example.org", "b@example.com", Use::look));
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
    section.set_folder(folder / "missing");
    EXPECT_FALSE(db().open(section)->find("a@example.org", "b@example.com", Use::look));
    EXPECT_FALSE(std::filesystem::exists(folder / "missing"));
}

TEST(WhitelistLook, FileThatIsMadeLaterIsFound)
{
    const test::TempDir folder;
    test::FakeSection section({{"whitelist_db_connection", "sqlite:///white.db"}}, db().options);
    section.set_folder(folder.path());
    const auto list = db().open(section);
    EXPECT_FALSE(list->find("a@example.org", "b@example.com", Use::look));
    ASSERT_TRUE(list->rows()->add({.id = 0,
                                   .mailfrom = "a@example.org",
                                   .recipient = "",
                                   .created = "",
                                   .last_used = "",
                                   .comment = "",
                                   .permanent = false}));
    EXPECT_TRUE(list->find("a@example.org", "b@example.com", Use::look));
}

TEST(WhitelistLook, LeavesTheFileByteForByte)
{
    const test::TempDir folder;
    const std::string file = folder / "white.db";
    test::FakeSection section({{"whitelist_db_connection", "sqlite:///white.db"}}, db().options);
    section.set_folder(folder.path());
    {
        // As the ancestor left it: no write-ahead logging.
        sql::ConnectOptions options;
        options.create = true;
        sql::Connection connection(sql::parse_target("sqlite:///white.db", folder.path()), options);
        connection.query("PRAGMA journal_mode = DELETE", {sql::Kind::text});
        connection.execute("CREATE TABLE whitelist (id INTEGER PRIMARY KEY, mailfrom TEXT, recipient TEXT, "
                           "created, last_used, comment, permanent)");
        connection.execute("INSERT INTO whitelist VALUES (1, 'a@example.org', '', '2020-01-01 00:00:00', "
                           "'2020-01-01 00:00:00', '', 0)");
    }
    const std::string before = read_file(file, 1 << 20);
    {
        const auto list = db().open(section);
        EXPECT_TRUE(list->find("a@example.org", "b@example.com", Use::look));
        EXPECT_FALSE(list->find("z@example.org", "b@example.com", Use::look));
    }
    EXPECT_EQ(read_file(file, 1 << 20), before);
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        ++files;
    }
    EXPECT_EQ(files, 1U);
}

TEST(WhitelistExpire, WhatIsNoTimeInSqliteStays)
{
    const test::TempDir folder;
    test::FakeSection section({{"whitelist_db_connection", "sqlite:///white.db"}}, db().options);
    section.set_folder(folder.path());
    const auto rows = db().open(section)->rows();
    sql::Connection connection(sql::parse_target("sqlite:///white.db", folder.path()), {});
    for (const std::string time : {"''", "'0'", "0", "1577836800", "2458849.5", "'01.01.2020'", "x'00'"}) {
        connection.execute("INSERT INTO whitelist (mailfrom, recipient, created, last_used, comment, "
                           "permanent) VALUES ('a' || (SELECT count(*) FROM whitelist), '', "
                           "'2020-01-01 00:00:00', " +
                           time + ", '', 0)");
    }
    const auto moment = std::chrono::sys_days(std::chrono::year(2024) / 1 / 1);
    EXPECT_EQ(rows->expire(moment, true), 0);
    EXPECT_EQ(rows->expire(moment, false), 0);
    EXPECT_EQ(rows->list({}).size(), 7U);
}

} // namespace
} // namespace qm::whitelist
