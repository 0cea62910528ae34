#include "store/folder_sync.h"

#include <atomic>
#include <filesystem>
#include <latch>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "quarantine/error.h"
#include "support/temp_dir.h"

namespace qm::store {
namespace {

TEST(FolderSync, ThoseWhoAskDuringOneShareTheNextAndWaitForIt)
{
    std::atomic<int> begun{0};
    std::latch first_may_end(1);
    std::latch second_may_end(1);
    FolderSync folder("/some/where", [&](const std::string& path) {
        EXPECT_EQ(path, "/some/where");
        const bool is_first = ++begun == 1;
        begun.notify_all();
        (is_first ? first_may_end : second_may_end).wait();
    });
    std::jthread first([&] { folder.sync(); });
    begun.wait(0);

    std::atomic<int> asked{0};
    std::atomic<int> returned{0};
    std::vector<std::jthread> others;
    for (int i = 0; i < 5; ++i) {
        others.emplace_back([&] {
            ++asked;
            asked.notify_all();
            folder.sync();
            ++returned;
        });
    }
    for (int seen = asked; seen < 5; seen = asked) {
        asked.wait(seen);
    }
    EXPECT_EQ(begun, 1);
    EXPECT_EQ(returned, 0);
    first_may_end.count_down();
    first.join();
    begun.wait(1);
    EXPECT_EQ(returned, 0) << "what they had asked for had begun before they asked";
    second_may_end.count_down();
    others.clear();
    EXPECT_EQ(returned, 5);
    // Who had not come as far as to ask when the second one began needed a third.
    EXPECT_LE(begun, 3);
}

TEST(FolderSync, WhoWaitsWhileOneFailsIsToldOfIt)
{
    std::atomic<int> begun{0};
    std::latch first_may_end(1);
    FolderSync folder("/some/where", [&](const std::string& /*path*/) {
        if (++begun == 1) {
            begun.notify_all();
            first_may_end.wait();
            throw BackendError("the disk is gone"); // the kernel says it once
        }
    });
    std::jthread first([&] { EXPECT_THROW(folder.sync(), BackendError); });
    begun.wait(0);
    std::atomic<int> failed{0};
    std::vector<std::jthread> others;
    std::latch asked(5);
    for (int i = 0; i < 5; ++i) {
        others.emplace_back([&, before = folder.failures()] {
            asked.count_down();
            try {
                folder.sync(before);
            } catch (const BackendError& error) {
                EXPECT_STREQ(error.what(), "the disk is gone");
                ++failed;
            }
        });
    }
    asked.wait();
    first_may_end.count_down();
    others.clear();
    EXPECT_EQ(failed, 5);
    EXPECT_NO_THROW(folder.sync());
}

TEST(FolderSync, AFailureIsToldToThoseWhoHadPutSomethingThere)
{
    int calls = 0;
    FolderSync folder("/some/where", [&](const std::string& /*path*/) {
        if (++calls == 1) {
            throw BackendError("the disk is gone");
        }
    });
    const std::uint64_t before = folder.failures();
    EXPECT_THROW(folder.sync(), BackendError);
    EXPECT_THROW(folder.sync(before), BackendError);
    EXPECT_NO_THROW(folder.sync(folder.failures()));
}

TEST(FolderSync, AFailureIsToldToAllWhoShareItAndToNobodyElse)
{
    std::atomic<int> calls{0};
    FolderSync folder("/some/where", [&](const std::string& /*path*/) {
        if (++calls == 1) {
            throw BackendError("the disk is gone");
        }
    });
    EXPECT_THROW(folder.sync(), BackendError);
    EXPECT_NO_THROW(folder.sync());
    EXPECT_EQ(calls, 2);
}

TEST(FolderSync, AFolderThatIsNotThereIsAnErrorUntilItIs)
{
    const test::TempDir temp;
    FolderSync folder(temp / "day");
    EXPECT_THROW(folder.sync(), BackendError);
    std::filesystem::create_directory(temp / "day");
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (int n = 0; n < 20; ++n) {
                folder.sync();
            }
        });
    }
}

} // namespace
} // namespace qm::store
