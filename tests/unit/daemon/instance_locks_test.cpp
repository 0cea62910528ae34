#include "daemon/instance_locks.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "quarantine/error.h"
#include "support/temp_dir.h"

namespace qm::daemon {
namespace {

/// Two folders, of which one has a second name.
class InstanceLocksTest : public testing::Test {
  protected:
    InstanceLocksTest()
    {
        std::filesystem::create_directory(folder / "a");
        std::filesystem::create_directory(folder / "b");
        std::filesystem::create_directory_symlink(folder / "a", folder / "link");
    }

    test::TempDir folder;
    const std::string a = folder / "a/.lock";
    const std::string b = folder / "b/.lock";
    const std::string link = folder / "link/.lock";
    InstanceLocks ours;
    InstanceLocks theirs;
};

} // namespace

TEST_F(InstanceLocksTest, WhatIsHeldNobodyElseGets)
{
    ours.hold({a});
    EXPECT_THROW(theirs.hold({a}), BackendError);
    EXPECT_THROW(theirs.hold({b, link}), BackendError);
    ours.hold({b});
    theirs.hold({a});
    EXPECT_THROW(ours.hold({b, a}), BackendError);
    EXPECT_THROW(theirs.hold({b}), BackendError) << "a hold that failed changes nothing";
}

TEST_F(InstanceLocksTest, TwoNamesOfOneFolderAreOneLock)
{
    ours.hold({a, link, a, ""});
    ours.hold({a, link});
    EXPECT_TRUE(FileLock::is_locked(a));
    ours.hold({});
    EXPECT_FALSE(FileLock::is_locked(a));
}

TEST_F(InstanceLocksTest, AHeldFolderMayGetAnotherName)
{
    ours.hold({a, b});
    ours.hold({link, b});
    EXPECT_TRUE(FileLock::is_locked(a));
    ours.hold({link});
    EXPECT_TRUE(FileLock::is_locked(a));
    EXPECT_FALSE(FileLock::is_locked(b));
    ours.hold({a});
    EXPECT_TRUE(FileLock::is_locked(a));
    ours.hold({b});
    EXPECT_FALSE(FileLock::is_locked(a));
}

TEST_F(InstanceLocksTest, ALockFileThatSomebodyRemovedIsMadeAnew)
{
    ours.hold({a});
    std::filesystem::remove(a);
    ours.hold({a});
    EXPECT_TRUE(FileLock::is_locked(a));
    EXPECT_THROW(theirs.hold({a}), BackendError);
}

} // namespace qm::daemon
