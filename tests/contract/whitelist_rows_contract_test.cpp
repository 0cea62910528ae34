// What the rows of every whitelist promise to an administrator (quarantine/whitelist.h), for each engine.
#include "contract/whitelist_fixture.h"

#include <gmock/gmock.h>

namespace qm::whitelist {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class WhitelistRowsContract : public WhitelistContract {};

INSTANTIATE_TEST_SUITE_P(Db, WhitelistRowsContract, test::every_engine(), test::DatabaseTest::engine_name);

TEST_P(WhitelistRowsContract, RowsThatNeverMatchAreListedAndMended)
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

TEST_P(WhitelistRowsContract, RowsAreAddedOnceInLowerCaseAndListedByPages)
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

WhitelistRow row_of(const std::string& mailfrom, const std::string& recipient)
{
    return {.id = 0,
            .mailfrom = mailfrom,
            .recipient = recipient,
            .created = "",
            .last_used = "",
            .comment = "",
            .permanent = false};
}

std::vector<std::string> texts(const std::vector<WhitelistRow>& rows)
{
    std::vector<std::string> all;
    all.reserve(rows.size());
    for (const WhitelistRow& row : rows) {
        all.push_back(row.mailfrom + "|" + row.recipient);
    }
    return all;
}

TEST_P(WhitelistRowsContract, AsWrittenIsWhatAddWrites)
{
    const auto handled = rows();
    for (const auto& [mailfrom, recipient] :
         {std::pair{" <Bob+Tag@Example.org> ", ""}, std::pair{"@Example.ORG", "\"Two Words\"@Example.com"},
          std::pair{"O'Brien@example.org", "u@MÜLLER.example"}, std::pair{"", "@müller.example。"},
          std::pair{"Jörg@Straße.example", ""}}) {
        const WhitelistRow written = handled->as_written(row_of(mailfrom, recipient));
        ASSERT_TRUE(handled->add(row_of(mailfrom, recipient))) << mailfrom;
        const WhitelistRow kept = handled->list({}).back();
        EXPECT_EQ(kept.mailfrom, written.mailfrom);
        EXPECT_EQ(kept.recipient, written.recipient);
        EXPECT_FALSE(handled->add(written)) << "there is one already";
    }
    EXPECT_THAT(texts(handled->list({})),
                ElementsAre("bob+tag@example.org|", "@example.org|\"two words\"@example.com",
                            "o'brien@example.org|u@xn--mller-kva.example", "|@xn--mller-kva.example",
                            "jörg@xn--strae-oqa.example|"));
    EXPECT_THAT(handled->bad_rows(10), IsEmpty());
    const auto list = open();
    EXPECT_TRUE(list->find("bob+tag@example.org", "x@y"));
    EXPECT_TRUE(list->find("x@example.org", "\"two words\"@example.com"));
    EXPECT_TRUE(list->find("o'brien@example.org", "u@müller.example"));
    EXPECT_FALSE(list->find("obrien@example.org", "u@mu.example"));
}

TEST_P(WhitelistRowsContract, WhatIsNoSideIsRefusedBeforeItIsAsked)
{
    const auto handled = rows();
    const std::string long_domain = "a@" + std::string(254, '\xC3');
    const std::string long_name = std::string(300, 'x') + "@example.org";
    for (const std::string wrong : {"example.org",
                                    "a@",
                                    "@",
                                    "@@x",
                                    "<>",
                                    "< >",
                                    "a b",
                                    "a b@example.org",
                                    "<a@example.org",
                                    "a@example.org>",
                                    "a@example.org,b@example.org",
                                    "a,b@example.org",
                                    "a;b@example.org",
                                    "a@example.org b@example.org",
                                    "a@example.org\nb@example.org",
                                    "*@example.org",
                                    "a@*.example.org",
                                    "a@-",
                                    "a@-x.example",
                                    "a@x-.example",
                                    "a@x..example",
                                    "a@.",
                                    "a@[]",
                                    "a\x1b[31m@example.org",
                                    "\"open@example.org",
                                    "a@exa mple.org",
                                    "\xff@example.org",
                                    "a@x\uFF20trusted.example",
                                    "a@m\u00FCller..example",
                                    "a@\u2764.example",
                                    "a@xn--m\u00FCller example",
                                    long_domain.c_str(),
                                    long_name.c_str()}) {
        EXPECT_THROW(handled->as_written(row_of(wrong, "b@example.com")), ConfigError) << wrong;
        EXPECT_THROW(handled->as_written(row_of("b@example.com", wrong)), ConfigError) << wrong;
        EXPECT_THROW(handled->add(row_of(wrong, "b@example.com")), ConfigError) << wrong;
        EXPECT_THROW(handled->covering(row_of(wrong, "b@example.com")), ConfigError) << wrong;
    }
    EXPECT_THROW(handled->as_written(row_of("", "")), ConfigError);
    WhitelistRow chatty = row_of("a@example.org", "");
    chatty.comment = std::string(5000, 'x');
    EXPECT_THROW(handled->as_written(chatty), ConfigError);
    EXPECT_THAT(handled->list({}), IsEmpty());
}

TEST_P(WhitelistRowsContract, OddAddressesThatMailMayHaveCanBeTyped)
{
    const auto handled = rows();
    const auto list = open();
    for (const std::string address :
         {"o'brien@example.org", "bob+tag@example.org", "\"two words\"@example.org", "\"a@b,c\"@example.org",
          "\"a\\\"b\"@example.org", "100%@example.org", "a_b@example.org", "a..b@example.org",
          "j\u00F6rg@example.org", "\U0001F4E7@example.org", "a@localhost", "a@x_y.example",
          "a@xn--mller-kva.example", "a@[192.0.2.1]", "a@[ipv6:2001:db8::1]", "**@example.org",
          "bounce=a=b@example.org", "$&!#/?^`{|}~@example.org"}) {
        EXPECT_EQ(handled->as_written(row_of(address, "")).mailfrom, address);
        ASSERT_TRUE(handled->add(row_of(address, ""))) << address;
        EXPECT_TRUE(list->find(address, "b@example.com")) << address;
    }
    EXPECT_EQ(handled->as_written(row_of("<<Bob@Example.org.>>", "")).mailfrom, "bob@example.org");
}

TEST_P(WhitelistRowsContract, CoveringRowsAreTheSameOrWiderOnBothSides)
{
    const auto handled = rows();
    for (const auto& [mailfrom, recipient] :
         {std::pair{"a@example.org", "b@example.com"}, std::pair{"a@example.org", "@example.com"},
          std::pair{"a@example.org", ""}, std::pair{"@example.org", "b@example.com"},
          std::pair{"@example.org", ""}, std::pair{"", "b@example.com"}, std::pair{"", "@example.com"},
          std::pair{"c@example.org", "b@example.com"}, std::pair{"@sub.example.org", ""}}) {
        ASSERT_TRUE(handled->add(row_of(mailfrom, recipient)));
    }
    EXPECT_THAT(texts(handled->covering(row_of("A@Example.org", "<b@example.com>"))),
                ElementsAre("a@example.org|b@example.com", "a@example.org|@example.com", "a@example.org|",
                            "@example.org|b@example.com", "@example.org|", "|b@example.com",
                            "|@example.com"));
    EXPECT_THAT(
        texts(handled->covering(row_of("@example.org", "b@example.com"))),
        ElementsAre("@example.org|b@example.com", "@example.org|", "|b@example.com", "|@example.com"));
    EXPECT_THAT(texts(handled->covering(row_of("", "b@example.com"))),
                ElementsAre("|b@example.com", "|@example.com"));
    EXPECT_THAT(texts(handled->covering(row_of("@example.org", ""))), ElementsAre("@example.org|"));
    EXPECT_THAT(texts(handled->covering(row_of("", "@example.com"))), ElementsAre("|@example.com"));
    EXPECT_THAT(handled->covering(row_of("z@example.net", "y@example.net")), IsEmpty());
    EXPECT_THAT(handled->covering(row_of("x@sub.example.org", "@example.net")).size(), 1U);
}

TEST_P(WhitelistRowsContract, CoveringComparesAsTheLookupDoes)
{
    rows();
    add_raw("@müller.example", "");
    add_raw("", "b@müller.example");
    add_raw("bob@example.org", "");
    add_raw("a_b@example.org", "");
    add_raw(sql::Value("résumé@example.org"), "");
    const auto handled = rows();
    EXPECT_THAT(texts(handled->covering(row_of("x@xn--mller-kva.example", "b@MÜLLER.example"))),
                ElementsAre("@müller.example|", "|b@müller.example"));
    EXPECT_THAT(texts(handled->covering(row_of("\"Bob\"@example.org", "x@y"))),
                ElementsAre("bob@example.org|"));
    EXPECT_THAT(handled->covering(row_of("axb@example.org", "x@y")), IsEmpty());
    EXPECT_THAT(handled->covering(row_of("a%@example.org", "x@y")), IsEmpty());
    EXPECT_THAT(handled->covering(row_of("resume@example.org", "x@y")), IsEmpty()) << "accents count";
    EXPECT_FALSE(handled->add(row_of("@xn--mller-kva.example", ""))) << "there in another spelling";
    EXPECT_FALSE(handled->add(row_of("@müller.example", "")));
}

TEST_P(WhitelistRowsContract, OneWhoAsksForARowFindsItInEverySpelling)
{
    rows();
    add("bob@müller.example", "");
    add_raw("@straße.example", "");
    add_raw("Capital@Example.org", "");
    const auto handled = rows();
    const auto count = [&](const std::string& mailfrom) {
        return handled->list({.mailfrom = mailfrom, .recipient = {}}).size();
    };
    for (const std::string mailfrom :
         {"bob@müller.example", "Bob@MÜLLER.example", "<bob@xn--mller-kva.example>", "@straße.example",
          "@xn--strae-oqa.example", "Capital@Example.org"}) {
        EXPECT_EQ(count(mailfrom), 1U) << mailfrom;
    }
    for (const std::string mailfrom : {"@müller.example", "ob@müller.example", "%", "' OR ''='"}) {
        EXPECT_EQ(count(mailfrom), 0U) << mailfrom;
    }
}

TEST_P(WhitelistRowsContract, AnInternationalDomainThatNoLookupUsesIsABadRow)
{
    rows();
    add_raw("bob@mÜller.example", "");
    add_raw("@müller.example", "");
    add_raw("@xn--mller-kva.example", "");
    add_raw("x@❤.example", "");
    const auto handled = rows();
    const std::vector<BadRow> bad = handled->bad_rows(10);
    ASSERT_EQ(bad.size(), 1U);
    EXPECT_EQ(bad[0].problem, "mailfrom has an international domain in a spelling that no lookup uses");
    EXPECT_NE(open()->find("bob@mÜller.example", "x@y")->row, bad[0].row.id) << "nor by chance";
    EXPECT_EQ(handled->mend(bad[0]), Mended::changed);
    EXPECT_EQ(open()->find("bob@müller.example", "x@y")->row, bad[0].row.id);
    EXPECT_EQ(open()->find("bob@mÜller.example", "x@y")->row, bad[0].row.id);
    EXPECT_THAT(handled->bad_rows(10), IsEmpty());
}

TEST_P(WhitelistRowsContract, ExpireRemovesWhatWasNotUsedSince)
{
    make_ancestors_table();
    const sql::Value none;
    add_raw("old@example.org", "2020-01-01 00:00:00", "2020-01-01 00:00:00", false);
    add_raw("permanent@example.org", "2020-01-01 00:00:00", "2020-01-01 00:00:00", true);
    add_raw("used@example.org", "2020-01-01 00:00:00", "2024-05-06 07:08:09", false);
    add_raw("just-before@example.org", "2020-01-01 00:00:00", "2024-05-06 07:08:08", false);
    add_raw("never-used-old@example.org", "2020-01-01 00:00:00", none, false);
    add_raw("never-used-new@example.org", "2024-06-01 00:00:00", none, false);
    add_raw("never-used-permanent@example.org", "2020-01-01 00:00:00", none, true);
    add_raw("no-time-at-all@example.org", none, none, false);
    add_raw("fraction-old@example.org", "2020-01-01 00:00:00.000001", "2024-05-06 07:08:08.999999", false);
    add_raw("fraction-new@example.org", "2020-01-01 00:00:00.000001", "2024-05-06 07:08:09.000001", false);
    const auto moment = std::chrono::sys_days(std::chrono::year(2024) / 5 / 6) + std::chrono::hours(7) +
                        std::chrono::minutes(8) + seconds(9);
    const auto handled = rows();
    EXPECT_EQ(handled->expire(moment, true), 4);
    EXPECT_EQ(handled->list({}).size(), 10U) << "a dry run removes nothing";
    EXPECT_EQ(handled->expire(moment, false), 4);
    EXPECT_THAT(texts(handled->list({})),
                ElementsAre("permanent@example.org|", "used@example.org|", "never-used-new@example.org|",
                            "never-used-permanent@example.org|", "no-time-at-all@example.org|",
                            "fraction-new@example.org|"));
    EXPECT_EQ(handled->expire(moment, true), 0);
    EXPECT_EQ(handled->expire(moment, false), 0);
}

TEST_P(WhitelistRowsContract, ExpireWorksThroughThousandsOfRows)
{
    const auto handled = rows();
    {
        sql::Connection connection = database().connect();
        sql::Transaction transaction(connection);
        const std::string flag = GetParam() == sql::Engine::postgresql ? "true" : "1";
        const std::string no_flag = GetParam() == sql::Engine::postgresql ? "false" : "0";
        for (int i = 0; i < 3000; ++i) {
            // Every third stays.
            connection.execute("INSERT INTO " + table_ +
                                   " (mailfrom, recipient, created, last_used, comment, permanent) VALUES "
                                   "(:1, '', '2020-01-01 00:00:00', '2020-01-01 00:00:00', '', " +
                                   (i % 3 == 0 ? flag : no_flag) + ")",
                               {"u" + std::to_string(i) + "@example.org"});
        }
        transaction.commit();
    }
    const auto moment = std::chrono::sys_days(std::chrono::year(2024) / 1 / 1);
    EXPECT_EQ(handled->expire(moment, true), 2000);
    EXPECT_EQ(handled->expire(moment, false), 2000);
    EXPECT_EQ(handled->list({.mailfrom = {}, .recipient = {}, .behind = 0, .limit = 1000}).size(), 1000U);
}

TEST_P(WhitelistRowsContract, ExpireKeepsARowOfOursThatWasJustUsed)
{
    const auto handled = rows();
    const std::int64_t id = add("a@example.org", "");
    set_last_used(id, "2020-01-01 00:00:00");
    const auto list = open();
    ASSERT_TRUE(list->find("a@example.org", "b@example.com"));
    EXPECT_TRUE(comes_true([&] { return !last_used(id).starts_with("2020"); }));
    const auto now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
    EXPECT_EQ(handled->expire(now - std::chrono::hours(24), false), 0);
    EXPECT_EQ(handled->expire(now + std::chrono::hours(24), false), 1);
}

TEST_P(WhitelistRowsContract, RowsOutliveTheWhitelistThatOpenedThem)
{
    auto list = open();
    const auto handled = list->rows();
    list.reset();
    EXPECT_TRUE(handled->add(row_of("a@example.org", "")));
    EXPECT_EQ(handled->list({}).size(), 1U);
}

} // namespace
} // namespace qm::whitelist
