// What the catalog promises about releases and deletions, for every database it runs on.
#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "contract/catalog_fixture.h"
#include "quarantine/error.h"

namespace qm::catalog {

static void PrintTo(NotBegun why, std::ostream* out)
{
    *out << static_cast<int>(why);
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kTo = "User@Example.net";

class CatalogReleases : public CatalogTest {
  protected:
    Beginning begin(const HeldId& id, bool again = false, const std::string& recipient = kTo)
    {
        return releases.begin(id, recipient, again, {"digest"}, clock.now() + std::chrono::hours(1));
    }

    void settle(const Release& release, DeliveryOutcome outcome, const std::string& reply)
    {
        releases.settle(release, {.outcome = outcome, .reply = reply}, {"digest"},
                        clock.now() + std::chrono::hours(1));
    }

    HeldId hold_in(RecipientState state, bool outcome_unknown = false)
    {
        HeldMail held = other_mail();
        held.recipients[0] = {.address = kTo,
                              .state = state,
                              .reply = "a reply",
                              .changed = {},
                              .outcome_unknown = outcome_unknown};
        catalog.adopt(held);
        return held.id;
    }

    bool is_own() { return !catalog.own_mail({"digest"}).recipients.empty(); }
};

} // namespace

TEST_P(CatalogReleases, ABeginningIsOnRecordBeforeTheFirstByteGoesOut)
{
    const HeldId id = hold(other_mail({"other@example.net", kTo}));
    clock.advance(std::chrono::minutes(1));
    const Beginning beginning = begin(id, false, "user@EXAMPLE.net");
    ASSERT_TRUE(beginning.release);
    EXPECT_EQ(beginning.release->message, id);
    EXPECT_EQ(beginning.release->recipient, kTo) << "as on record";
    EXPECT_EQ(beginning.recipient.state, RecipientState::held) << "as it was before";
    EXPECT_EQ(recipient(id, 1).state, RecipientState::releasing);
    EXPECT_EQ(recipient(id, 1).changed, clock.now());
    EXPECT_EQ(recipient(id, 0).state, RecipientState::held);
    EXPECT_EQ(catalog.own_mail({"digest"}).recipients.count("user@example.net"), 1U);
}

TEST_P(CatalogReleases, WhatIsNotOnRecordDoesNotBegin)
{
    const HeldId id = hold(other_mail());
    EXPECT_EQ(begin(HeldId(clock.now(), random_bytes(10))).why_not, NotBegun::unknown_message);
    for (const std::string& nobody : {std::string("other@example.net"), std::string(), std::string("%")}) {
        const Beginning beginning = begin(id, true, nobody);
        EXPECT_FALSE(beginning.release);
        EXPECT_EQ(beginning.why_not, NotBegun::unknown_recipient);
    }
    EXPECT_FALSE(is_own());
}

TEST_P(CatalogReleases, WhetherItBeginsDependsOnTheStateAndOnAgain)
{
    struct Case {
        RecipientState state;
        bool outcome_unknown;
        bool again;
        std::optional<NotBegun> why_not;
    };
    for (const Case& one : std::vector<Case>{
             {RecipientState::held, false, false, std::nullopt},
             {RecipientState::held, false, true, std::nullopt},
             {RecipientState::failed, false, false, std::nullopt},
             {RecipientState::failed, true, false, NotBegun::outcome_unknown},
             {RecipientState::failed, true, true, std::nullopt},
             {RecipientState::released, false, false, NotBegun::already_released},
             {RecipientState::released, false, true, std::nullopt},
             {RecipientState::copied, false, false, NotBegun::delivered_before},
             {RecipientState::copied, false, true, std::nullopt},
             {RecipientState::mta_hold, false, false, NotBegun::delivered_before},
             {RecipientState::mta_hold, false, true, std::nullopt},
             {RecipientState::deleted, false, false, NotBegun::deleted},
             {RecipientState::deleted, false, true, NotBegun::deleted},
         }) {
        const HeldId id = hold_in(one.state, one.outcome_unknown);
        const Beginning beginning = begin(id, one.again);
        const std::string which = std::string(to_string(one.state)) + (one.again ? " again" : "");
        EXPECT_EQ(beginning.release.has_value(), !one.why_not) << which;
        EXPECT_EQ(beginning.recipient.state, one.state) << which;
        EXPECT_EQ(beginning.recipient.reply, "a reply") << which;
        EXPECT_EQ(recipient(id).state, one.why_not ? one.state : RecipientState::releasing) << which;
        if (one.why_not) {
            EXPECT_EQ(beginning.why_not, *one.why_not) << which;
        }
    }
}

TEST_P(CatalogReleases, WithoutItsBytesNothingBegins)
{
    for (const RecipientState state :
         {RecipientState::held, RecipientState::copied, RecipientState::released}) {
        const HeldId id = hold_in(state);
        releases.mark_gone({id});
        const Beginning beginning = begin(id, true);
        EXPECT_FALSE(beginning.release);
        EXPECT_EQ(beginning.why_not, NotBegun::deleted);
        EXPECT_EQ(recipient(id).state, state);
    }
}

TEST_P(CatalogReleases, ASecondReleaseWaitsForTheFirst)
{
    const HeldId id = hold(other_mail());
    const Beginning first = begin(id);
    Releases others(catalog);
    for (const bool again : {false, true}) {
        EXPECT_EQ(begin(id, again).why_not, NotBegun::under_way);
        const Beginning other = others.begin(id, kTo, again, {}, clock.now());
        EXPECT_FALSE(other.release);
        EXPECT_EQ(other.why_not, NotBegun::under_way) << "everybody sees that we live";
    }
    EXPECT_THAT(others.resolve_left(), IsEmpty());
    settle(*first.release, DeliveryOutcome::deferred, "450 later");
    EXPECT_TRUE(begin(id).release);
}

TEST_P(CatalogReleases, OfManyAtOnceOneBegins)
{
    constexpr int kThreads = 8;
    Catalog other_catalog(url(), folder.path(), clock);
    Releases others(other_catalog);
    for (int round = 0; round < 5; ++round) {
        const HeldId id = hold(other_mail());
        std::atomic<int> begun{0};
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < kThreads; ++thread) {
            threads.emplace_back([&, thread] {
                Releases& ours = thread % 2 == 0 ? releases : others;
                const Beginning beginning = ours.begin(id, kTo, true, {"digest"}, clock.now());
                begun += beginning.release ? 1 : 0;
                if (!beginning.release) {
                    EXPECT_EQ(beginning.why_not, NotBegun::under_way);
                }
            });
        }
        threads.clear();
        EXPECT_EQ(begun.load(), 1);
    }
}

TEST_P(CatalogReleases, HowItEndedIsKept)
{
    struct Case {
        DeliveryOutcome outcome;
        RecipientState state;
        bool outcome_unknown;
    };
    for (const Case& one : std::vector<Case>{{DeliveryOutcome::delivered, RecipientState::released, false},
                                             {DeliveryOutcome::deferred, RecipientState::failed, false},
                                             {DeliveryOutcome::refused, RecipientState::failed, false},
                                             {DeliveryOutcome::unknown, RecipientState::failed, true}}) {
        const HeldId id = hold(other_mail({"other@example.net", kTo}));
        const Beginning beginning = begin(id);
        clock.advance(std::chrono::seconds(7));
        settle(*beginning.release, one.outcome, "an answer");
        const HeldRecipient settled = recipient(id, 1);
        EXPECT_EQ(settled.state, one.state);
        EXPECT_EQ(settled.outcome_unknown, one.outcome_unknown);
        EXPECT_EQ(settled.reply, "an answer");
        EXPECT_EQ(settled.changed, clock.now());
        EXPECT_EQ(recipient(id, 0).state, RecipientState::held);
    }
}

TEST_P(CatalogReleases, TheMailIsOursAsLongAsTheLastWordSays)
{
    const HeldId id = hold(other_mail());
    const auto in = [&](int hours) { return clock.now() + std::chrono::hours(hours); };
    releases.announce({"digest"}, kTo, in(5));
    const Beginning beginning = releases.begin(id, kTo, false, {"digest"}, in(1));
    clock.advance(std::chrono::hours(4));
    EXPECT_TRUE(is_own()) << "a beginning takes no time away from others";
    releases.settle(*beginning.release, {.outcome = DeliveryOutcome::delivered, .reply = {}}, {"digest"},
                    in(2));
    clock.advance(std::chrono::minutes(119));
    EXPECT_TRUE(is_own());
    clock.advance(std::chrono::minutes(2));
    EXPECT_FALSE(is_own());
}

TEST_P(CatalogReleases, SettlingAfterADeletionIsNoError)
{
    const HeldId id = hold(other_mail());
    const Beginning beginning = begin(id);
    catalog.forget(id);
    settle(*beginning.release, DeliveryOutcome::delivered, "250 ok");
    EXPECT_FALSE(catalog.load(id));
    EXPECT_TRUE(is_own());
}

TEST_P(CatalogReleases, ADeadProcessesReleaseHasAnUnknownOutcome)
{
    const HeldId left = hold_in(RecipientState::releasing);
    const HeldId ours = hold(other_mail());
    ASSERT_TRUE(begin(ours).release);
    const auto resolved = releases.resolve_left();
    ASSERT_EQ(resolved.size(), 1U);
    EXPECT_EQ(resolved[0].message, left);
    EXPECT_EQ(resolved[0].recipient, kTo);
    EXPECT_EQ(resolved[0].queue_id, "4XqR2b1tZ7z");
    EXPECT_EQ(resolved[0].quarantine, "spam");
    EXPECT_EQ(recipient(left).state, RecipientState::failed);
    EXPECT_TRUE(recipient(left).outcome_unknown);
    EXPECT_THAT(recipient(left).reply, testing::HasSubstr("ended before"));
    EXPECT_EQ(recipient(ours).state, RecipientState::releasing);
    EXPECT_THAT(releases.resolve_left(), IsEmpty());
}

TEST_P(CatalogReleases, ABeginningFindsOutAboutTheDeadByItself)
{
    const HeldId id = hold_in(RecipientState::releasing);
    const Beginning refused = begin(id);
    EXPECT_EQ(refused.why_not, NotBegun::outcome_unknown);
    EXPECT_EQ(recipient(id).state, RecipientState::failed) << "and it is written so";
    EXPECT_TRUE(recipient(id).outcome_unknown);
    const Beginning again = begin(id, true);
    ASSERT_TRUE(again.release);
    settle(*again.release, DeliveryOutcome::delivered, "250 ok");
    EXPECT_EQ(recipient(id).state, RecipientState::released);
    EXPECT_FALSE(recipient(id).outcome_unknown);
}

TEST_P(CatalogReleases, WhoWasTakenForDeadStillSaysHowItEnded)
{
    const HeldId id = hold(other_mail());
    const Beginning beginning = begin(id);
    execute("UPDATE held_recipient SET state = 'failed', outcome_unknown = 1, reply = 'left'");
    settle(*beginning.release, DeliveryOutcome::delivered, "250 ok");
    EXPECT_EQ(recipient(id).state, RecipientState::released);
    EXPECT_EQ(recipient(id).reply, "250 ok");
}

TEST_P(CatalogReleases, ALateWordDoesNotSettleWhatAnotherProcessHasBegunSince)
{
    const HeldId id = hold(other_mail());
    const Beginning first = begin(id);
    execute("UPDATE held_recipient SET state = 'failed', outcome_unknown = 1");
    Releases others(catalog);
    const Beginning second = others.begin(id, kTo, true, {}, clock.now());
    ASSERT_TRUE(second.release);
    settle(*first.release, DeliveryOutcome::refused, "550 no");
    EXPECT_EQ(recipient(id).state, RecipientState::releasing);
    others.settle(*second.release, {.outcome = DeliveryOutcome::delivered, .reply = "250 ok"}, {},
                  clock.now());
    EXPECT_EQ(recipient(id).reply, "250 ok");
}

TEST_P(CatalogReleases, DeletingTakesAllThatAreNotReleasedAndTheirNotices)
{
    HeldMail held = other_mail({"a@example.net", "b@example.net", "c@example.net", "d@example.net"});
    held.recipients[1].state = RecipientState::released;
    held.recipients[2].state = RecipientState::deleted;
    const HeldId id = hold(held, {"a@example.net", "d@example.net"});
    ASSERT_TRUE(begin(id, false, "d@example.net").release);
    clock.advance(std::chrono::seconds(5));
    const auto deletion = releases.mark_deleted(id, "");
    ASSERT_TRUE(deletion);
    EXPECT_THAT(deletion->deleted, ElementsAre("a@example.net"));
    EXPECT_THAT(deletion->releasing, ElementsAre("d@example.net"));
    EXPECT_THAT(deletion->untouched, ElementsAre("b@example.net", "c@example.net"));
    EXPECT_FALSE(deletion->bytes_useless) << "they are being sent";
    EXPECT_EQ(recipient(id, 0).state, RecipientState::deleted);
    EXPECT_EQ(recipient(id, 0).changed, clock.now());
    EXPECT_EQ(recipient(id, 3).state, RecipientState::releasing);
    const auto notices = search.notices_of(id);
    EXPECT_EQ(notices.at(0).state, "expired");
    EXPECT_EQ(notices.at(0).reply, "the message was deleted");
    EXPECT_EQ(notices.at(1).state, "due");
}

TEST_P(CatalogReleases, TheBytesAreUselessWhenTheLastOneIsDeletedOrReleased)
{
    const HeldId id = hold(other_mail({"a@example.net", "b@example.net"}));
    const auto first = releases.mark_deleted(id, "A@Example.net");
    ASSERT_TRUE(first);
    EXPECT_THAT(first->deleted, ElementsAre("a@example.net"));
    EXPECT_FALSE(first->bytes_useless);
    EXPECT_EQ(recipient(id, 1).state, RecipientState::held);
    settle(*begin(id, false, "b@example.net").release, DeliveryOutcome::delivered, "250 ok");
    const auto second = releases.mark_deleted(id, "b@example.net");
    ASSERT_TRUE(second);
    EXPECT_THAT(second->deleted, IsEmpty());
    EXPECT_THAT(second->untouched, ElementsAre("b@example.net"));
    EXPECT_TRUE(second->bytes_useless);
    EXPECT_EQ(recipient(id, 1).state, RecipientState::released);
}

TEST_P(CatalogReleases, WhatADeadProcessLeftCanBeDeleted)
{
    const HeldId id = hold_in(RecipientState::releasing);
    const auto deletion = releases.mark_deleted(id, "");
    ASSERT_TRUE(deletion);
    EXPECT_THAT(deletion->deleted, ElementsAre(kTo));
    EXPECT_TRUE(deletion->bytes_useless);
}

TEST_P(CatalogReleases, DeletingWhatIsNotOnRecordFindsNothing)
{
    const HeldId id = hold(other_mail());
    EXPECT_FALSE(releases.mark_deleted(HeldId(clock.now(), random_bytes(10)), ""));
    EXPECT_FALSE(releases.mark_deleted(id, "other@example.net"));
    EXPECT_EQ(recipient(id).state, RecipientState::held);
}

TEST_P(CatalogReleases, ANoticeOnItsWayIsNotSentAgainForADeletedMessage)
{
    const HeldId id = hold(other_mail(), {kTo});
    const auto due = outbox.claim(1, std::chrono::minutes(1));
    ASSERT_EQ(due.size(), 1U);
    releases.mark_deleted(id, "");
    outbox.try_again(due[0], "450 later", clock.now());
    EXPECT_TRUE(outbox.claim(1, std::chrono::minutes(1)).empty());
    EXPECT_EQ(search.notices_of(id).at(0).state, "expired");
    EXPECT_FALSE(outbox.has_open_notices(id));
}

TEST_P(CatalogReleases, WhenTheBytesAreLostThoseWhoWaitedForThemAreToldSo)
{
    std::vector<HeldId> lost;
    for (const RecipientState state : recipient_states()) {
        lost.push_back(hold_in(state));
    }
    releases.mark_gone(lost, "the store has lost it");
    for (std::size_t i = 0; i < lost.size(); ++i) {
        const RecipientState before = recipient_states()[i];
        const bool waited = before == RecipientState::held || before == RecipientState::failed ||
                            before == RecipientState::copied;
        EXPECT_TRUE(catalog.load(lost[i])->gone);
        EXPECT_EQ(recipient(lost[i]).state, waited ? RecipientState::deleted : before);
        EXPECT_EQ(recipient(lost[i]).reply, waited ? "the store has lost it" : "a reply");
    }
}

TEST_P(CatalogReleases, WhoWaitedForLostBytesWaitsAgainWhenTheyAreBack)
{
    HeldMail held = other_mail({"a@example.net", "b@example.net", "c@example.net"});
    held.recipients[2].state = RecipientState::released;
    const HeldId id = hold(held);
    releases.mark_deleted(id, "b@example.net");
    EXPECT_FALSE(releases.put_back(id, "lost", RecipientState::held)) << "they were there";
    releases.mark_gone({id}, "lost");
    EXPECT_FALSE(releases.put_back(id, "another reason", RecipientState::held));
    EXPECT_TRUE(catalog.load(id)->gone);
    EXPECT_TRUE(releases.put_back(id, "lost", RecipientState::copied));
    EXPECT_FALSE(catalog.load(id)->gone);
    EXPECT_EQ(recipient(id, 0).state, RecipientState::copied);
    EXPECT_EQ(recipient(id, 0).reply, "");
    EXPECT_EQ(recipient(id, 1).state, RecipientState::deleted) << "by somebody";
    EXPECT_EQ(recipient(id, 2).state, RecipientState::released);
    EXPECT_FALSE(releases.put_back(id, "lost", RecipientState::held));
    EXPECT_FALSE(releases.put_back(HeldId(clock.now(), random_bytes(10)), "lost", RecipientState::held));
}

TEST_P(CatalogReleases, NobodyIsToldOfAMessageThatWasReleased)
{
    const HeldId id = hold(other_mail({kTo, "other@example.net"}), {kTo, "other@example.net"});
    settle(*begin(id).release, DeliveryOutcome::refused, "550 no");
    EXPECT_EQ(search.notices_of(id).at(0).state, "due");
    settle(*begin(id).release, DeliveryOutcome::delivered, "250 ok");
    EXPECT_EQ(search.notices_of(id).at(0).state, "expired");
    EXPECT_EQ(search.notices_of(id).at(0).reply, "the message was released");
    EXPECT_EQ(search.notices_of(id).at(1).state, "due");
}

TEST_P(CatalogReleases, ManyMessagesAreMarkedGone)
{
    std::vector<HeldId> all;
    for (int i = 0; i < 1203; ++i) {
        all.push_back(other_mail().id);
    }
    all.push_back(hold(other_mail()));
    releases.mark_gone(all);
    EXPECT_TRUE(catalog.load(all.back())->gone);
    EXPECT_EQ(recipient(all.back()).state, RecipientState::held);
}

TEST_P(CatalogReleases, AReminderIsDueAtOnce)
{
    const HeldId id = hold(other_mail());
    const std::int64_t number = releases.remind(id, kTo, "admin@example.net");
    const auto due = outbox.claim(10, std::chrono::minutes(1));
    ASSERT_EQ(due.size(), 1U);
    EXPECT_EQ(due[0].number, number);
    EXPECT_EQ(due[0].recipient, kTo);
    EXPECT_EQ(due[0].send_to, "admin@example.net");
    EXPECT_THROW(releases.remind(HeldId(clock.now(), random_bytes(10)), kTo, kTo), BackendError);
}

INSTANTIATE_TEST_SUITE_P(Engines, CatalogReleases, catalog_engines(), test::DatabaseTest::engine_name);

} // namespace qm::catalog
