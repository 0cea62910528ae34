// How a side of a row is judged, and how it may be spelled.
#include "whitelist/side.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qm::whitelist {
namespace {

using testing::Contains;

} // namespace

TEST(Side, BytesThatAreNotUtf8MatchNobodyAndCannotBeMended)
{
    const SideJudgement judgement = judge_side("mailfrom", std::string("a\xFF@example.org"));
    EXPECT_EQ(judgement.problem, "mailfrom is not UTF-8");
    EXPECT_FALSE(judgement.mended);
}

TEST(Side, WhatWasAddedWithADotBehindItIsFoundWithOne)
{
    for (const std::string typed : {"@Example.org.", "<bob@M\u00DCller.example.>"}) {
        EXPECT_THAT(spellings_of(typed), Contains(typed_side("sender", typed))) << typed;
    }
}

} // namespace qm::whitelist
