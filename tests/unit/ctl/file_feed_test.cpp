#include "ctl/file_feed.h"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/temp_dir.h"

namespace qm::ctl {
namespace {

using Kind = FileFeed::Kind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FileFeedTest : public testing::Test {
  protected:
    void put(const std::string& name, const std::string& bytes = "x")
    {
        std::filesystem::create_directories(std::filesystem::path(dir / name).parent_path());
        std::ofstream(dir / name, std::ios::binary) << bytes;
    }

    /// "name=bytes" or "name!reason", in their order.
    std::vector<std::string> fed(const std::string& companion = "")
    {
        FileFeed feed(dir.path(), companion);
        std::vector<std::string> all;
        while (const auto file = feed.next()) {
            all.push_back(file->name + (file->skipped.empty() ? "=" + file->bytes : "!" + file->skipped));
        }
        return all;
    }

    test::TempDir dir;
};

} // namespace

TEST_F(FileFeedTest, AFileComesWithAllItsBytesAndItsTime)
{
    std::string bytes(300000, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<char>(i * 7);
    }
    put("mail.eml", bytes);
    FileFeed feed(dir / "mail.eml");
    EXPECT_EQ(feed.kind(), Kind::file);
    const auto file = feed.next();
    ASSERT_TRUE(file);
    EXPECT_EQ(file->name, dir / "mail.eml");
    EXPECT_EQ(file->bytes, bytes);
    EXPECT_LT(std::chrono::abs(file->changed - std::chrono::system_clock::now()), std::chrono::hours(1));
    EXPECT_FALSE(feed.next());
}

TEST_F(FileFeedTest, AFolderGivesEveryFileBelowItInOrder)
{
    put("b", "2");
    put("a", "1");
    put("deep/er/c", "3");
    put("empty", "");
    EXPECT_THAT(fed(), ElementsAre("a=1", "b=2", "deep/er/c=3", "empty="));
}

TEST_F(FileFeedTest, ACompanionComesRightBehindItsFile)
{
    put("x", "1");
    put("x-2", "3");
    put("x-2.metadata", "4");
    put("x.metadata", "2");
    put("y.metadata", "5");
    EXPECT_THAT(fed(".metadata"),
                ElementsAre("x=1", "x.metadata=2", "x-2=3", "x-2.metadata=4", "y.metadata=5"));
}

TEST_F(FileFeedTest, LinksAndWhatIsNoFileAreSkippedAndSaidSo)
{
    put("outside/secret", "s");
    std::filesystem::create_directory(dir / "in");
    symlink((dir / "outside/secret").c_str(), (dir / "in/link").c_str());
    symlink((dir / "outside").c_str(), (dir / "in/folder").c_str());
    mkfifo((dir / "in/pipe").c_str(), 0600);
    FileFeed feed(dir / "in");
    std::vector<std::string> all;
    while (const auto file = feed.next()) {
        EXPECT_THAT(file->bytes, IsEmpty());
        all.push_back(file->name + ": " + file->skipped);
    }
    EXPECT_THAT(all,
                ElementsAre("folder: a symbolic link", "link: a symbolic link", "pipe: not a regular file"));
}

TEST_F(FileFeedTest, ALinkThatTheCallerNamesIsFollowed)
{
    put("mail", "bytes");
    symlink((dir / "mail").c_str(), (dir / "link").c_str());
    FileFeed feed(dir / "link");
    EXPECT_EQ(feed.kind(), Kind::file);
    EXPECT_EQ(feed.next()->bytes, "bytes");
}

TEST_F(FileFeedTest, AMaildirIsReadWithoutWhatIsBeingDelivered)
{
    put("new/1", "n");
    put("cur/2:2,S", "c");
    put("tmp/3", "t");
    put(".dovecot", "hidden");
    put(".Junk/cur/4", "j");
    put(".Junk/new/5", "k");
    put(".Junk/tmp/6", "t");
    EXPECT_THAT(fed(), ElementsAre(".Junk/cur/4=j", ".Junk/new/5=k", "cur/2:2,S=c", "new/1=n"));
}

TEST_F(FileFeedTest, WhatIsTooLargeIsSkippedWithoutBeingRead)
{
    put("large", "");
    std::filesystem::resize_file(dir / "large", FileFeed::kLargestFile + 1);
    EXPECT_THAT(fed(), ElementsAre("large!larger than 256 MiB"));
}

TEST_F(FileFeedTest, WithoutALimitItComesPieceByPiece)
{
    put("large");
    std::filesystem::resize_file(dir / "large", FileFeed::kLargestFile + 1);
    FileFeed feed(dir / "large", "", FileFeed::kNoLimit);
    std::uint64_t sum = 0;
    const auto file = feed.next([&](const FedFile& begun, std::string_view piece) {
        EXPECT_EQ(begun.name, dir / "large");
        sum += piece.size();
    });
    ASSERT_TRUE(file);
    EXPECT_THAT(file->skipped, IsEmpty());
    EXPECT_THAT(file->bytes, IsEmpty());
    EXPECT_EQ(sum, FileFeed::kLargestFile + 1);
}

TEST_F(FileFeedTest, FoldersWithoutEndAreNotFollowed)
{
    std::string path = "d";
    for (int i = 0; i < 40; ++i) {
        path += "/d";
    }
    put(path + "/mail");
    const auto all = fed();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_THAT(all.front(), HasSubstr("more than 32 folders within each other"));
}

TEST_F(FileFeedTest, WhatIsNotThereIsToldFromWhatMayNotBeRead)
{
    FileFeed missing(dir / "missing");
    EXPECT_EQ(missing.kind(), Kind::unreadable);
    EXPECT_EQ(missing.error(), ENOENT);
    mkfifo((dir / "pipe").c_str(), 0600);
    FileFeed pipe(dir / "pipe");
    EXPECT_EQ(pipe.kind(), Kind::unreadable);
    EXPECT_EQ(pipe.error(), EINVAL);
}

TEST_F(FileFeedTest, NobodyHasToReadToTheEnd)
{
    put("a", std::string(1000000, 'a'));
    put("b", std::string(1000000, 'b'));
    FileFeed feed(dir.path());
    EXPECT_TRUE(feed.next());
    // Its destructor waits for the child, which must end.
}

} // namespace qm::ctl
