// What every whitelist promises (quarantine/whitelist.h), for each engine behind the row DB.
#include <atomic>
#include <thread>

#include "contract/database_fixture.h"
#include "quarantine/error.h"
#include "support/fake_section.h"
#include "whitelist/builtin_whitelists.h"
#include "whitelist/whitelist_rows.h"

namespace qm::whitelist {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

const WhitelistType& type(std::string_view name)
{
    for (const WhitelistType& row : builtin_whitelists()) {
        if (row.name == name) {
            return row;
        }
    }
    throw std::logic_error("no such whitelist");
}

/// Calls `done` until it says yes; false when the time is over.
template <typename Done>
bool comes_true(Done done, seconds time = seconds(20))
{
    const auto deadline = Clock::now() + time;
    while (!done()) {
        if (Clock::now() >= deadline) {
            return false;
        }
        std::this_thread::yield();
    }
    return true;
}

class WhitelistContract : public test::DatabaseTest {
  protected:
    WhitelistContract()
    {
        static std::atomic<int> count = 0;
        table_ = "wl_" + std::to_string(++count);
        section_.add(type("DB").options);
        section_.set("whitelist_db_connection", database().url());
        section_.set("whitelist_db_table", table_);
    }

    std::unique_ptr<Whitelist> open() const { return type("DB").open(section_); }
    std::unique_ptr<WhitelistRows> rows() const { return open_whitelist_rows(section_); }

    std::int64_t add(const std::string& mailfrom, const std::string& recipient)
    {
        return rows()->add({0, mailfrom, recipient, "", "", "", false}).value_or(-1);
    }
    /// As a person with an SQL prompt would.
    void add_raw(const sql::Value& mailfrom, const sql::Value& recipient)
    {
        sql::Connection connection = database().connect();
        connection.execute("INSERT INTO " + table_ +
                               " (mailfrom, recipient, created, last_used, comment, permanent) "
                               "VALUES (:1, :2, '2020-01-01 00:00:00', '2020-01-01 00:00:00', '', " +
                               (GetParam() == sql::Engine::postgresql ? "false" : "0") + ")",
                           {mailfrom, recipient});
    }
    /// The ancestor's table, made by its library, but that NULL is allowed.
    void make_ancestors_table()
    {
        const std::string id = GetParam() == sql::Engine::sqlite ? "INTEGER NOT NULL PRIMARY KEY"
                               : GetParam() == sql::Engine::postgresql
                                   ? "SERIAL NOT NULL PRIMARY KEY"
                                   : "INTEGER AUTO_INCREMENT NOT NULL PRIMARY KEY";
        const std::string moment = GetParam() == sql::Engine::postgresql ? "TIMESTAMP" : "DATETIME";
        const std::string flag = GetParam() == sql::Engine::postgresql ? "BOOLEAN" : "SMALLINT";
        database().connect().execute("CREATE TABLE " + table_ + " (id " + id +
                                     ", mailfrom VARCHAR(255), recipient VARCHAR(255), created " + moment +
                                     " NOT NULL, last_used " + moment +
                                     " NOT NULL, comment TEXT NOT NULL, permanent " + flag +
                                     " NOT NULL, UNIQUE (mailfrom, recipient))");
    }
    std::string last_used(std::int64_t id)
    {
        for (const WhitelistRow& row : rows()->list({})) {
            if (row.id == id) {
                return row.last_used;
            }
        }
        return {};
    }
    void set_last_used(std::int64_t id, const std::string& time)
    {
        database().connect().execute("UPDATE " + table_ + " SET last_used = :1 WHERE id = :2", {time, id});
    }

    std::string table_;
    test::FakeSection section_;
};

INSTANTIATE_TEST_SUITE_P(Db, WhitelistContract, test::every_engine(), test::DatabaseTest::engine_name);

TEST_P(WhitelistContract, EmptyListExemptsNobodyAndIsMadeAtTheFirstLookup)
{
    const auto list = open();
    EXPECT_FALSE(list->find("a@example.org", "b@example.com"));
    EXPECT_TRUE(rows()->list({}).empty());
    EXPECT_FALSE(list->find("a@example.org", "b@example.com"));
}

TEST_P(WhitelistContract, EveryCombinationOfAddressDomainAndWildcardMatches)
{
    const auto list = open();
    for (const std::string sender : {"a@example.org", "@example.org", ""}) {
        for (const std::string recipient : {"b@example.com", "@example.com", ""}) {
            rows();
            add_raw(sender, recipient);
            const auto match = list->find("a@example.org", "b@example.com");
            ASSERT_TRUE(match) << sender << " " << recipient;
            EXPECT_EQ(match->mailfrom, sender);
            EXPECT_EQ(match->recipient, recipient);
            if (!sender.empty()) {
                EXPECT_FALSE(list->find("a@sub.example.org", "b@example.com"));
                EXPECT_FALSE(list->find("", "b@example.com"));
            }
            if (!recipient.empty()) {
                EXPECT_FALSE(list->find("a@example.org", "b@sub.example.com"));
            }
            EXPECT_TRUE(rows()->remove(match->row));
            EXPECT_FALSE(list->find("a@example.org", "b@example.com"));
        }
    }
}

TEST_P(WhitelistContract, CapitalsOfTheMailDoNotMatter)
{
    add("a@example.org", "b@example.com");
    EXPECT_TRUE(open()->find("A@Example.ORG", "B@EXAMPLE.com"));
}

TEST_P(WhitelistContract, MostSpecificRowIsTheOneSenderFirst)
{
    const auto list = open();
    const std::vector<std::pair<std::string, std::string>> order{{"a@example.org", "b@example.com"},
                                                                 {"a@example.org", "@example.com"},
                                                                 {"a@example.org", ""},
                                                                 {"@example.org", "b@example.com"},
                                                                 {"@example.org", "@example.com"},
                                                                 {"@example.org", ""},
                                                                 {"", "b@example.com"},
                                                                 {"", "@example.com"}};
    for (auto row = order.rbegin(); row != order.rend(); ++row) {
        add(row->first, row->second);
        const auto match = list->find("a@example.org", "b@example.com");
        ASSERT_TRUE(match);
        EXPECT_EQ(std::pair(match->mailfrom, match->recipient), *row);
    }
}

TEST_P(WhitelistContract, NullSenderMatchesTheEmptySenderOnly)
{
    const auto list = open();
    add("a@example.org", "b@example.com");
    add("@example.org", "b@example.com");
    EXPECT_FALSE(list->find("", "b@example.com"));
    const std::int64_t id = add("", "b@example.com");
    ASSERT_TRUE(list->find("", "b@example.com"));
    EXPECT_EQ(list->find("", "b@example.com")->row, id);
}

TEST_P(WhitelistContract, WrappedSendersAreFoundAsTheyAreAndUnwrapped)
{
    const auto list = open();
    add("bob@example.org", "b@example.com");
    EXPECT_TRUE(list->find("prvs=1234abcdef=bob@example.org", "b@example.com"));
    EXPECT_TRUE(list->find("SRS0=HHHH=TT=example.org=bob@forwarder.example", "b@example.com"));
    EXPECT_FALSE(list->find("SRS0=HHHH=TT=example.org=alice@forwarder.example", "b@example.com"));
    add("@forwarder.example", "c@example.com");
    EXPECT_TRUE(list->find("SRS0=HHHH=TT=example.org=bob@forwarder.example", "c@example.com"));
}

TEST_P(WhitelistContract, OddAddressesAreData)
{
    const auto list = open();
    const std::vector<std::string> odd{"o'reilly@example.org",
                                       "bob+tag@example.org",
                                       "\"a b\"@example.org",
                                       "\"a@b\"@example.org",
                                       "a';drop table x;--@x.y",
                                       "100%@example.org",
                                       "a_b@example.org",
                                       "back\\slash@example.org",
                                       ":1@example.org",
                                       "\\'@example.org",
                                       "?@example.org",
                                       "j\xC3\xB6rg@example.org",
                                       "\xF0\x9F\x93\xA7@example.org"};
    for (const std::string& address : odd) {
        ASSERT_GT(add(address, address), 0) << address;
    }
    for (const std::string& address : odd) {
        for (const std::string& other : odd) {
            const auto match = list->find(address, other);
            EXPECT_EQ(match.has_value(), address == other) << address << " " << other;
        }
    }
    EXPECT_FALSE(list->find("bob@example.org", "bob+tag@example.org"));
    EXPECT_FALSE(list->find("100x@example.org", "100%@example.org"));
    EXPECT_FALSE(list->find("axb@example.org", "a_b@example.org"));
}

TEST_P(WhitelistContract, HostileAddressesAreAnsweredNotErrors)
{
    const auto list = open();
    add("a@example.org", "b@example.com");
    for (const std::string& address :
         {std::string("a\0@example.org", 14), std::string("\xff\xfe@example.org"), std::string("@"),
          std::string("a"), std::string("a@"), std::string(100'000, 'a') + "@example.org",
          std::string("\xC3@\xA9"), std::string("a@example.org "), std::string("a@example.org\r\n")}) {
        EXPECT_FALSE(list->find(address, "b@example.com"));
        EXPECT_FALSE(list->find("a@example.org", address));
    }
    EXPECT_TRUE(list->find("a@example.org", "b@example.com"));
}

TEST_P(WhitelistContract, TableOfTheAncestorWorksAsItIs)
{
    make_ancestors_table();
    add_raw("a@example.org", "b@example.com");
    add_raw(sql::Value(), "b@example.com");
    add_raw("x@example.org", sql::Value());
    add_raw("Capital@Example.org", "b@example.com");
    add_raw("", "c@example.com");
    const auto list = open();
    EXPECT_NO_THROW(list->check());
    EXPECT_TRUE(list->find("a@example.org", "b@example.com"));
    EXPECT_FALSE(list->find("z@example.org", "b@example.com")) << "NULL is no wildcard";
    EXPECT_FALSE(list->find("x@example.org", "z@example.com")) << "NULL is no wildcard";
    EXPECT_TRUE(list->find("anybody@example.org", "c@example.com"));
    EXPECT_EQ(rows()->list({}).size(), 5U);
}

TEST_P(WhitelistContract, UseIsWrittenDownButNotForEveryMail)
{
    const auto list = open();
    const std::int64_t id = add("a@example.org", "b@example.com");
    const std::int64_t other = add("z@example.org", "b@example.com");
    const std::string old = "2020-01-01 00:00:00";
    set_last_used(id, old);
    set_last_used(other, old);
    ASSERT_TRUE(list->find("a@example.org", "b@example.com"));
    EXPECT_TRUE(comes_true([&] { return !last_used(id).starts_with(old); }));
    // Rows are marked one after the other: when the second is, the first would have been again.
    set_last_used(id, old);
    ASSERT_TRUE(list->find("a@example.org", "b@example.com"));
    ASSERT_TRUE(list->find("z@example.org", "b@example.com"));
    EXPECT_TRUE(comes_true([&] { return !last_used(other).starts_with(old); }));
    EXPECT_TRUE(last_used(id).starts_with(old)) << last_used(id);
}

TEST_P(WhitelistContract, RecentUseIsNotWrittenAgainByAnotherProcess)
{
    const std::int64_t id = add("a@example.org", "b@example.com");
    const std::int64_t other = add("z@example.org", "b@example.com");
    const std::string before = last_used(id);
    set_last_used(other, "2020-01-01 00:00:00");
    const auto list = open();
    ASSERT_TRUE(list->find("a@example.org", "b@example.com"));
    ASSERT_TRUE(list->find("z@example.org", "b@example.com"));
    EXPECT_TRUE(comes_true([&] { return !last_used(other).starts_with("2020"); }));
    EXPECT_EQ(last_used(id), before);
}

TEST_P(WhitelistContract, ListThatCannotBeWrittenStillAnswers)
{
    rows();
    add("a@example.org", "b@example.com");
    database().connect().execute("CREATE VIEW " + table_ + "_v AS SELECT DISTINCT * FROM " + table_);
    section_.set("whitelist_db_table", table_ + "_v");
    const auto list = open();
    EXPECT_NO_THROW(list->check());
    for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(list->find("a@example.org", "b@example.com"));
    }
}

TEST_P(WhitelistContract, CheckCreatesNothing)
{
    const auto list = open();
    EXPECT_NO_THROW(list->check());
    sql::Connection connection = database().connect();
    EXPECT_THROW(connection.query("SELECT id FROM " + table_, {sql::Kind::integer}), BackendError);
}

TEST_P(WhitelistContract, TableOfSomebodyElseIsRefused)
{
    database().connect().execute("CREATE TABLE " + table_ + " (id INTEGER, colour VARCHAR(20))");
    const auto list = open();
    EXPECT_THROW(list->check(), BackendError);
    EXPECT_THROW(list->find("a@example.org", "b@example.com"), BackendError);
}

TEST_P(WhitelistContract, DroppedTableIsMadeAgain)
{
    const auto list = open();
    add("a@example.org", "b@example.com");
    EXPECT_TRUE(list->find("a@example.org", "b@example.com"));
    database().connect().execute("DROP TABLE " + table_);
    EXPECT_FALSE(list->find("a@example.org", "b@example.com"));
}

TEST_P(WhitelistContract, EightThreadsMayAskAtOnce)
{
    const auto list = open(); // the table is missing: all of them may want to make it
    std::atomic<int> wrong = 0;
    {
        std::vector<std::jthread> threads;
        threads.reserve(8);
        for (int t = 0; t < 8; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 25; ++i) {
                    if (list->find("a@example.org", "b@example.com")) {
                        ++wrong;
                    }
                }
            });
        }
    }
    add("a@example.org", "b@example.com");
    {
        std::vector<std::jthread> threads;
        threads.reserve(8);
        for (int t = 0; t < 8; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 100; ++i) {
                    if (!list->find("a@example.org", "b@example.com") ||
                        list->find("c@example.org", "b@example.com")) {
                        ++wrong;
                    }
                }
            });
        }
    }
    EXPECT_EQ(wrong, 0);
}

TEST_P(WhitelistContract, DatabaseThatIsAwayIsAnErrorInTimeAndComesBackAlone)
{
    const auto list = open();
    add("a@example.org", "b@example.com");
    EXPECT_TRUE(list->find("a@example.org", "b@example.com"));
    database().go_away();
    for (int i = 0; i < 5; ++i) {
        const auto begin = Clock::now();
        EXPECT_THROW(list->find("a@example.org", "b@example.com"), BackendError);
        EXPECT_LT(Clock::now() - begin, Whitelist::kDeadline);
    }
    EXPECT_THROW(list->check(), BackendError);
    EXPECT_THROW(open()->find("a@example.org", "b@example.com"), BackendError);
    database().come_back();
    EXPECT_TRUE(comes_true([&] {
        try {
            return list->find("a@example.org", "b@example.com").has_value();
        } catch (const BackendError&) {
            return false;
        }
    }));
    EXPECT_NO_THROW(list->check());
}

TEST_P(WhitelistContract, RestartBetweenTwoMailsIsNotNoticed)
{
    const auto list = open();
    add("a@example.org", "b@example.com");
    EXPECT_TRUE(list->find("a@example.org", "b@example.com"));
    database().go_away();
    database().come_back();
    EXPECT_TRUE(list->find("a@example.org", "b@example.com"));
}

TEST_P(WhitelistContract, DatabaseThatHangsIsAnErrorInTime)
{
    add("a@example.org", "b@example.com");
    const auto known = open();
    if (GetParam() != sql::Engine::sqlite) {
        // With a connection that hangs in the middle, not only one that cannot be opened.
        EXPECT_TRUE(known->find("a@example.org", "b@example.com"));
    }
    database().hang();
    const auto fresh = open();
    for (int i = 0; i < 2; ++i) {
        for (Whitelist* const list : {known.get(), fresh.get()}) {
            const auto begin = Clock::now();
            EXPECT_THROW(list->find("a@example.org", "b@example.com"), BackendError);
            EXPECT_LT(Clock::now() - begin, Whitelist::kDeadline);
        }
    }
    database().go_on();
    for (Whitelist* const list : {known.get(), fresh.get()}) {
        EXPECT_TRUE(comes_true([&] {
            try {
                return list->find("a@example.org", "b@example.com").has_value();
            } catch (const BackendError&) {
                return false;
            }
        }));
    }
}

TEST_P(WhitelistContract, ErrorsNeverHoldThePassword)
{
    if (GetParam() == sql::Engine::sqlite) {
        return; // it has none
    }
    std::string url = database().url();
    url.replace(url.find("qm:qm@"), 6, "qm:hidden%20word@");
    section_.set("whitelist_db_connection", url);
    try {
        open()->find("a@example.org", "b@example.com");
        ADD_FAILURE() << "a wrong password was taken";
    } catch (const BackendError& error) {
        EXPECT_EQ(std::string(error.what()).find("hidden"), std::string::npos) << error.what();
        EXPECT_NE(std::string(error.what()).find("qm@127.0.0.1"), std::string::npos) << error.what();
    }
}

TEST_P(WhitelistContract, RowsThatNeverMatchAreListedAndMended)
{
    make_ancestors_table();
    add_raw("a@example.org", "b@example.com");
    add_raw("Capital@Example.org", "b@example.com");
    add_raw("<x@example.org>", " y@example.com ");
    add_raw("example.org", "b@example.com");
    add_raw(sql::Value(), "b@example.com");
    add_raw("twice@example.org", "c@example.com");
    add_raw(" Twice@example.org", "c@example.com");
    const auto handled = rows();
    const std::vector<BadRow> bad = handled->bad_rows(100);
    ASSERT_EQ(bad.size(), 5U);
    EXPECT_EQ(handled->bad_rows(2).size(), 2U);
    EXPECT_EQ(bad[0].problem, "mailfrom has capital letters");
    EXPECT_EQ(handled->mend(bad[0]), Mended::changed);
    EXPECT_EQ(handled->mend(bad[0]), GetParam() == sql::Engine::mysql ? Mended::changed : Mended::untouched);
    EXPECT_EQ(handled->mend(bad[1]), Mended::changed);
    EXPECT_FALSE(bad[2].mendable);
    EXPECT_FALSE(bad[3].mendable);
    EXPECT_EQ(bad[3].problem, "mailfrom is NULL; an empty text is the wildcard");
    EXPECT_EQ(handled->mend(bad[3]), Mended::untouched);
    EXPECT_EQ(handled->mend(bad[4]), Mended::removed);
    EXPECT_EQ(handled->bad_rows(100).size(), 2U);
    const auto list = open();
    EXPECT_TRUE(list->find("capital@example.org", "b@example.com"));
    EXPECT_TRUE(list->find("x@example.org", "y@example.com"));
    EXPECT_TRUE(list->find("twice@example.org", "c@example.com"));
}

TEST_P(WhitelistContract, RowsAreAddedOnceInLowerCaseAndListedByPages)
{
    const auto handled = rows();
    const auto id = handled->add({0, " <Bob@Example.org> ", "", "", "", "a comment; '", true});
    ASSERT_TRUE(id);
    EXPECT_FALSE(handled->add({0, "bob@example.org", "", "", "", "", false}));
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(handled->add({0, "", "u" + std::to_string(i) + "@example.com", "", "", "", false}));
    }
    const auto all = handled->list({});
    ASSERT_EQ(all.size(), 6U);
    EXPECT_EQ(all[0].id, *id);
    EXPECT_EQ(all[0].mailfrom, "bob@example.org");
    EXPECT_EQ(all[0].comment, "a comment; '");
    EXPECT_TRUE(all[0].permanent);
    EXPECT_FALSE(all[1].permanent);
    EXPECT_FALSE(all[0].created.empty());
    EXPECT_EQ(handled->list({.mailfrom = {}, .recipient = {}, .behind = all[2].id, .limit = 2}).size(), 2U);
    EXPECT_EQ(handled->list({.mailfrom = {}, .recipient = "u3@example.com"}).size(), 1U);
    EXPECT_EQ(handled->list({.mailfrom = "", .recipient = {}}).size(), 5U);
    EXPECT_TRUE(handled->remove(*id));
    EXPECT_FALSE(handled->remove(*id));
    for (const std::string wrong : {"example.org", "a@", "a b", "\xff@example.org"}) {
        EXPECT_THROW(handled->add({0, wrong, "", "", "", "", false}), ConfigError) << wrong;
    }
    EXPECT_THROW(handled->add({0, "", "", "", "", "", false}), ConfigError) << "would exempt everybody";
}

} // namespace
} // namespace qm::whitelist
