#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <sys/stat.h>

#include "quarantine/error.h"
#include "sql/connection.h"
#include "sql/insert.h"
#include "support/temp_dir.h"

namespace qm::sql {
namespace {

using namespace std::string_literals;
using std::chrono::milliseconds;

class SqliteConnection : public testing::Test {
  protected:
    SqliteConnection()
    {
        target_.engine = Engine::sqlite;
        target_.path = dir_.path() + "/a b.db";
        options_.create = true;
        options_.busy_timeout = milliseconds(100);
    }

    test::TempDir dir_;
    Target target_;
    ConnectOptions options_;
};

TEST_F(SqliteConnection, FileIsMadeForItsOwnerOnlyAndInWalMode)
{
    Connection connection(target_, options_);
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)");
    struct stat info = {};
    ASSERT_EQ(::stat(target_.path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    EXPECT_EQ(text_of(connection.query("PRAGMA journal_mode", {Kind::text}).at(0).at(0)), "wal");
    EXPECT_EQ(integer_of(connection.query("PRAGMA synchronous", {Kind::integer}).at(0).at(0)), 1);
    EXPECT_EQ(integer_of(connection.query("PRAGMA foreign_keys", {Kind::integer}).at(0).at(0)), 1);
}

TEST_F(SqliteConnection, DurableMeansFullSynchronous)
{
    options_.durable = true;
    Connection connection(target_, options_);
    EXPECT_EQ(integer_of(connection.query("PRAGMA synchronous", {Kind::integer}).at(0).at(0)), 2);
}

TEST_F(SqliteConnection, RowsAreInsertedInTheirOrderHoweverMany)
{
    Connection connection(target_, options_);
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, number BIGINT, name TEXT)");
    std::int64_t number = 0;
    for (const std::size_t count : {0U, 1U, 9U, 10U, 11U, 57U, 171U}) {
        std::vector<Row> rows;
        for (std::size_t i = 0; i < count; ++i) {
            rows.push_back({++number, i % 3 == 0 ? Value() : "name "s + std::to_string(number)});
        }
        insert_rows(connection, "INSERT INTO t (number, name)", rows);
        const auto kept = connection.query("SELECT number, name FROM t ORDER BY id DESC LIMIT :1",
                                           {Kind::integer, Kind::text}, {static_cast<std::int64_t>(count)});
        EXPECT_EQ(std::vector(kept.rbegin(), kept.rend()), rows);
    }
    EXPECT_EQ(number, integer_of(connection.query("SELECT count(*) FROM t", {Kind::integer}).at(0).at(0)));
}

TEST_F(SqliteConnection, MissingFileIsAnErrorUnlessItMayBeMade)
{
    options_.create = false;
    EXPECT_THROW(Connection(target_, options_), BackendError);
    EXPECT_FALSE(std::filesystem::exists(target_.path));
}

TEST_F(SqliteConnection, OtherFilesAreRefused)
{
    std::ofstream(target_.path) << "this is a text of more than sixteen bytes, no database";
    EXPECT_THROW(Connection(target_, options_), BackendError);
    target_.path = dir_.path();
    EXPECT_THROW(Connection(target_, options_), BackendError);
}

TEST_F(SqliteConnection, ReadOnlyRefusesToWrite)
{
    Connection(target_, options_).execute("CREATE TABLE t (id INTEGER)");
    options_.read_only = true;
    Connection reader(target_, options_);
    EXPECT_EQ(reader.query("SELECT id FROM t", {Kind::integer}).size(), 0U);
    EXPECT_THROW(reader.execute("INSERT INTO t VALUES (1)"), BackendError);
}

TEST_F(SqliteConnection, ValuesComeBackAsTheyWentIn)
{
    Connection connection(target_, options_);
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, s TEXT)");
    const std::string odd("'; DROP TABLE t; -- \0\x80\xff :1 ?"s);
    const std::vector<Row> rows{
        {std::int64_t{1}, INT64_MAX, odd},
        {std::int64_t{2}, INT64_MIN, std::string()},
        {std::int64_t{3}, std::monostate(), std::monostate()},
        {std::int64_t{4}, std::int64_t{0}, std::string(300'000, 'x')},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(connection.execute("INSERT INTO t (id, n, s) VALUES (:1, :2, :3)", row), 1);
    }
    EXPECT_EQ(connection.last_insert_id("t"), 4);
    EXPECT_EQ(
        connection.query("SELECT id, n, s FROM t ORDER BY id", {Kind::integer, Kind::integer, Kind::text}),
        rows);
    EXPECT_EQ(connection.query("SELECT id FROM t WHERE s = :1", {Kind::integer}, {odd}).size(), 1U);
}

TEST_F(SqliteConnection, StatementsWorkAgainWithOtherValuesAndKinds)
{
    Connection connection(target_, options_);
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)");
    for (std::int64_t i = 0; i < 10; ++i) {
        connection.execute("INSERT INTO t (n) VALUES (:1)", {i % 3 == 0 ? Value() : Value(i)});
    }
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(
            connection.query("SELECT id FROM t WHERE n > :1 ORDER BY n", {Kind::integer}, {std::int64_t{6}})
                .size(),
            2U);
        EXPECT_EQ(
            connection.query("SELECT id FROM t WHERE n > :1 ORDER BY n", {Kind::integer}, {Value()}).size(),
            0U);
        EXPECT_EQ(connection.query("SELECT id FROM t", {Kind::integer}).size(), 10U);
        EXPECT_EQ(connection.query("SELECT id FROM t", {Kind::text}).at(0).at(0), Value("1"));
    }
    EXPECT_EQ(connection.execute("UPDATE t SET n = 1 WHERE n IS NULL"), 4);
    EXPECT_EQ(connection.execute("DELETE FROM t WHERE n = :1", {std::int64_t{99}}), 0);
}

TEST_F(SqliteConnection, InsertReturningGivesTheId)
{
    Connection connection(target_, options_);
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT)");
    for (std::int64_t i = 1; i < 4; ++i) {
        EXPECT_EQ(
            integer_of(connection.query("INSERT INTO t (s) VALUES (:1) RETURNING id", {Kind::integer}, {"a"})
                           .at(0)
                           .at(0)),
            i);
    }
    EXPECT_EQ(connection.query("SELECT id FROM t", {Kind::integer}).size(), 3U);
}

TEST_F(SqliteConnection, FailedStatementLeavesTheConnectionInUse)
{
    Connection connection(target_, options_);
    connection.execute("CREATE TABLE t (s TEXT UNIQUE)");
    for (int round = 0; round < 3; ++round) {
        connection.execute("INSERT INTO t VALUES (:1)", {"a" + std::to_string(round)});
        try {
            connection.execute("INSERT INTO t VALUES (:1)", {"a" + std::to_string(round)});
            ADD_FAILURE() << "taken twice";
        } catch (const BackendError& error) {
            EXPECT_NE(std::string(error.what()).find("UNIQUE"), std::string::npos) << error.what();
            EXPECT_NE(std::string(error.what()).find(target_.path), std::string::npos) << error.what();
            EXPECT_NE(std::string(error.what()).find("INSERT INTO t"), std::string::npos) << error.what();
        }
        EXPECT_FALSE(connection.is_broken());
    }
    EXPECT_THROW(connection.execute("no statement"), BackendError);
    EXPECT_FALSE(connection.is_broken());
}

TEST_F(SqliteConnection, WrongNumberOfParametersIsOurMistake)
{
    Connection connection(target_, options_);
    EXPECT_THROW(connection.query("SELECT :1", {Kind::integer}), std::logic_error);
    EXPECT_THROW(connection.query("SELECT :2", {Kind::integer}, {std::int64_t{1}}), std::logic_error);
    EXPECT_THROW(connection.query("SELECT 1; SELECT 2", {Kind::integer}), std::logic_error);
    EXPECT_THROW(connection.execute("CREATE TABLE a (b TEXT); CREATE TABLE c (d TEXT)"), std::logic_error);
}

TEST_F(SqliteConnection, TransactionWithoutCommitLeavesNothing)
{
    Connection connection(target_, options_);
    connection.execute("CREATE TABLE t (s TEXT)");
    {
        Transaction transaction(connection);
        connection.execute("INSERT INTO t VALUES ('a')");
    }
    EXPECT_EQ(connection.query("SELECT s FROM t", {Kind::text}).size(), 0U);
    {
        Transaction transaction(connection);
        connection.execute("INSERT INTO t VALUES ('a')");
        transaction.commit();
    }
    EXPECT_EQ(connection.query("SELECT s FROM t", {Kind::text}).size(), 1U);
}

TEST_F(SqliteConnection, SecondWriterWaitsNoLongerThanTheBusyTimeout)
{
    Connection first(target_, options_);
    Connection second(target_, options_);
    first.execute("CREATE TABLE t (s TEXT)");
    const Transaction transaction(first);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_THROW(Transaction{second}, BackendError);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(1500));
    EXPECT_FALSE(second.is_broken());
    EXPECT_EQ(second.query("SELECT s FROM t", {Kind::text}).size(), 0U) << "readers do not wait";
}

TEST_F(SqliteConnection, EndlessStatementEndsAtItsTimeout)
{
    options_.statement_timeout = milliseconds(200);
    Connection connection(target_, options_);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_THROW(connection.query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                                  "SELECT count(*) FROM n",
                                  {Kind::integer}),
                 BackendError);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(3000));
    EXPECT_FALSE(connection.is_broken());
    EXPECT_EQ(connection.query("SELECT 1", {Kind::integer}).size(), 1U);
}

TEST_F(SqliteConnection, NothingBeginsBehindTheLimit)
{
    Connection connection(target_, options_);
    connection.give_up_at(std::chrono::steady_clock::now());
    EXPECT_THROW(connection.query("SELECT 1", {Kind::integer}), BackendError);
    connection.give_up_at(std::nullopt);
    EXPECT_EQ(connection.query("SELECT 1", {Kind::integer}).size(), 1U);
}

TEST_F(SqliteConnection, ReplacedFileIsNoticed)
{
    Connection connection(target_, options_);
    EXPECT_FALSE(connection.is_abandoned());
    std::filesystem::rename(target_.path, dir_.path() + "/moved.db");
    EXPECT_TRUE(connection.is_abandoned());
}

TEST_F(SqliteConnection, ManyDifferentStatementsAreBounded)
{
    Connection connection(target_, options_);
    for (int i = 0; i < 1000; ++i) {
        const std::string number = std::to_string(i);
        EXPECT_EQ(text_of(connection.query("SELECT '" + number + "'", {Kind::text}).at(0).at(0)), number);
    }
}

TEST(Values, NullReadsAsEmptyAndZero)
{
    EXPECT_EQ(text_of(Value()), "");
    EXPECT_EQ(integer_of(Value()), 0);
    EXPECT_EQ(text_of(Value(std::int64_t{-5})), "-5");
    EXPECT_EQ(integer_of(Value("-5")), -5);
    EXPECT_THROW(integer_of(Value("5a")), BackendError);
}

} // namespace
} // namespace qm::sql
