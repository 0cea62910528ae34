#include "whitelist/usage_marks.h"

#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace qm::whitelist {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kRows = 3000; ///< more than wait at once

sql::ConnectOptions creating()
{
    sql::ConnectOptions options;
    options.create = true;
    return options;
}

class UsageMarksTest : public testing::Test {
  protected:
    UsageMarksTest()
    {
        ensure_table(connection_, table_);
        connection_.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :1) "
                            "INSERT INTO whitelist (id, mailfrom, recipient, last_used) "
                            "SELECT i, 'a' || i, '', '2020-01-01 00:00:00' FROM n",
                            {kRows});
    }

    std::int64_t marked()
    {
        const auto rows =
            connection_.query("SELECT count(*) FROM whitelist WHERE last_used > '2021-01-01 00:00:00'",
                              {sql::Kind::integer}, {});
        return sql::integer_of(rows.at(0).at(0));
    }

    test::TempDir folder_;
    sql::Target target_ = sql::parse_target("sqlite:///white.db", folder_.path());
    TableName table_ = TableName::parse("whitelist").value();
    sql::Connection connection_{target_, creating()};
    sql::Pool pool_{target_, {}, 1};
};

TEST_F(UsageMarksTest, WhatDoesNotFitIsMarkedWhenItIsUsedAgain)
{
    UsageMarks marks(pool_, table_);
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (marked() < kRows && std::chrono::steady_clock::now() < deadline) {
        for (std::int64_t row = 1; row <= kRows; ++row) {
            marks.used(row);
        }
        std::this_thread::yield();
    }
    EXPECT_EQ(marked(), kRows);
}

TEST_F(UsageMarksTest, TheEndDoesNotWaitForMoreAndForgetsNothing)
{
    const auto begin = std::chrono::steady_clock::now();
    for (std::int64_t row = 1; row <= 20; ++row) {
        UsageMarks marks(pool_, table_);
        marks.used(row);
    }
    EXPECT_EQ(marked(), 20);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 15s) << "each end waited until the second was over";
}

} // namespace
} // namespace qm::whitelist
