// What every whitelist promises (quarantine/whitelist.h), for each engine behind the row DB.
#include "contract/whitelist_fixture.h"

namespace qm::whitelist {
namespace {

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

TEST_P(WhitelistContract, ManyRecipientsHearWhatEachHearsAlone)
{
    rows();
    for (int i = 0; i < 150; i += 3) {
        add_raw("", "user" + std::to_string(i) + "@example.com");
        add_raw("a@example.org", "user" + std::to_string(i + 1) + "@example.com");
    }
    add_raw("@example.org", "@example.net");
    add_raw("a@example.org", "b@xn--mller-kva.example");
    add_raw("", "c@m\u00FCller.example");
    std::vector<std::string> addresses{"", "@", "B@M\u00DCLLER.example", "c@xn--mller-kva.example", "\xFF@x"};
    for (int i = 0; i < 300; ++i) {
        addresses.push_back("User" + std::to_string(i % 160) +
                            (i % 4 == 0   ? "@example.net"
                             : i % 4 == 1 ? "@domain" + std::to_string(i) + ".example"
                                          : "@Example.com"));
    }
    const std::vector<std::string_view> recipients(addresses.begin(), addresses.end());
    const auto list = open();
    for (const std::string_view sender : {"a@example.org", "other@example.org", "z@example.com", ""}) {
        for (const std::size_t count : {0UL, 1UL, 2UL, 60UL, recipients.size()}) {
            const auto answers = list->find_all(sender, std::span(recipients).first(count));
            ASSERT_EQ(answers.size(), count);
            for (std::size_t i = 0; i < count; ++i) {
                const auto alone = list->find(sender, recipients[i]);
                ASSERT_EQ(answers[i].has_value(), alone.has_value()) << sender << " " << recipients[i];
                EXPECT_TRUE(!alone || answers[i]->row == alone->row) << sender << " " << recipients[i];
            }
        }
    }
}

TEST_P(WhitelistContract, ARowThatIsThereAThousandTimesHidesNobodysOwn)
{
    const std::string id = GetParam() == sql::Engine::sqlite ? "INTEGER NOT NULL PRIMARY KEY"
                           : GetParam() == sql::Engine::postgresql
                               ? "SERIAL NOT NULL PRIMARY KEY"
                               : "INTEGER AUTO_INCREMENT NOT NULL PRIMARY KEY";
    sql::Connection connection = database().connect();
    connection.execute("CREATE TABLE " + table_ + " (id " + id +
                       ", mailfrom VARCHAR(255), recipient VARCHAR(255), last_used TIMESTAMP NULL)");
    for (int i = 0; i < 1000; ++i) {
        connection.execute("INSERT INTO " + table_ +
                           " (mailfrom, recipient) VALUES ('', 'often@example.com')");
    }
    connection.execute("INSERT INTO " + table_ + " (mailfrom, recipient) VALUES ('', 'once@example.com')");
    const std::vector<std::string_view> recipients{"nobody@example.com", "often@example.com",
                                                   "once@example.com", "once@example.com"};
    const auto answers = open()->find_all("a@example.org", recipients, Use::look);
    ASSERT_EQ(answers.size(), 4U);
    EXPECT_FALSE(answers[0]);
    EXPECT_TRUE(answers[1]);
    ASSERT_TRUE(answers[2]);
    ASSERT_TRUE(answers[3]);
    EXPECT_EQ(answers[2]->recipient, "once@example.com");
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
    rows();
    for (const std::string& address : odd) {
        add_raw(address, address);
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

TEST_P(WhitelistContract, WhatIsNoTextIsKeptAsTheEngineCan)
{
    open()->rows();
    for (const std::string& text :
         {std::string("a\xff@b"), std::string("a\xfe@b"), std::string("\xC3 \xE2\x82"),
          std::string("a\0b", 3), std::string("gr\u00FC\u00DFe \U0001F600")}) {
        add_raw(text, "b@example.com");
    }
    sql::Connection connection = database().connect();
    for (const std::string& text :
         {std::string("a\xff@b"), std::string("a\xfe@b"), std::string("\xC3 \xE2\x82"),
          std::string("a\0b", 3), std::string("gr\u00FC\u00DFe \U0001F600")}) {
        const auto found = connection.query("SELECT mailfrom FROM " + table_ + " WHERE mailfrom = :1",
                                            {sql::Kind::text}, {text});
        ASSERT_EQ(found.size(), 1U) << text;
        EXPECT_EQ(sql::text_of(found.at(0).at(0)), sql::as_stored(GetParam(), text));
    }
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

TEST_P(WhitelistContract, ALookThatFindsNoTableMakesNoneAndFindsNoRow)
{
    const auto list = open();
    EXPECT_FALSE(list->find("a@example.org", "b@example.com", Use::look));
    sql::Connection connection = database().connect();
    EXPECT_THROW(connection.query("SELECT id FROM " + table_, {sql::Kind::integer}), BackendError);
    add("a@example.org", "b@example.com");
    EXPECT_TRUE(list->find("a@example.org", "b@example.com", Use::look));
    connection.execute("DROP TABLE " + table_);
    EXPECT_FALSE(list->find("a@example.org", "b@example.com", Use::look));
    EXPECT_THROW(connection.query("SELECT id FROM " + table_, {sql::Kind::integer}), BackendError);
}

TEST_P(WhitelistContract, ALookFindsTheSameRowsAndMarksNone)
{
    const auto list = open();
    const std::int64_t id = add("a@example.org", "b@example.com");
    const std::int64_t other = add("z@example.org", "b@example.com");
    add("", "b@example.com");
    const std::string old = "2020-01-01 00:00:00";
    set_last_used(id, old);
    set_last_used(other, old);
    const auto looked = list->find("a@example.org", "b@example.com", Use::look);
    ASSERT_TRUE(looked);
    EXPECT_EQ(looked->row, id);
    EXPECT_EQ(looked->mailfrom, "a@example.org");
    EXPECT_EQ(looked->recipient, "b@example.com");
    EXPECT_FALSE(list->find("a@example.org", "c@example.com", Use::look));
    // Rows are marked in the order of their use: when the second is, the first would have been.
    ASSERT_TRUE(list->find("z@example.org", "b@example.com"));
    EXPECT_TRUE(comes_true([&] { return !last_used(other).starts_with(old); }));
    EXPECT_TRUE(last_used(id).starts_with(old)) << last_used(id);
}

TEST_P(WhitelistContract, ALookAtADatabaseThatIsAwayIsAnErrorInTime)
{
    if (GetParam() == sql::Engine::sqlite) {
        return; // a file that is not there is an empty list
    }
    const auto list = open();
    add("a@example.org", "b@example.com");
    EXPECT_TRUE(list->find("a@example.org", "b@example.com", Use::look));
    database().go_away();
    const auto begin = Clock::now();
    EXPECT_THROW(list->find("a@example.org", "b@example.com", Use::look), BackendError);
    EXPECT_LT(Clock::now() - begin, Whitelist::kDeadline);
    database().come_back();
}

TEST_P(WhitelistContract, ATypedInternationalDomainMatchesInEverySpellingOfMail)
{
    const auto list = open();
    add("Bob@MÜLLER.example", "@Straße.example");
    for (const std::string sender :
         {"bob@müller.example", "BOB@MÜLLER.EXAMPLE", "bob@xn--mller-kva.example",
          "bob@XN--MLLER-KVA.Example", "bob@müller.example", "bob@müller.example.", "bob@müller。example",
          "\"bob\"@müller.example", "prvs=1234abcdef=bob@müller.example",
          "SRS0=HHHH=TT=müller.example=bob@forwarder.example"}) {
        for (const std::string recipient : {"anna@straße.example", "anna@xn--strae-oqa.example"}) {
            const auto match = list->find(sender, recipient);
            ASSERT_TRUE(match) << sender << " " << recipient;
            EXPECT_EQ(match->mailfrom, "bob@xn--mller-kva.example");
            EXPECT_EQ(match->recipient, "@xn--strae-oqa.example");
        }
        EXPECT_FALSE(list->find(sender, "anna@strasse.example")) << "another domain since IDNA 2008";
    }
    EXPECT_FALSE(list->find("bob@muller.example", "anna@straße.example"));
}

TEST_P(WhitelistContract, ARowWithAnInternationalDomainAsPeopleWriteItIsFound)
{
    rows();
    add_raw("@müller.example", "");
    add_raw("", "böb@müller.example");
    const auto list = open();
    for (const std::string domain : {"müller.example", "MÜLLER.example", "xn--mller-kva.example"}) {
        EXPECT_TRUE(list->find("a@" + domain, "c@example.com")) << domain;
        EXPECT_TRUE(list->find("a@example.org", "böb@" + domain)) << domain;
        EXPECT_FALSE(list->find("a@example.org", "bob@" + domain)) << domain;
    }
}

TEST_P(WhitelistContract, NoInternationalSpellingBringsASignIntoADomain)
{
    // Compatibility forms of @ and . become the plain signs when a domain is mapped.
    const auto list = open();
    add("@trusted.example", "b@example.com");
    for (const std::string sender :
         {"x@evil.example＠trusted.example", "x@＠trusted.example", "x@a＠trusted.example.",
          "\"x＠trusted.example\"@evil.example", "x＠trusted.example", "x@evil.example。＠trusted.example"}) {
        EXPECT_FALSE(list->find(sender, "b@example.com")) << sender;
    }
    EXPECT_TRUE(list->find("x@trusted.example", "b@example.com"));
}

TEST_P(WhitelistContract, ItsPlaceIsShownWithoutThePassword)
{
    const auto list = open();
    EXPECT_TRUE(list->shown().ends_with(", table " + table_)) << list->shown();
    EXPECT_EQ(list->shown(), open()->shown());
    if (GetParam() != sql::Engine::sqlite) {
        std::string url = database().url();
        url.replace(url.find("qm:qm@"), 6, "qm:hidden@");
        section_.set("whitelist_db_connection", url);
        EXPECT_EQ(open()->shown(), list->shown()) << "another password is no other place";
    }
    section_.set("whitelist_db_table", "other");
    EXPECT_NE(open()->shown(), list->shown());
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
    const std::string old = "2020-01-01 00:00:00";
    const auto id = add("a@example.org", "b@example.com");
    set_last_used(id, old);
    EXPECT_TRUE(list->find("a@example.org", "b@example.com"));
    // The mark of this lookup uses the same connections: written later, it would notice that nobody is there.
    EXPECT_TRUE(comes_true([&] { return !last_used(id).starts_with(old); }));
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

} // namespace
} // namespace qm::whitelist
