#include "store/file_store.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

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

std::string pieces_of(std::size_t count)
{
    std::string all;
    for (std::size_t i = 0; i < count; ++i) {
        all += std::to_string(i) + std::string(i % 5000, 'x') + "\r\n";
    }
    return all;
}

void write_in_pieces(MessageWriter& writer, std::string_view text)
{
    for (std::size_t size = 1; !text.empty(); size = size * 3 % 70'001) {
        writer.write(text.substr(0, size));
        text.remove_prefix(std::min(size, text.size()));
    }
}

TEST(FileStore, HoweverLittleMemoryThereIsEveryByteIsKept)
{
    for (const std::uint64_t memory : {0ULL, 4096ULL, 20'000ULL, 1'000'000ULL}) {
        const test::TempDir folder;
        const auto store = make_file_store(folder.path(), {.reserve_space = 0, .buffer_memory = memory});
        for (const std::size_t count : {0UL, 1UL, 3UL, 40UL, 400UL}) {
            const std::string text = pieces_of(count);
            // A second one at the same time, which takes what the first does not have.
            const HeldId id = id_at(1'785'849'600);
            const HeldId other = id_at(1'785'849'600);
            const auto writer = store->create(id);
            const auto beside = store->create(other);
            beside->write("beside");
            write_in_pieces(*writer, text);
            write_in_pieces(*beside, text);
            writer->commit();
            beside->commit();
            EXPECT_EQ(read_file(folder / ("2026/08/04/" + id.str() + ".eml"), 10'000'000), text) << memory;
            EXPECT_EQ(read_file(folder / ("2026/08/04/" + other.str() + ".eml"), 10'000'000),
                      "beside" + text);
        }
    }
}

/// Bytes of memory that this process has of its own.
std::int64_t own_memory()
{
    std::ifstream status("/proc/self/statm");
    std::int64_t total = 0;
    std::int64_t resident = 0;
    std::int64_t shared = 0;
    status >> total >> resident >> shared;
    return (resident - shared) * sysconf(_SC_PAGESIZE);
}

TEST(FileStore, MessagesOnTheirWayTakeNoMoreMemoryThanTheyMay)
{
    constexpr std::uint64_t kMemory = 1U << 20U;
    constexpr int kMessages = 400;
    const test::TempDir folder;
    const auto store = make_file_store(folder.path(), {.reserve_space = 0, .buffer_memory = kMemory});
    std::vector<std::unique_ptr<MessageWriter>> writers;
    const std::string text(60'000, 'x');
    const std::int64_t before = own_memory();
    for (int i = 0; i < kMessages; ++i) {
        writers.push_back(store->create(id_at(1'785'849'600)));
        writers.back()->write(text);
    }
    // Kept in memory they would be 24 MB.
    EXPECT_LT(own_memory() - before, 8 << 20);
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
