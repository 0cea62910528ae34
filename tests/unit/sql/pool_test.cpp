#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "quarantine/error.h"
#include "sql/connection.h"
#include "support/temp_dir.h"

namespace qm::sql {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

class PoolTest : public testing::Test {
  protected:
    PoolTest()
    {
        target_.path = dir_.path() + "/pool.db";
        options_.create = true;
    }
    void make_table()
    {
        Connection(target_, options_).execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)");
    }

    test::TempDir dir_;
    Target target_;
    ConnectOptions options_;
};

TEST_F(PoolTest, ManyThreadsShareFewConnections)
{
    make_table();
    Pool pool(target_, options_, 3);
    std::atomic<int> inserted = 0;
    {
        std::vector<std::jthread> threads;
        threads.reserve(8);
        for (int t = 0; t < 8; ++t) {
            threads.emplace_back([&] {
                for (std::int64_t i = 0; i < 50; ++i) {
                    auto lease = pool.lease(seconds(10));
                    lease->execute("INSERT INTO t (n) VALUES (:1)", {i});
                    ++inserted;
                }
            });
        }
    }
    EXPECT_EQ(inserted, 400);
    EXPECT_EQ(
        integer_of(pool.lease(seconds(5))->query("SELECT count(*) FROM t", {Kind::integer}).at(0).at(0)),
        400);
}

TEST_F(PoolTest, ExhaustedPoolAnswersAfterThePatience)
{
    Pool pool(target_, options_, 1);
    const auto held = pool.lease(seconds(5));
    const auto begin = Clock::now();
    EXPECT_THROW(pool.lease(milliseconds(100)), BackendError);
    EXPECT_GE(Clock::now() - begin, milliseconds(100));
    EXPECT_LT(Clock::now() - begin, seconds(3));
}

TEST_F(PoolTest, AskerGetsTheConnectionAnotherGivesBack)
{
    Pool pool(target_, options_, 1);
    auto held = std::make_unique<Pool::Lease>(pool.lease(seconds(5)));
    std::atomic<bool> got = false;
    std::jthread asker([&] {
        const auto lease = pool.lease(seconds(10));
        got = true;
    });
    held.reset();
    asker.join();
    EXPECT_TRUE(got);
}

TEST_F(PoolTest, FileThatIsAwayComesBackAlone)
{
    options_.create = false;
    Pool pool(target_, options_, 2);
    for (int i = 0; i < 3; ++i) {
        EXPECT_THROW(pool.lease(seconds(5)), BackendError);
    }
    ConnectOptions making = options_;
    making.create = true;
    Connection(target_, making).execute("CREATE TABLE t (n INTEGER)");
    const auto deadline = Clock::now() + seconds(10);
    bool back = false;
    while (!back && Clock::now() < deadline) {
        try {
            back = pool.lease(seconds(1))->query("SELECT n FROM t", {Kind::integer}).empty();
        } catch (const BackendError&) {
            std::this_thread::yield();
        }
    }
    EXPECT_TRUE(back);
    EXPECT_NO_THROW(pool.lease(seconds(1)));
}

TEST_F(PoolTest, RemovedFileIsNotAskedAnyMore)
{
    make_table();
    options_.create = false;
    Pool pool(target_, options_, 2);
    EXPECT_NO_THROW(pool.lease(seconds(5))->query("SELECT n FROM t", {Kind::integer}));
    std::filesystem::rename(target_.path, dir_.path() + "/moved.db");
    EXPECT_THROW(pool.lease(seconds(5)), BackendError);
    std::filesystem::rename(dir_.path() + "/moved.db", target_.path);
    EXPECT_NO_THROW(pool.lease(seconds(5))->query("SELECT n FROM t", {Kind::integer}));
}

TEST_F(PoolTest, UnusedPoolStartsNothing)
{
    options_.create = true;
    {
        const Pool pool(target_, options_, 2);
    }
    EXPECT_FALSE(std::filesystem::exists(target_.path));
}

} // namespace
} // namespace qm::sql
