#include "catalog/finding.h"

#include <gtest/gtest.h>

#include "catalog/held_rows.h"

namespace qm::catalog {
namespace {

using Moment = std::chrono::sys_time<std::chrono::milliseconds>;

Moment moment(std::int64_t milliseconds)
{
    return Moment(std::chrono::milliseconds(milliseconds));
}

} // namespace

TEST(LowestId, NoIdOfItsMomentIsLowerAndEveryEarlierOneIs)
{
    const Moment now = moment(1'785'849'600'123);
    EXPECT_LE(lowest_id(now), HeldId(now, std::string(10, '\0')).str());
    EXPECT_LT(HeldId(now - std::chrono::milliseconds(1), std::string(10, '\xFF')).str(), lowest_id(now));
    EXPECT_LT(lowest_id(now), HeldId(now, std::string(9, '\0') + '\x01').str());
}

TEST(LowestId, MomentsNoIdCanNameAreBelowOrAboveAll)
{
    const std::string first = HeldId(moment(0), std::string(10, '\0')).str();
    const std::string last = HeldId(moment((std::int64_t{1} << 48) - 1), std::string(10, '\xFF')).str();
    EXPECT_LE(lowest_id(moment(0)), first);
    EXPECT_LT(lowest_id(moment(-1)), first);
    EXPECT_LT(lowest_id(Moment::min()), first);
    EXPECT_LE(lowest_id(moment((std::int64_t{1} << 48) - 1)), last);
    EXPECT_GT(lowest_id(moment(std::int64_t{1} << 48)), last);
    EXPECT_GT(lowest_id(Moment::max()), last);
    EXPECT_GT(kAboveIds, last);
}

TEST(AddressKey, HoldsWhatTheCatalogLooksUp)
{
    EXPECT_EQ(AddressKey("\"Anna\"@Example.ORG.").key, "anna@example.org");
    EXPECT_EQ(AddressKey("\"Anna\"@Example.ORG.").domain, "example.org");
    EXPECT_EQ(AddressKey("").key, "");
    EXPECT_EQ(AddressKey("").domain, "");
    EXPECT_EQ(AddressKey("\"a@b c\"@example.org").domain, "example.org");
    EXPECT_EQ(AddressKey("postmaster").domain, "");
}

} // namespace qm::catalog
