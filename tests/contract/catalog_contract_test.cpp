// What the catalog promises, for every database it runs on.
#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include "base/random.h"
#include "catalog/outbox.h"
#include "catalog/schema.h"
#include "contract/database_fixture.h"
#include "quarantine/error.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"

namespace qm::catalog {
namespace {

class CatalogContract : public test::DatabaseTest {
  protected:
    CatalogContract() { catalog.open(); }

    /// An empty catalog for each test.
    std::string fresh_url()
    {
        if (GetParam() == sql::Engine::sqlite) {
            return "sqlite:///" + (folder / "catalog.db");
        }
        sql::Connection connection = database().connect();
        for (const char* const table :
             {"notice", "held_recipient", "held_message", "own_mail", "qm_schema"}) {
            connection.execute(std::string("DROP TABLE IF EXISTS ") + table);
        }
        return database().url();
    }

    HeldMail mail(const std::vector<std::string>& recipients = {"User@Example.net"})
    {
        HeldMail held;
        held.id = HeldId(clock.now(), random_bytes(10));
        held.quarantine = "spam";
        held.received = clock.now();
        held.envelope.sender = "o'brien@example.org";
        held.envelope.queue_id = "4XqR2b1tZ7z";
        held.envelope.client = {.address = "2001:db8::1", .name = "mx.example.org", .user = "u"};
        for (const std::string& recipient : recipients) {
            held.recipients.push_back({.address = recipient, .state = RecipientState::held, .reply = {}});
        }
        held.subject = "Grüße; DROP TABLE held_message; --";
        held.header_from = "Anna <anna@example.org>";
        held.why = "X-Spam-Flag: YES";
        held.groups = {{"", "a"}, {"name", "\"b\"\\"}, {"", ""}};
        held.size = 5'000'000'000;
        held.digest = std::string(64, 'a');
        held.action = "DISCARD";
        held.stored = true;
        return held;
    }

    Recorded record(const HeldMail& held, std::vector<std::string> tell = {})
    {
        return catalog
            .record({{.mail = held, .tell = std::move(tell)}}, clock.now() - std::chrono::hours(24 * 5))
            .at(0);
    }

    test::TempDir folder;
    test::FakeClock clock;
    Catalog catalog{fresh_url(), folder.path(), clock};
    Outbox outbox{catalog, "test"};
};

} // namespace

TEST_P(CatalogContract, WhatWasRecordedIsLoadedWhole)
{
    const HeldMail held = mail({"User@Example.net", "\"odd local\"@example.net"});
    const Recorded recorded = record(held);
    EXPECT_FALSE(recorded.known);
    EXPECT_EQ(recorded.fresh.size(), 2U);
    const auto loaded = catalog.load(held.id);
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->quarantine, held.quarantine);
    EXPECT_EQ(loaded->received, held.received);
    EXPECT_EQ(loaded->envelope.sender, held.envelope.sender);
    EXPECT_EQ(loaded->envelope.client.address, held.envelope.client.address);
    EXPECT_EQ(loaded->subject, held.subject);
    EXPECT_EQ(loaded->groups, held.groups);
    EXPECT_EQ(loaded->size, held.size);
    EXPECT_EQ(loaded->digest, held.digest);
    EXPECT_TRUE(loaded->stored);
    ASSERT_EQ(loaded->recipients.size(), 2U);
    EXPECT_EQ(loaded->recipients[1].address, "\"odd local\"@example.net");
    EXPECT_FALSE(catalog.load(HeldId(clock.now(), random_bytes(10))));
}

TEST_P(CatalogContract, TheSameMailIsKnownWithinItsWindowOnly)
{
    const HeldMail first = mail();
    record(first);
    HeldMail again = mail({"user@example.NET"});
    const Recorded recorded = record(again, {"user@example.NET"});
    EXPECT_TRUE(recorded.known);
    EXPECT_EQ(recorded.id, first.id);
    EXPECT_TRUE(outbox.claim(10, std::chrono::minutes(1)).empty());

    for (const auto& change : std::vector<std::function<void(HeldMail&)>>{
             [](HeldMail& held) { held.digest = std::string(64, 'b'); },
             [](HeldMail& held) { held.quarantine = "virus"; },
             [](HeldMail& held) { held.envelope.sender = "other@example.org"; },
             [](HeldMail& held) { held.recipients[0].address = "other@example.net"; }}) {
        HeldMail other = mail();
        change(other);
        EXPECT_FALSE(record(other).known);
    }
    clock.advance(std::chrono::hours(24 * 6));
    EXPECT_FALSE(record(mail()).known);
}

TEST_P(CatalogContract, OnlyRecipientsNotOnRecordAreAddedAndTold)
{
    record(mail({"a@example.net", "b@example.net"}));
    const Recorded recorded =
        record(mail({"b@example.net", "c@example.net"}), {"b@example.net", "c@example.net"});
    EXPECT_FALSE(recorded.known);
    EXPECT_EQ(recorded.fresh, std::vector<std::string>{"c@example.net"});
    const auto due = outbox.claim(10, std::chrono::minutes(1));
    ASSERT_EQ(due.size(), 1U);
    EXPECT_EQ(due[0].recipient, "c@example.net");
}

TEST_P(CatalogContract, TheMessagesOfOneMailAreRecordedAllOrNone)
{
    HeldMail good = mail();
    HeldMail doubled = mail();
    doubled.id = good.id; // violates the key
    doubled.quarantine = "virus";
    EXPECT_THROW(catalog.record({{.mail = good, .tell = {}}, {.mail = doubled, .tell = {}}}, Time{}),
                 BackendError);
    EXPECT_FALSE(catalog.load(good.id));
}

TEST_P(CatalogContract, AFailingJobTakesNoOtherWithIt)
{
    constexpr int kThreads = 8;
    std::atomic<int> failed{0};
    std::vector<HeldId> good(kThreads);
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
            for (int i = 0; i < 20; ++i) {
                HeldMail held = mail();
                held.digest = held.id.str() + std::string(38, 'x');
                record(held);
                good.at(static_cast<std::size_t>(thread)) = held.id;
                try {
                    record(held); // the digest is known: no error
                    held.digest = std::string(64, 'c');
                    held.envelope.sender = held.id.str();
                    record(held); // the id is taken: an error of this job only
                    ADD_FAILURE() << "a doubled id was recorded";
                } catch (const BackendError&) {
                    failed.fetch_add(1);
                }
            }
        });
    }
    threads.clear();
    EXPECT_EQ(failed.load(), kThreads * 20);
    for (const HeldId& id : good) {
        EXPECT_TRUE(catalog.load(id));
    }
}

TEST_P(CatalogContract, ForgettingTakesRecipientsAndNoticesAlong)
{
    const HeldMail held = mail();
    record(held, {"User@Example.net"});
    catalog.forget(held.id);
    EXPECT_FALSE(catalog.load(held.id));
    EXPECT_TRUE(outbox.claim(10, std::chrono::minutes(1)).empty());
    EXPECT_FALSE(record(held).known);
}

TEST_P(CatalogContract, AClaimIsOneClaimantsUntilItEnds)
{
    record(mail(), {"User@Example.net"});
    Outbox other(catalog, "other");
    const auto due = outbox.claim(10, std::chrono::minutes(1));
    ASSERT_EQ(due.size(), 1U);
    EXPECT_TRUE(other.claim(10, std::chrono::minutes(1)).empty());
    clock.advance(std::chrono::minutes(2));
    EXPECT_EQ(other.claim(10, std::chrono::minutes(1)).size(), 1U);
}

TEST_P(CatalogContract, ClaimsGoOldestFirstAndNoFurtherThanTheLimit)
{
    for (const char* const name : {"a", "b", "c"}) {
        HeldMail held = mail({std::string(name) + "@example.net"});
        record(held, {std::string(name) + "@example.net"});
        clock.advance(std::chrono::seconds(1));
    }
    const auto due = outbox.claim(2, std::chrono::minutes(1));
    ASSERT_EQ(due.size(), 2U);
    EXPECT_EQ(due[0].recipient, "a@example.net");
    EXPECT_EQ(due[1].recipient, "b@example.net");
    EXPECT_EQ(outbox.state().due, 3);
    outbox.sent(due[0], "250 ok");
    outbox.refused(due[1], "550 no");
    const OutboxState state = outbox.state();
    EXPECT_EQ(state.due, 1);
    EXPECT_EQ(state.refused, 1);
    EXPECT_FALSE(outbox.has_open_notices(due[0].message));
}

TEST_P(CatalogContract, ACatalogOfANewerProgramIsRefusedWithASentence)
{
    catalog.writer().run([](sql::Connection& database) {
        database.execute("INSERT INTO qm_schema (version) VALUES (:1)", {kSchemaVersion + 1});
    });
    try {
        catalog.open();
        FAIL();
    } catch (const BackendError& error) {
        EXPECT_NE(std::string(error.what()).find("newer version"), std::string::npos);
    }
}

TEST_P(CatalogContract, OpeningTwiceChangesNothing)
{
    const HeldMail held = mail();
    record(held);
    catalog.open();
    EXPECT_TRUE(catalog.load(held.id));
}

INSTANTIATE_TEST_SUITE_P(Engines, CatalogContract,
                         testing::Values(sql::Engine::sqlite, sql::Engine::postgresql),
                         test::DatabaseTest::engine_name);

} // namespace qm::catalog
