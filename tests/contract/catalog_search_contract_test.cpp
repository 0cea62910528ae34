// What a search in the catalog promises, for every database it runs on.
#include <algorithm>

#include <gmock/gmock.h>

#include "bench/sample.h"
#include "bench/searches.h"
#include "contract/catalog_fixture.h"
#include "quarantine/error.h"

namespace qm::catalog {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CatalogSearch : public CatalogTest {
  protected:
    std::vector<HeldId> find(const HeldFilter& filter)
    {
        std::vector<HeldId> ids;
        std::ranges::transform(search.find(filter), std::back_inserter(ids), &HeldMail::id);
        return ids;
    }

    std::vector<HeldId> from(const std::string& sender)
    {
        HeldFilter filter;
        filter.sender = sender;
        return find(filter);
    }

    std::vector<HeldId> to(const std::string& recipient, std::optional<RecipientState> state = std::nullopt)
    {
        HeldFilter filter;
        filter.recipient = recipient;
        filter.state = state;
        return find(filter);
    }

    HeldId hold_from(const std::string& sender,
                     const std::vector<std::string>& recipients = {"u@example.net"})
    {
        clock.advance(std::chrono::seconds(1));
        HeldMail held = other_mail(recipients);
        held.envelope.sender = sender;
        return hold(held);
    }
};

} // namespace

TEST_P(CatalogSearch, WithoutAFilterEverythingIsFoundNewestFirstAndWhole)
{
    EXPECT_THAT(find({}), IsEmpty());
    const HeldId first = hold_from("a@example.org");
    const HeldId second = hold_from("b@example.org", {"x@example.net", "y@example.net"});
    EXPECT_THAT(find({}), ElementsAre(second, first));
    const HeldMail whole = search.find({}).front();
    EXPECT_EQ(whole.envelope.sender, "b@example.org");
    EXPECT_EQ(whole.subject, "Grüße; DROP TABLE held_message; --");
    ASSERT_EQ(whole.recipients.size(), 2U);
    EXPECT_EQ(whole.recipients[1].address, "y@example.net");
    EXPECT_EQ(whole.recipients[1].changed, whole.received);
}

TEST_P(CatalogSearch, ASenderIsFoundByAddressInAnyCaseByItsDomainAloneOrAsTheNullSender)
{
    const HeldId anna = hold_from("Anna@Example.org");
    const HeldId below = hold_from("anna@sub.example.org");
    const HeldId null = hold_from("");
    const HeldId odd = hold_from("\"two words\"@example.org");
    EXPECT_THAT(from("ANNA@example.ORG"), ElementsAre(anna));
    EXPECT_THAT(from("<anna@example.org>"), ElementsAre(anna));
    EXPECT_THAT(from("@Example.ORG"), ElementsAre(odd, anna));
    EXPECT_THAT(from("@example.org."), ElementsAre(odd, anna));
    EXPECT_THAT(from("@sub.example.org"), ElementsAre(below));
    EXPECT_THAT(from("<>"), ElementsAre(null));
    EXPECT_THAT(from("\"two words\"@example.org"), ElementsAre(odd));
    EXPECT_THAT(from("a%@example.org"), IsEmpty());
    EXPECT_THAT(from("'or''='@example.org"), IsEmpty());
}

TEST_P(CatalogSearch, ARecipientAndAStateAreOneAndTheSameRecipient)
{
    HeldMail held = other_mail({"A@example.net", "b@example.net", "c@other.example"});
    held.recipients[1].state = RecipientState::deleted;
    const HeldId id = hold(held);
    EXPECT_THAT(to("a@Example.net"), ElementsAre(id));
    EXPECT_THAT(to("a@example.net", RecipientState::held), ElementsAre(id));
    EXPECT_THAT(to("a@example.net", RecipientState::deleted), IsEmpty());
    EXPECT_THAT(to("@example.net", RecipientState::deleted), ElementsAre(id));
    EXPECT_THAT(to("@other.example", RecipientState::deleted), IsEmpty());
    HeldFilter by_state;
    by_state.state = RecipientState::deleted;
    EXPECT_THAT(find(by_state), ElementsAre(id));
    by_state.state = RecipientState::failed;
    EXPECT_THAT(find(by_state), IsEmpty());
}

TEST_P(CatalogSearch, AMessageIsFoundOnceHoweverManyOfItsRecipientsFit)
{
    std::vector<std::string> many;
    for (int i = 0; i < 60; ++i) {
        many.push_back("u" + std::to_string(i) + "@example.net");
    }
    const HeldId first = hold_from("a@example.org", many);
    const HeldId second = hold_from("a@example.org", many);
    HeldFilter filter;
    filter.recipient = "@example.net";
    filter.limit = 2;
    EXPECT_THAT(find(filter), ElementsAre(second, first));
    filter.sender = "@example.org";
    EXPECT_THAT(find(filter), ElementsAre(second, first));
}

TEST_P(CatalogSearch, PagesFollowEachOtherWithoutGapOrDoubling)
{
    std::vector<HeldId> all;
    for (int i = 0; i < 25; ++i) {
        // Several in one millisecond.
        const HeldMail held = other_mail({i % 2 == 0 ? "a@example.net" : "b@example.net"});
        all.push_back(hold(held));
        clock.advance(std::chrono::microseconds(400));
    }
    std::ranges::sort(all, std::greater<>(), &HeldId::str);
    for (const char* const recipient : {"", "@example.net"}) {
        HeldFilter filter;
        filter.recipient = recipient;
        filter.limit = 4;
        std::vector<HeldId> found;
        for (std::vector<HeldId> page = find(filter); !page.empty(); page = find(filter)) {
            EXPECT_LE(page.size(), 4U);
            found.insert(found.end(), page.begin(), page.end());
            filter.before = page.back();
        }
        EXPECT_EQ(found, all) << recipient;
    }
}

TEST_P(CatalogSearch, TimesAreExactToTheMicrosecond)
{
    clock.advance(std::chrono::microseconds(300));
    const Time first = clock.now();
    const HeldId early = hold(other_mail());
    clock.advance(std::chrono::microseconds(200)); // in the same millisecond
    const Time second = clock.now();
    const HeldId late = hold(other_mail());
    const auto between = [&](std::optional<Time> since, std::optional<Time> until) {
        HeldFilter filter;
        filter.since = since;
        filter.until = until;
        filter.limit = 1;
        return find(filter);
    };
    EXPECT_THAT(between(first, second), ElementsAre(early));
    EXPECT_THAT(between(second, std::nullopt), ElementsAre(late));
    EXPECT_THAT(between(std::nullopt, second), ElementsAre(early));
    EXPECT_THAT(between(second + std::chrono::microseconds(1), std::nullopt), IsEmpty());
    EXPECT_THAT(between(std::nullopt, first), IsEmpty());
    EXPECT_THAT(between(Time::min(), Time::max()).size(), 1U);
    EXPECT_THAT(between(Time(std::chrono::hours(24 * 365 * 20'000)), std::nullopt), IsEmpty());
}

TEST_P(CatalogSearch, WhatIsNoAddressIsASlipAndSaysWhatIsExpected)
{
    for (const char* const nonsense : {"nonsense", "@", "@a@b", "a@", "a b@example.org", "a@b\nc", "*",
                                       "<@example.org>", "a@exa mple.org"}) {
        EXPECT_THROW(from(nonsense), ConfigError) << nonsense;
        EXPECT_THROW(to(nonsense), ConfigError) << nonsense;
    }
    EXPECT_THROW(to("<>"), ConfigError) << "nobody is called so";
    try {
        from("non\033[31msense");
        FAIL();
    } catch (const ConfigError& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("expected an address"));
        EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("\033")));
    }
}

TEST_P(CatalogSearch, EveryCombinationOfFiltersFindsWhatALookAtEachMessageFinds)
{
    constexpr std::uint64_t kMessages = 400;
    bench::Sample sample(kMessages, clock.now());
    std::vector<HeldMail> mails;
    for (std::uint64_t i = 0; i < kMessages; ++i) {
        mails.push_back(sample.next());
        ASSERT_TRUE(catalog.adopt(mails.back()));
    }
    bench::sort_newest_first(mails);
    std::size_t hits = 0;
    for (const bench::NamedFilter& named : bench::every_combination(sample, kMessages)) {
        std::vector<HeldId> expected;
        for (const HeldMail& mail : mails) {
            if (expected.size() < named.filter.limit && bench::chooses(named.filter, mail)) {
                expected.push_back(mail.id);
            }
        }
        hits += expected.size();
        EXPECT_EQ(find(named.filter), expected) << named.name;
    }
    EXPECT_GT(hits, 1000U) << "filters that find nothing prove nothing";
}

TEST_P(CatalogSearch, IdsAreFoundByTheirBeginning)
{
    std::vector<HeldId> all;
    for (int i = 0; i < 3; ++i) {
        all.push_back(hold(other_mail()));
        clock.advance(std::chrono::hours(24 * 365));
    }
    const std::string whole = all[1].str();
    EXPECT_THAT(search.ids_like(whole, 10), ElementsAre(all[1]));
    EXPECT_THAT(search.ids_like(whole.substr(0, 8), 10), ElementsAre(all[1]));
    EXPECT_THAT(search.ids_like(whole.substr(0, 1), 10), ElementsAre(all[0], all[1], all[2]));
    EXPECT_THAT(search.ids_like("", 2), ElementsAre(all[0], all[1]));
    for (const std::string& nothing :
         {whole + "0", std::string("8"), std::string("0u"), std::string("%"), std::string("_"),
          std::string("../"), std::string("0\0", 2), std::string("É"), std::string(5000, '0')}) {
        EXPECT_THAT(search.ids_like(nothing, 10), IsEmpty()) << nothing;
    }
}

TEST_P(CatalogSearch, NoticesAreListedInTheOrderTheyBecameDue)
{
    const HeldId id =
        hold(other_mail({"a@example.net", "b@example.net"}), {"a@example.net", "b@example.net"});
    const auto due = outbox.claim(1, std::chrono::minutes(1));
    outbox.try_again(due.at(0), "450 later", clock.now() + std::chrono::minutes(5));
    clock.advance(std::chrono::seconds(1));
    const std::int64_t number = releases.remind(id, "a@example.net", "admin@example.net");
    const auto notices = search.notices_of(id);
    ASSERT_EQ(notices.size(), 3U);
    EXPECT_EQ(notices[0].recipient, "a@example.net");
    EXPECT_EQ(notices[0].state, "due");
    EXPECT_EQ(notices[0].attempts, 1);
    EXPECT_EQ(notices[0].reply, "450 later");
    EXPECT_EQ(notices[0].next_attempt, notices[0].created + std::chrono::minutes(5));
    EXPECT_EQ(notices[2].number, number);
    EXPECT_EQ(notices[2].recipient, "a@example.net");
    EXPECT_EQ(notices[2].send_to, "admin@example.net");
    EXPECT_EQ(notices[2].created, clock.now());
}

TEST_P(CatalogSearch, UnsentIsWhoCouldStillGetTheMailAndWasNotReachedByTheLastNotice)
{
    const std::string a = "a@example.net";
    const std::string b = "b@example.net";
    const auto hold_next = [&] {
        clock.advance(std::chrono::seconds(1));
        return hold(other_mail({a, b}), {a, b});
    };
    HeldFilter unsent;
    unsent.unsent = true;
    const HeldId refused = hold_next();
    const HeldId expired = hold_next();
    const HeldId reached = hold_next();
    const HeldId released = hold_next();
    hold_next(); // its notices stay due
    for (const DueNotice& notice : outbox.claim(8, std::chrono::minutes(1))) {
        if (notice.message == reached || notice.recipient == b) {
            outbox.sent(notice, "250 Ok");
        } else if (notice.message == expired) {
            outbox.expired(notice, "450 later");
        } else {
            outbox.refused(notice, "550 no");
        }
    }
    EXPECT_THAT(find(unsent), ElementsAre(released, expired, refused));
    EXPECT_EQ(outbox.state().due, 2);
    EXPECT_EQ(outbox.state().refused, 2);
    EXPECT_EQ(outbox.state().expired, 1);

    execute("UPDATE held_recipient SET state = 'released' WHERE message = :1 AND address = :2",
            {released.str(), a});
    EXPECT_THAT(find(unsent), ElementsAre(expired, refused)) << "whoever has got it needs no notice";
    EXPECT_EQ(outbox.state().refused, 1);

    HeldFilter of_recipient = unsent;
    of_recipient.recipient = b;
    EXPECT_THAT(find(of_recipient), IsEmpty());
    of_recipient.recipient = a;
    of_recipient.state = RecipientState::held;
    EXPECT_THAT(find(of_recipient), ElementsAre(expired, refused));
    of_recipient.state = RecipientState::failed;
    EXPECT_THAT(find(of_recipient), IsEmpty());
    HeldFilter page = unsent;
    page.limit = 1;
    EXPECT_THAT(find(page), ElementsAre(expired));
    page.before = expired;
    EXPECT_THAT(find(page), ElementsAre(refused));

    releases.remind(refused, a, a);
    EXPECT_THAT(find(unsent), ElementsAre(expired)) << "a later notice has taken its place";
    EXPECT_EQ(outbox.state().refused, 0);
    EXPECT_EQ(outbox.state().due, 3);
    releases.remind(expired, a, "admin@example.net");
    EXPECT_THAT(find(unsent), ElementsAre(expired)) << "that one went to somebody else";
}

TEST_P(CatalogSearch, StatesAndSizesAreCountedByQuarantine)
{
    HeldMail spam = other_mail({"a@example.net", "b@example.net"});
    spam.recipients[1].state = RecipientState::released;
    hold(spam);
    const Time oldest = clock.now();
    clock.advance(std::chrono::seconds(1));
    hold(other_mail());
    const HeldId gone = hold(other_mail());
    releases.mark_gone({gone});
    HeldMail unkept = other_mail();
    unkept.quarantine = "virus";
    unkept.stored = false;
    hold(unkept);

    std::vector<std::string> counts;
    for (const StateCount& count : search.count_states()) {
        counts.push_back(count.quarantine + " " + std::string(to_string(count.state)) + " " +
                         std::to_string(count.recipients));
    }
    EXPECT_THAT(counts, ElementsAre("spam held 3", "spam released 1", "virus held 1"));
    const auto sizes = search.sizes();
    ASSERT_EQ(sizes.size(), 1U);
    EXPECT_EQ(sizes[0].quarantine, "spam");
    EXPECT_EQ(sizes[0].messages, 2);
    EXPECT_EQ(sizes[0].bytes, 10'000'000'000U);
    EXPECT_EQ(sizes[0].oldest, oldest);
}

TEST_P(CatalogSearch, TheStoreIsAskedForWhatItShouldHave)
{
    std::vector<HeldId> all;
    for (int i = 0; i < 5; ++i) {
        all.push_back(hold(other_mail()));
        clock.advance(std::chrono::seconds(1));
    }
    HeldMail unkept = other_mail();
    unkept.stored = false;
    hold(unkept);
    releases.mark_gone({all[1]});
    EXPECT_THAT(search.stored_ids("spam", {}, 3), ElementsAre(all[0], all[2], all[3]));
    EXPECT_THAT(search.stored_ids("spam", all[3], 3), ElementsAre(all[4]));
    EXPECT_THAT(search.stored_ids("virus", {}, 3), IsEmpty());
}

TEST_P(CatalogSearch, OfManyIdsThoseOnRecordAndThoseNobodyWaitsForAreTold)
{
    std::vector<HeldId> asked;
    for (int i = 0; i < 120; ++i) {
        asked.emplace_back(clock.now(), random_bytes(10));
    }
    EXPECT_THAT(search.known(asked), IsEmpty());
    EXPECT_THAT(search.known({}), IsEmpty());
    const HeldId waiting = hold(other_mail({"a@example.net", "b@example.net"}));
    const HeldId gone = hold(other_mail());
    const HeldId deleted = hold(other_mail());
    asked.insert(asked.begin() + 70, {waiting, gone, deleted});
    releases.mark_gone({gone});
    releases.mark_deleted(deleted, "");
    releases.mark_deleted(waiting, "a@example.net");
    EXPECT_THAT(search.known(asked), testing::UnorderedElementsAre(waiting, gone, deleted));
    EXPECT_THAT(search.useless(asked), testing::UnorderedElementsAre(gone, deleted));
}

TEST_P(CatalogSearch, AnEnvelopeAsLongAsAnMtaTakesIsHeldAndFound)
{
    const auto letters = [](std::size_t count) { // that nothing can make shorter
        std::string text = random_bytes(count);
        std::ranges::transform(text, text.begin(), [](char c) {
            return std::string_view("abcdefghijklmnopqrstuvwxyz234567")
                .at(static_cast<unsigned char>(c) % 32);
        });
        return text;
    };
    const auto address = [&](std::size_t half) { return letters(half) + "@" + letters(half) + ".example"; };
    for (const std::size_t half : {100U, 340U, 350U, 490U}) {
        const std::string sender = address(half);
        const std::string domain = sender.substr(half);
        const std::string recipient = address(half);
        const HeldId id = hold_from(sender, {recipient, address(half)});
        hold_from(sender.substr(0, half - 1) + "!" + domain, {"!" + recipient});
        EXPECT_THAT(from(sender), ElementsAre(id));
        EXPECT_THAT(to(recipient), ElementsAre(id));
        EXPECT_EQ(from(domain).size(), 2U);
    }
    const std::string longest = letters(2000) + "@example.net"; // what nobody can search for
    const HeldId id = hold_from(address(1000), {"o" + longest, longest, "O" + longest});
    EXPECT_EQ(search.find({}).front().recipients.size(), 2U);
    ASSERT_TRUE(releases.mark_deleted(id, longest));
    EXPECT_EQ(search.find({}).front().recipients[1].state, RecipientState::deleted);
    EXPECT_EQ(search.find({}).front().recipients[0].state, RecipientState::held);
}

INSTANTIATE_TEST_SUITE_P(Engines, CatalogSearch, catalog_engines(), test::DatabaseTest::engine_name);

} // namespace qm::catalog
