#include "ctl/exit_code.h"

#include <gtest/gtest.h>

namespace qm::ctl {

TEST(Tally, NothingThatFailedIsZero)
{
    Tally tally;
    EXPECT_EQ(tally.exit_code(), 0);
    tally.done();
    EXPECT_EQ(tally.exit_code(), 0);
}

TEST(Tally, OneThatFailedIsOneWhateverElseHappened)
{
    Tally tally;
    tally.failed();
    EXPECT_EQ(tally.exit_code(), 1);
    tally.done();
    tally.put_off();
    tally.unmatched();
    tally.unavailable();
    EXPECT_EQ(tally.exit_code(), 1);
}

TEST(Tally, TryAgainIsOnlySaidWhenThatHelpsWithEveryFailure)
{
    Tally tally;
    tally.put_off();
    EXPECT_EQ(tally.exit_code(), 75);
    tally.done();
    EXPECT_EQ(tally.exit_code(), 75);
    tally.unmatched();
    EXPECT_EQ(tally.exit_code(), 1);
}

TEST(Tally, NothingMatchedIsSaidWhenNothingDid)
{
    Tally tally;
    tally.unmatched();
    EXPECT_EQ(tally.exit_code(), 2);
    tally.done();
    EXPECT_EQ(tally.exit_code(), 1);
}

TEST(Tally, UnavailableIsSaidWhenNothingElseCameOfIt)
{
    Tally tally;
    tally.unavailable();
    EXPECT_EQ(tally.exit_code(), 69);
    tally.done();
    EXPECT_EQ(tally.exit_code(), 1);
}

} // namespace qm::ctl
