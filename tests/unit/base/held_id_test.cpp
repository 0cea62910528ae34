#include "quarantine/held_mail.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/sha256.h"

namespace qm {

TEST(HeldId, SortsByTimeAndCarriesIt)
{
    const Time early{std::chrono::milliseconds(1'785'000'000'123)};
    const Time late = early + std::chrono::milliseconds(1);
    const HeldId a(early, std::string(10, '\xff'));
    const HeldId b(late, std::string(10, '\0'));
    EXPECT_LT(a.str(), b.str());
    EXPECT_EQ(a.time(), early);
    EXPECT_EQ(b.time(), late);
    EXPECT_EQ(HeldId::parse(a.str()), a);
}

TEST(HeldId, EveryBitOfEntropyCounts)
{
    const Time now = SystemClock().now();
    const HeldId zero(now, std::string(10, '\0'));
    for (std::size_t bit = 0; bit < 80; ++bit) {
        std::string entropy(10, '\0');
        entropy[bit / 8] = static_cast<char>(1U << (bit % 8));
        EXPECT_NE(HeldId(now, entropy), zero) << bit;
    }
}

TEST(HeldId, ParseRefusesEverythingElse)
{
    const std::string good = HeldId(SystemClock().now(), random_bytes(10)).str();
    EXPECT_FALSE(HeldId::parse(good).empty());
    for (const std::string& bad :
         {std::string(), good + "0", good.substr(1), "../" + good.substr(3), "*" + good.substr(1),
          "z" + good.substr(1), "U" + good.substr(1), good.substr(0, 25) + "u"}) {
        EXPECT_TRUE(HeldId::parse(bad).empty()) << bad;
    }
}

TEST(Sha256, KnownAnswers)
{
    Sha256 sum;
    EXPECT_EQ(sum.finish(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sum.update("a");
    sum.update("bc");
    EXPECT_EQ(sum.finish(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

} // namespace qm
