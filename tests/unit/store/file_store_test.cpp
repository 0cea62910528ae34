#include "store/file_store.h"

#include <filesystem>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/random.h"
#include "quarantine/error.h"
#include "support/temp_dir.h"

namespace qm::store {
namespace {

HeldId id_at(std::int64_t seconds)
{
    return {Time(std::chrono::seconds(seconds)), random_bytes(10)};
}

} // namespace

TEST(FileStore, AMessageIsADatedFileThatOnlyItsOwnerReads)
{
    const test::TempDir folder;
    const auto store = make_file_store(folder.path());
    const HeldId id = id_at(1'785'849'600); // 2026-08-04T13:20:00Z
    const auto writer = store->create(id);
    writer->write("hello");
    writer->commit();
    const std::string path = folder / ("2026/08/04/" + id.str() + ".eml");
    EXPECT_EQ(read_file(path, 100), "hello");
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
    ASSERT_EQ(stat((folder / "2026").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0700U);
}

TEST(FileStore, AnUnfinishedMessageLeavesNothing)
{
    const test::TempDir folder;
    const auto store = make_file_store(folder.path());
    {
        const auto writer = store->create(id_at(1'785'849'600));
        writer->write(std::string(1'000'000, 'x'));
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
        EXPECT_TRUE(entry.is_directory()) << entry.path();
    }
}

TEST(FileStore, ALinkInPlaceOfAMessageLeadsNowhere)
{
    const test::TempDir folder;
    const auto store = make_file_store(folder.path());
    const HeldId id = id_at(1'785'849'600);
    const auto writer = store->create(id);
    writer->write("hello");
    writer->commit();
    const std::string path = folder / ("2026/08/04/" + id.str() + ".eml");
    ASSERT_NE(store->open(id), nullptr);
    std::filesystem::rename(path, folder / "secret");
    std::filesystem::create_symlink(folder / "secret", path);
    EXPECT_THROW(store->open(id), BackendError);
}

TEST(FileStore, ADayFolderDeletedUnderUsIsMadeAgain)
{
    const test::TempDir folder;
    const auto store = make_file_store(folder.path());
    const auto put = [&] {
        const auto writer = store->create(id_at(1'785'849'600));
        writer->write("x");
        writer->commit();
    };
    put();
    std::filesystem::remove_all(folder / "2026");
    EXPECT_NO_THROW(put());
    EXPECT_TRUE(std::filesystem::exists(folder / "2026/08/04"));
}

TEST(FileStore, CheckNamesTheFolderAndTheReason)
{
    const test::TempDir folder;
    try {
        make_file_store(folder / "missing")->check();
        FAIL();
    } catch (const BackendError& error) {
        EXPECT_NE(std::string(error.what()).find("missing: No such file or directory"), std::string::npos);
    }
    EXPECT_NO_THROW(make_file_store(folder.path())->check());
}

} // namespace qm::store
