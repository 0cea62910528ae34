// What the catalog promises, for every database it runs on.
#include <atomic>
#include <functional>
#include <thread>

#include "catalog/schema.h"
#include "contract/catalog_fixture.h"
#include "mail/address.h"
#include "quarantine/error.h"

namespace qm::catalog {
namespace {

class CatalogContract : public CatalogTest {
  protected:
    /// One notice is due.
    void hold_and_tell() { record(mail({"a@example.net"}), {"a@example.net"}); }

    static ComposedNotice composed(const std::string& recipient)
    {
        return {.envelope_from = {},
                .recipient = recipient,
                .message_id = "<1@example.net>",
                .bytes = {},
                .digest = "d",
                .trouble = {}};
    }

    Search search{catalog};
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

TEST_P(CatalogContract, AnEnvelopeThatIsNoTextIsOnRecordAndNobodyElses)
{
    const std::vector<std::string> raw{"A\xff@example.net", "a\xfe@example.net", "b@example.net"};
    const auto shown = [&](const std::string& text) { return sql::as_stored(GetParam(), text); };
    const auto offer = [&](const std::vector<std::string>& recipients) {
        HeldMail held = mail(recipients);
        held.envelope.sender = "s\xC3@example.org";
        held.envelope.queue_id = "4X\x80";
        held.envelope.client = {.address = "192.0.2.1\xff", .name = "mx\xE9.example.org", .user = "u\xff"};
        held.groups = {{"", "a\xff"}, {"name\xff", "\xC3"}};
        return held;
    };
    const HeldMail held = offer(raw);
    const Recorded recorded = record(held, raw);
    EXPECT_EQ(recorded.fresh, raw);
    const auto loaded = catalog.load(held.id);
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->envelope.sender, shown("s\xC3@example.org"));
    EXPECT_EQ(loaded->envelope.queue_id, shown("4X\x80"));
    EXPECT_EQ(loaded->envelope.client.address, shown("192.0.2.1\xff"));
    EXPECT_EQ(loaded->envelope.client.name, shown("mx\xE9.example.org"));
    EXPECT_EQ(loaded->envelope.client.user, shown("u\xff"));
    const MatchGroups groups{{"", "a\uFFFD"}, {"name\uFFFD", "\uFFFD"}};
    EXPECT_EQ(loaded->groups, groups);
    ASSERT_EQ(loaded->recipients.size(), 3U);
    for (std::size_t i = 0; i < raw.size(); ++i) {
        EXPECT_EQ(loaded->recipients.at(i).address, shown(raw.at(i)));
    }

    EXPECT_FALSE(mail::is_sendable(loaded->envelope.sender));
    EXPECT_FALSE(mail::is_sendable(loaded->recipients.at(0).address));
    EXPECT_TRUE(mail::is_sendable(loaded->recipients.at(2).address));

    const auto due = outbox.claim(10, std::chrono::minutes(1));
    ASSERT_EQ(due.size(), 3U);
    EXPECT_EQ(due.at(1).recipient, shown(raw.at(1)));

    const auto found = [&](const std::string& sender, const std::string& recipient) {
        HeldFilter filter;
        filter.sender = sender;
        filter.recipient = recipient;
        return search.find(filter).size();
    };
    EXPECT_EQ(found("@example.org", "@example.net"), 1U);
    if (GetParam() != sql::Engine::sqlite) { // in words that can be typed
        EXPECT_EQ(found("s\uFFFDc3@example.org", "a\uFFFDff@example.net"), 1U);
        EXPECT_EQ(found("", "a\uFFFDfd@example.net"), 0U);
    }

    EXPECT_TRUE(record(offer({"a\xff@EXAMPLE.net", "a\xfe@example.net"})).known);
    EXPECT_EQ(record(offer({"a\xff@example.net", "a\xfd@example.net"})).fresh,
              std::vector<std::string>{"a\xfd@example.net"});
    EXPECT_TRUE(catalog.adopt(offer(raw)));

    const auto deletion = releases.mark_deleted(held.id, loaded->recipients.at(1).address);
    ASSERT_TRUE(deletion);
    EXPECT_EQ(deletion->deleted, std::vector<std::string>{shown(raw.at(1))});
    EXPECT_EQ(recipient(held.id, 0).state, RecipientState::held);
    EXPECT_EQ(search.notices_of(held.id).at(1).state, "expired");
    EXPECT_EQ(search.notices_of(held.id).at(0).state, "due");
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

TEST_P(CatalogContract, AMessageThatIsOnRecordItselfIsNotAnEarlierOne)
{
    const HeldMail held = mail({"a@example.net", "b@example.net"});
    ASSERT_TRUE(catalog.adopt(held));
    const Recorded recorded = record(held, {"a@example.net"});
    EXPECT_TRUE(recorded.is_itself);
    EXPECT_FALSE(recorded.known);
    EXPECT_EQ(recorded.id, held.id);
    EXPECT_TRUE(recorded.before.empty());
    EXPECT_TRUE(outbox.claim(10, std::chrono::minutes(1)).empty());
    clock.advance(std::chrono::hours(24 * 6));
    EXPECT_TRUE(record(held).is_itself) << "however long ago";
    EXPECT_EQ(catalog.load(held.id)->recipients.size(), 2U);
}

TEST_P(CatalogContract, WhoIsOnRecordUnderAnIdIsNotRecordedAnewUnderIt)
{
    HeldMail held = mail({"a@example.net", "b@example.net"});
    record(held);
    held.recipients = {{.address = "B@Example.net"}, {.address = "c@example.net"}};
    catalog.record_anew({.mail = held, .tell = notices_to({"B@Example.net", "c@example.net"})});
    ASSERT_EQ(catalog.load(held.id)->recipients.size(), 3U);
    EXPECT_EQ(recipient(held.id, 2).address, "c@example.net");
    EXPECT_EQ(outbox.claim(10, std::chrono::minutes(1)).size(), 1U);
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

TEST_P(CatalogContract, ANoticeKnowsAboutWhomItIsAndWhoGetsIt)
{
    catalog.record({{.mail = mail({"a@example.net", "b@example.net"}),
                     .tell = {{.recipient = "a@example.net", .send_to = "a@example.net"},
                              {.recipient = "a@example.net", .send_to = "admin@example.net"},
                              {.recipient = "nobody@example.net", .send_to = "admin@example.net"}}}},
                   clock.now());
    const auto due = outbox.claim(10, std::chrono::minutes(1));
    ASSERT_EQ(due.size(), 2U);
    EXPECT_EQ(due[0].send_to, "a@example.net");
    EXPECT_EQ(due[1].recipient, "a@example.net");
    EXPECT_EQ(due[1].send_to, "admin@example.net");
    EXPECT_TRUE(outbox.announce(due[1], composed("Admin@example.net"), clock.now() + std::chrono::hours(1),
                                std::chrono::minutes(1)));
    EXPECT_EQ(catalog.own_mail({"d"}).recipients, (std::set<std::string, std::less<>>{"admin@example.net"}));
}

TEST_P(CatalogContract, ANoticeIsSentByWhoeverHasItNow)
{
    hold_and_tell();
    Outbox other(catalog, "other node");
    const auto first = outbox.claim(10, std::chrono::minutes(1)).at(0);
    const auto announce = [&](Outbox& by, const DueNotice& notice) {
        return by.announce(notice, composed("a@example.net"), clock.now() + std::chrono::hours(1),
                           std::chrono::minutes(15));
    };
    clock.advance(std::chrono::minutes(2));
    EXPECT_FALSE(announce(outbox, first)) << "its claim is over, whoever wants it may have it";
    const auto second = other.claim(10, std::chrono::minutes(1)).at(0);
    EXPECT_FALSE(announce(outbox, first));
    ASSERT_TRUE(announce(other, second));

    outbox.try_again(first, "late", clock.now());
    outbox.refused(first, "late");
    outbox.expired(first, "late");
    outbox.let_go(first);
    clock.advance(std::chrono::minutes(14));
    EXPECT_TRUE(outbox.claim(10, std::chrono::minutes(1)).empty()) << "it is being sent by the other one";
    other.sent(second, "250 ok");
    outbox.refused(second, "late");
    EXPECT_EQ(search.notices_of(second.message).at(0).state, "sent");
}

TEST_P(CatalogContract, ThatANoticeMayHaveBeenSentIsRemembered)
{
    hold_and_tell();
    Outbox other(catalog, "other node");
    const auto first = outbox.claim(10, std::chrono::minutes(1)).at(0);
    EXPECT_FALSE(first.maybe_sent);
    ASSERT_TRUE(outbox.announce(first, composed("a@example.net"), clock.now(), std::chrono::minutes(15)));
    clock.advance(std::chrono::minutes(16));
    const auto second = other.claim(10, std::chrono::minutes(1)).at(0);
    EXPECT_TRUE(second.maybe_sent);
    other.try_again(second, "451 later", clock.now());
    EXPECT_FALSE(other.claim(10, std::chrono::minutes(1)).at(0).maybe_sent) << "its outcome is on record";
    outbox.sent(first, "250 ok");
    EXPECT_EQ(search.notices_of(first.message).at(0).state, "sent") << "whoever sent it";
}

TEST_P(CatalogContract, OwnMailIsRecognisedByAnyOfItsDigestsWhileItsTimeLasts)
{
    releases.announce({"d1", "d2"}, "A@example.net", clock.now() + std::chrono::hours(1));
    releases.announce({"d2"}, "b@example.net", clock.now() + std::chrono::hours(2));
    const OwnMail own = catalog.own_mail({"d3", "d1", "d2"});
    EXPECT_EQ(own.recipients, (std::set<std::string, std::less<>>{"a@example.net", "b@example.net"}));
    EXPECT_FALSE(own.is_notice);
    EXPECT_TRUE(catalog.own_mail({"d3"}).recipients.empty());
    EXPECT_TRUE(catalog.own_mail({}).recipients.empty());
    clock.advance(std::chrono::minutes(90));
    EXPECT_EQ(catalog.own_mail({"d1", "d2"}).recipients.size(), 1U);
}

TEST_P(CatalogContract, WhatWasHeldElsewhereIsTakenUpAsItIsAndOnce)
{
    HeldMail held = mail({"A@example.net", "b@example.net", "a@EXAMPLE.net"});
    held.id = HeldId(clock.now() - std::chrono::hours(24 * 100), random_bytes(10));
    held.received = held.id.time();
    held.recipients[0].state = RecipientState::released;
    held.recipients[0].reply = "250 taken";
    held.recipients[0].changed = held.received + std::chrono::hours(1);
    held.recipients[1].state = RecipientState::failed;
    held.recipients[1].outcome_unknown = true;
    EXPECT_TRUE(catalog.adopt(held));
    const auto loaded = catalog.load(held.id);
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->received, held.received);
    ASSERT_EQ(loaded->recipients.size(), 2U) << "one recipient in two spellings is one recipient";
    EXPECT_EQ(loaded->recipients[0].state, RecipientState::released);
    EXPECT_EQ(loaded->recipients[0].reply, "250 taken");
    EXPECT_EQ(loaded->recipients[0].changed, held.recipients[0].changed);
    EXPECT_TRUE(loaded->recipients[1].outcome_unknown);
    EXPECT_EQ(loaded->recipients[1].changed, held.received);
    EXPECT_TRUE(search.notices_of(held.id).empty());

    held.recipients[0].state = RecipientState::held;
    EXPECT_FALSE(catalog.adopt(held));
    EXPECT_EQ(recipient(held.id).state, RecipientState::released);
}

TEST_P(CatalogContract, AMailIsKnownAlsoWhenItsBytesAreGone)
{
    const HeldId first = hold(mail());
    releases.mark_deleted(first, "");
    releases.mark_gone({first});
    EXPECT_TRUE(catalog.load(first)->gone);
    EXPECT_TRUE(catalog.load(first)->stored);
    const Recorded again = record(mail());
    EXPECT_TRUE(again.known);
    EXPECT_EQ(again.id, first);
    ASSERT_EQ(again.before.size(), 1U);
    EXPECT_FALSE(again.before.front().bytes_awaited);
}

TEST_P(CatalogContract, AMailIsNotKnownWhenItsMessageIsAboutToBeForgotten)
{
    const HeldId first = hold(mail());
    ASSERT_EQ(retention.close({{.id = first}}).size(), 1U);
    EXPECT_FALSE(record(mail()).known) << "it would go with the first one";
    EXPECT_EQ(search.find({}).size(), 2U);
}

TEST_P(CatalogContract, OnlyACurrentCatalogIsTakenForOne)
{
    catalog.expect_current();
    execute("DELETE FROM qm_schema WHERE version = :1", {kSchemaVersion});
    EXPECT_THROW(catalog.expect_current(), BackendError);
    execute("INSERT INTO qm_schema (version) VALUES (:1)", {kSchemaVersion + 1});
    EXPECT_THROW(catalog.expect_current(), BackendError);
    execute("DROP TABLE qm_schema");
    EXPECT_THROW(catalog.expect_current(), BackendError);
    EXPECT_EQ(count("held_message"), 0) << "nothing was made anew";
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

INSTANTIATE_TEST_SUITE_P(Engines, CatalogContract, catalog_engines(), test::DatabaseTest::engine_name);

} // namespace qm::catalog
