// A catalog that an older program wrote is brought up to date, whole.
#include <array>

#include <gmock/gmock.h>

#include "catalog/schema.h"
#include "contract/catalog_fixture.h"

namespace qm::catalog {
namespace {

using testing::ElementsAre;

/// Version 1, as it was released. {auto} is the engine's automatic integer key.
constexpr std::array kVersion1{
    "CREATE TABLE qm_schema (version BIGINT NOT NULL)",
    "INSERT INTO qm_schema (version) VALUES (1)",
    "CREATE TABLE held_message (id VARCHAR(26) NOT NULL PRIMARY KEY, quarantine VARCHAR(255) NOT NULL,"
    " received BIGINT NOT NULL, sender TEXT NOT NULL, queue_id TEXT NOT NULL, client_address TEXT NOT NULL,"
    " client_name TEXT NOT NULL, client_user TEXT NOT NULL, subject TEXT NOT NULL, header_from TEXT NOT NULL,"
    " header_date TEXT NOT NULL, why TEXT NOT NULL, match_groups TEXT NOT NULL, size BIGINT NOT NULL,"
    " digest CHAR(64) NOT NULL, action VARCHAR(16) NOT NULL, notes TEXT NOT NULL, stored BIGINT NOT NULL)",
    "CREATE INDEX held_message_received ON held_message (received)",
    "CREATE INDEX held_message_quarantine ON held_message (quarantine, received)",
    "CREATE INDEX held_message_digest ON held_message (digest)",
    "CREATE TABLE held_recipient (message VARCHAR(26) NOT NULL REFERENCES held_message (id) ON DELETE "
    "CASCADE,"
    " position BIGINT NOT NULL, address TEXT NOT NULL, address_key TEXT NOT NULL, state VARCHAR(16) NOT NULL,"
    " reply TEXT NOT NULL, changed BIGINT NOT NULL, PRIMARY KEY (message, position))",
    "CREATE INDEX held_recipient_address ON held_recipient (address_key, message)",
    "CREATE INDEX held_recipient_state ON held_recipient (state, message)",
    "CREATE TABLE notice (number {auto}, message VARCHAR(26) NOT NULL REFERENCES held_message (id) ON DELETE"
    " CASCADE, recipient TEXT NOT NULL, state VARCHAR(16) NOT NULL, attempts BIGINT NOT NULL, created BIGINT "
    "NOT"
    " NULL, next_attempt BIGINT NOT NULL, claimed_by TEXT NOT NULL, claimed_until BIGINT NOT NULL,"
    " message_id TEXT NOT NULL, reply TEXT NOT NULL)",
    "CREATE INDEX notice_state ON notice (state, next_attempt)",
    "CREATE INDEX notice_message ON notice (message)",
    "CREATE TABLE own_mail (digest CHAR(64) NOT NULL, recipient_key TEXT NOT NULL, kind VARCHAR(16) NOT NULL,"
    " until BIGINT NOT NULL, PRIMARY KEY (digest, recipient_key))",
    "CREATE INDEX own_mail_until ON own_mail (until)",
};

/// More than a migration takes in one batch.
constexpr int kMessages = 1300;

class CatalogMigration : public test::DatabaseTest {
  protected:
    /// A database as version 1 left it: message i came from sender i, to a@ and b@, with a notice to a@.
    std::string version1()
    {
        std::string url = "sqlite:///" + (folder / "catalog.db");
        if (GetParam() == sql::Engine::postgresql) {
            url = database().url();
            sql::Connection connection = database().connect();
            for (const char* const table :
                 {"notice", "held_recipient", "held_message", "own_mail", "qm_schema"}) {
                connection.execute(std::string("DROP TABLE IF EXISTS ") + table);
            }
        }
        sql::Connection connection(sql::parse_target(url, "/"), test::Database::options());
        sql::Transaction transaction(connection);
        for (std::string statement : kVersion1) {
            if (const auto place = statement.find("{auto}"); place != std::string::npos) {
                statement.replace(place, 6,
                                  connection.engine() == sql::Engine::sqlite
                                      ? "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT"
                                      : "BIGSERIAL NOT NULL PRIMARY KEY");
            }
            connection.execute(statement);
        }
        for (int i = 0; i < kMessages; ++i) {
            fill(connection, i);
        }
        connection.execute("INSERT INTO own_mail VALUES ('d', 'a@example.net', 'notice', :1)",
                           {to_column(clock.now() + std::chrono::hours(1))});
        transaction.commit();
        return url;
    }

    void fill(sql::Connection& connection, int i)
    {
        clock.advance(std::chrono::seconds(1));
        ids.emplace_back(clock.now(), random_bytes(10));
        const std::string id = ids.back().str();
        connection.execute(
            "INSERT INTO held_message VALUES (:1, :2, :3, :4, 'Q', '192.0.2.1', 'n', '', 'Grüße', 'f', 'd',"
            " 'why', '[[\"n\",\"v\"]]', 17, :5, 'DISCARD', 'notes', 1)",
            {id, std::string(i % 2 == 0 ? "spam" : "virus"), to_column(clock.now()),
             i == 0 ? std::string() : "Sender" + std::to_string(i) + "@Example.org.", std::string(64, 'a')});
        for (const char* const name : {"A", "\"b\""}) {
            connection.execute("INSERT INTO held_recipient VALUES (:1, :2, :3, :4, :5, 'r', :6)",
                               {id, std::int64_t{*name == 'A' ? 0 : 1}, name + std::string("@Example.net"),
                                std::string(*name == 'A' ? "a" : "b") + "@example.net",
                                std::string(*name == 'A' ? "held" : "released"), to_column(clock.now())});
        }
        connection.execute("INSERT INTO notice (message, recipient, state, attempts, created, next_attempt,"
                           " claimed_by, claimed_until, message_id, reply)"
                           " VALUES (:1, 'A@Example.net', 'due', 2, 5, 6, '', 0, 'm', 'r')",
                           {id});
    }

    test::TempDir folder;
    test::FakeClock clock;
    std::vector<HeldId> ids;
    Catalog catalog{version1(), folder.path(), clock};
};

} // namespace

TEST_P(CatalogMigration, EveryRowIsThereAndIsFound)
{
    catalog.open();
    Search search(catalog);
    const auto only = [&](auto change) {
        HeldFilter filter;
        filter.limit = 1000;
        change(filter);
        std::vector<HeldId> found;
        for (const HeldMail& mail : search.find(filter)) {
            found.push_back(mail.id);
        }
        return found;
    };
    EXPECT_THAT(only([](HeldFilter& f) { f.sender = "sender1299@example.org"; }), ElementsAre(ids.at(1299)));
    EXPECT_THAT(only([](HeldFilter& f) { f.sender = "<>"; }), ElementsAre(ids.at(0)));
    EXPECT_EQ(only([](HeldFilter& f) { f.quarantine = "virus"; }).size(), kMessages / 2);
    EXPECT_EQ(only([](HeldFilter& f) { f.sender = "@example.org", f.quarantine = "virus"; }).size(), 650U);
    EXPECT_EQ(only([](HeldFilter& f) { f.recipient = "@example.net", f.quarantine = "spam"; }).size(), 650U);
    EXPECT_EQ(only([](HeldFilter& f) {
                  f.recipient = "b@example.net", f.quarantine = "spam", f.state = RecipientState::released;
              }).size(),
              650U);
    EXPECT_TRUE(
        only([](HeldFilter& f) { f.recipient = "b@example.net", f.state = RecipientState::held; }).empty());

    const auto mail = catalog.load(ids.at(7));
    ASSERT_TRUE(mail);
    EXPECT_EQ(mail->envelope.sender, "Sender7@Example.org.");
    EXPECT_EQ(mail->subject, "Grüße");
    EXPECT_EQ(mail->groups, (MatchGroups{{"n", "v"}}));
    EXPECT_TRUE(mail->stored);
    EXPECT_FALSE(mail->gone);
    ASSERT_EQ(mail->recipients.size(), 2U);
    EXPECT_EQ(mail->recipients[1].address, "\"b\"@Example.net");
    EXPECT_EQ(mail->recipients[1].state, RecipientState::released);
    EXPECT_EQ(mail->recipients[1].changed, mail->received);
    EXPECT_FALSE(mail->recipients[1].outcome_unknown);
}

TEST_P(CatalogMigration, WhatWasBegunGoesOn)
{
    catalog.open();
    Outbox outbox(catalog, "test");
    const auto due = outbox.claim(5000, std::chrono::minutes(1));
    ASSERT_EQ(due.size(), static_cast<std::size_t>(kMessages));
    EXPECT_EQ(due[0].recipient, "A@Example.net");
    EXPECT_EQ(due[0].send_to, "A@Example.net");
    EXPECT_EQ(due[0].attempts, 2);
    EXPECT_EQ(catalog.own_mail({"d"}).recipients.size(), 1U);
    Releases releases(catalog);
    EXPECT_TRUE(releases.begin(ids.at(3), "a@example.net", false, {}, clock.now()).release);
    Retention retention(catalog);
    EXPECT_EQ(retention.oldest("spam", std::nullopt, {}, 5000).size(), 650U);
    EXPECT_EQ(Search(catalog).sizes().size(), 2U);
}

TEST_P(CatalogMigration, ItHappensOnceAndAllOrNothing)
{
    // An index of that name makes the last step fail.
    sql::Connection connection(sql::parse_target(catalog.readers().target().engine == sql::Engine::sqlite
                                                     ? "sqlite:///" + (folder / "catalog.db")
                                                     : database().url(),
                                                 "/"),
                               test::Database::options());
    const auto version = [&] {
        return sql::integer_of(
            connection.query("SELECT max(version) FROM qm_schema", {sql::Kind::integer}).at(0).at(0));
    };
    connection.execute("CREATE INDEX held_recipient_domains ON held_recipient (address)");
    EXPECT_ANY_THROW(catalog.open());
    EXPECT_EQ(version(), 1);
    EXPECT_ANY_THROW(connection.query("SELECT gone FROM held_message", {sql::Kind::integer}));
    connection.execute("DROP INDEX held_recipient_domains");
    catalog.open();
    EXPECT_EQ(version(), kSchemaVersion);
    catalog.open();
    EXPECT_EQ(Search(catalog).count_states().size(), 4U);
}

INSTANTIATE_TEST_SUITE_P(Engines, CatalogMigration, catalog_engines(), test::DatabaseTest::engine_name);

} // namespace qm::catalog
