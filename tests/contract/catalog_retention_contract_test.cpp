// What the catalog promises about what leaves it, for every database it runs on.
#include <algorithm>
#include <thread>

#include <gmock/gmock.h>

#include "contract/catalog_fixture.h"

namespace qm::catalog {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CatalogRetention : public CatalogTest {
  protected:
    /// Held in the spam quarantine, a second apart.
    std::vector<HeldId> hold_some(int count, std::size_t recipients = 1, bool tell = false)
    {
        std::vector<HeldId> ids;
        for (int i = 0; i < count; ++i) {
            std::vector<std::string> addresses;
            for (std::size_t r = 0; r < recipients; ++r) {
                addresses.push_back("u" + std::to_string(r) + "@example.net");
            }
            HeldMail held = other_mail(addresses);
            held.size = 10;
            ids.push_back(hold(held, tell ? addresses : std::vector<std::string>()));
            clock.advance(std::chrono::seconds(1));
        }
        return ids;
    }

    static std::vector<HeldId> ids_of(const std::vector<Old>& batch)
    {
        std::vector<HeldId> ids;
        std::ranges::transform(batch, std::back_inserter(ids), &Old::id);
        return ids;
    }

    std::vector<HeldId> oldest(std::optional<Time> before, const HeldId& behind, std::size_t limit)
    {
        return ids_of(retention.oldest("spam", before, behind, limit));
    }

    Beginning begin(Releases& who, const HeldId& id)
    {
        return who.begin(id, "u0@example.net", false, {"digest"}, clock.now() + std::chrono::hours(1));
    }
};

} // namespace

TEST_P(CatalogRetention, TheOldestAreNamedFirstInPages)
{
    const std::vector<HeldId> ids = hold_some(5);
    HeldMail other = other_mail();
    other.quarantine = "virus";
    hold(other);
    EXPECT_THAT(oldest(std::nullopt, {}, 2), ElementsAre(ids[0], ids[1]));
    EXPECT_THAT(oldest(std::nullopt, ids[1], 10), ElementsAre(ids[2], ids[3], ids[4]));
    EXPECT_THAT(oldest(catalog.load(ids[2])->received, {}, 10), ElementsAre(ids[0], ids[1]));
    const Time just_behind = catalog.load(ids[2])->received + std::chrono::microseconds(1);
    EXPECT_THAT(oldest(just_behind, {}, 10), ElementsAre(ids[0], ids[1], ids[2]));
    EXPECT_THAT(retention.oldest("bulk", std::nullopt, {}, 10), IsEmpty());
    EXPECT_THAT(retention.quarantines(), ElementsAre("spam", "virus"));
}

TEST_P(CatalogRetention, AmountsCountTheBytesInTheStoreOnly)
{
    const std::vector<HeldId> ids = hold_some(4);
    HeldMail unkept = other_mail();
    unkept.stored = false;
    hold(unkept);
    releases.mark_gone({ids[0]});
    const auto all = retention.amount("spam", std::nullopt);
    EXPECT_EQ(all.messages, 5);
    EXPECT_EQ(all.bytes, 30U);
    const auto some = retention.amount("spam", catalog.load(ids[2])->received);
    EXPECT_EQ(some.messages, 2);
    EXPECT_EQ(some.bytes, 10U);
    const auto none = retention.amount("bulk", std::nullopt);
    EXPECT_EQ(none.messages, 0);
    EXPECT_EQ(none.bytes, 0U);
    const auto old = retention.oldest("spam", std::nullopt, {}, 2);
    EXPECT_FALSE(old.at(0).has_bytes);
    EXPECT_TRUE(old.at(1).has_bytes);
    EXPECT_EQ(old.at(1).size, 10U);
}

TEST_P(CatalogRetention, AMessageStaysUntilItsNoticesAreSettled)
{
    const std::vector<HeldId> ids = hold_some(2, 2, true);
    const auto batch = retention.oldest("spam", std::nullopt, {}, 10);
    ASSERT_THAT(ids_of(batch), ElementsAre(ids[0], ids[1]));
    EXPECT_TRUE(batch.at(0).untold);
    EXPECT_TRUE(batch.at(1).untold);
    EXPECT_THAT(retention.close(batch), IsEmpty());
    const std::vector<DueNotice> due = outbox.claim(3, std::chrono::seconds(60));
    ASSERT_EQ(due.size(), 3U);
    outbox.sent(due[0], "250");
    EXPECT_THAT(retention.close(batch), IsEmpty()) << "one recipient is not told yet";
    outbox.refused(due[1], "550");
    const auto now = retention.oldest("spam", std::nullopt, {}, 10);
    EXPECT_FALSE(now.at(0).untold);
    EXPECT_TRUE(now.at(1).untold);
    EXPECT_THAT(retention.close(now), ElementsAre(ids[0]));
    EXPECT_EQ(search.notices_of(ids[0]).at(0).state, "sent");
    EXPECT_EQ(search.notices_of(ids[1]).at(1).state, "due");
}

TEST_P(CatalogRetention, WhatIsClosedIsNotReleasedAndFoundAgain)
{
    const std::vector<HeldId> ids = hold_some(3, 2);
    const auto batch = retention.oldest("spam", std::nullopt, {}, 2);
    EXPECT_THAT(retention.close(batch), ElementsAre(ids[0], ids[1]));
    for (const HeldId& id : {ids[0], ids[1]}) {
        EXPECT_EQ(begin(releases, id).why_not, NotBegun::deleted);
        EXPECT_TRUE(catalog.load(id)) << "it is forgotten when its bytes are gone";
    }
    EXPECT_THAT(retention.closed("spam", {}, 10), ElementsAre(ids[0], ids[1]))
        << "the next run begins with them";
    EXPECT_THAT(retention.closed("spam", ids[0], 1), ElementsAre(ids[1]));
    EXPECT_THAT(retention.closed("virus", {}, 10), IsEmpty());
    EXPECT_THAT(oldest(std::nullopt, {}, 10), ElementsAre(ids[2]));
    EXPECT_EQ(retention.amount("spam", std::nullopt).messages, 1);
    EXPECT_TRUE(begin(releases, ids[2]).release);
}

TEST_P(CatalogRetention, AMessageBeingReleasedStays)
{
    const std::vector<HeldId> ids = hold_some(3, 2);
    const auto batch = retention.oldest("spam", std::nullopt, {}, 3);
    const Beginning beginning = begin(releases, ids[1]);
    ASSERT_TRUE(beginning.release);
    EXPECT_THAT(oldest(std::nullopt, {}, 10), ElementsAre(ids[0], ids[2]));
    EXPECT_THAT(retention.close(batch), ElementsAre(ids[0], ids[2])) << "it was named before it began";
    releases.settle(*beginning.release, {.outcome = DeliveryOutcome::delivered, .reply = {}}, {},
                    clock.now());
    EXPECT_THAT(oldest(std::nullopt, {}, 10), ElementsAre(ids[1]));
}

TEST_P(CatalogRetention, WhatIsForgottenLeavesNothingBehind)
{
    const std::vector<HeldId> ids = hold_some(3, 2, true);
    retention.forget({ids[0], ids[2], HeldId(clock.now(), random_bytes(10))});
    EXPECT_THAT(search.known(ids), ElementsAre(ids[1]));
    EXPECT_EQ(count("held_recipient"), 2);
    EXPECT_EQ(count("notice"), 2);
    retention.forget({});
    EXPECT_THAT(retention.close({}), IsEmpty());
    EXPECT_THAT(retention.close({{.id = ids[0]}}), IsEmpty()) << "what is forgotten is not closed";
}

TEST_P(CatalogRetention, NothingIsBothClosedAndReleased)
{
    constexpr int kMessages = 60;
    const std::vector<HeldId> ids = hold_some(kMessages);
    Catalog other_catalog(url(), folder.path(), clock);
    Retention others(other_catalog);
    std::vector<HeldId> closed;
    std::vector<HeldId> begun;
    {
        const std::jthread closing([&] {
            for (std::size_t i = 0; i < kMessages; i += 4) {
                std::vector<Old> batch;
                for (std::size_t k = i; k < i + 4; ++k) {
                    batch.push_back({.id = ids.at(k)});
                }
                std::ranges::move(others.close(batch), std::back_inserter(closed));
            }
        });
        const std::jthread releasing([&] {
            // From the other end: they meet in the middle.
            for (std::size_t i = kMessages; i-- > 0;) {
                if (begin(releases, ids.at(i)).release) {
                    begun.push_back(ids.at(i));
                }
            }
        });
    }
    EXPECT_EQ(closed.size() + begun.size(), ids.size());
    for (const HeldId& id : begun) {
        EXPECT_FALSE(catalog.load(id)->gone);
    }
}

INSTANTIATE_TEST_SUITE_P(Engines, CatalogRetention, catalog_engines(), test::DatabaseTest::engine_name);

} // namespace qm::catalog
