#include "base/file_lock.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "quarantine/error.h"
#include "support/temp_dir.h"

namespace qm {
namespace {

class FileLockTest : public testing::Test {
  protected:
    test::TempDir folder;
    std::string path = folder / "x.lock";
};

} // namespace

TEST_F(FileLockTest, OneHoldsItAtATime)
{
    auto first = FileLock::try_lock(path);
    ASSERT_TRUE(first);
    EXPECT_FALSE(FileLock::try_lock(path)) << "not even in the same process";
    first.reset();
    EXPECT_TRUE(FileLock::try_lock(path));
}

TEST_F(FileLockTest, OpeningAndClosingTheFileElsewhereLosesNothing)
{
    const auto lock = FileLock::try_lock(path);
    std::ifstream(path).get();
    EXPECT_FALSE(FileLock::try_lock(path));
}

TEST_F(FileLockTest, AskingTakesAndCreatesNothing)
{
    EXPECT_FALSE(FileLock::is_locked(path));
    EXPECT_FALSE(std::filesystem::exists(path));
    {
        const auto lock = FileLock::try_lock(path);
        EXPECT_TRUE(FileLock::is_locked(path));
        EXPECT_TRUE(FileLock::is_locked(path));
    }
    EXPECT_FALSE(FileLock::is_locked(path));
    EXPECT_TRUE(FileLock::try_lock(path));
}

TEST_F(FileLockTest, TheFileIsOurs)
{
    const auto lock = FileLock::try_lock(path);
    struct stat info = {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(FileLockTest, ItEndsWithItsProcess)
{
    const pid_t child = ::fork();
    if (child == 0) {
        const auto lock = FileLock::try_lock(path);
        ::_exit(lock ? 0 : 1); // no destructor runs
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_FALSE(FileLock::is_locked(path));
    EXPECT_TRUE(FileLock::try_lock(path));
}

TEST_F(FileLockTest, WhatCannotBeOpenedIsSaidWithItsName)
{
    std::filesystem::create_symlink(folder / "elsewhere", folder / "link");
    for (const std::string& bad : {folder / "missing/x.lock", folder / "link"}) {
        try {
            FileLock::try_lock(bad);
            FAIL() << bad;
        } catch (const BackendError& error) {
            EXPECT_NE(std::string(error.what()).find(bad), std::string::npos);
        }
    }
    EXPECT_FALSE(std::filesystem::exists(folder / "elsewhere"));
    EXPECT_THROW(FileLock::is_locked(folder / "link"), BackendError);
    EXPECT_FALSE(FileLock::is_locked(folder / "missing/x.lock"));
}

} // namespace qm
