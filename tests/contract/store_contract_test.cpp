// What every message store promises (include/quarantine/store.h), for every row of the table.
#include <array>
#include <filesystem>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/random.h"
#include "quarantine/error.h"
#include "store/builtin_stores.h"
#include "support/fake_section.h"
#include "support/temp_dir.h"

namespace qm {
namespace {

HeldId new_id()
{
    return {SystemClock().now(), random_bytes(10)};
}

void put(MessageStore& store, const HeldId& id, std::string_view bytes)
{
    const auto writer = store.create(id);
    writer->write(bytes);
    writer->commit();
}

std::string get(MessageStore& store, const HeldId& id)
{
    const auto reader = store.open(id);
    std::string bytes;
    std::array<char, 10'000> buffer{};
    while (const std::size_t got = reader->read(buffer)) {
        bytes.append(buffer.data(), got);
    }
    return bytes;
}

class StoreContract : public testing::TestWithParam<StoreType> {
  protected:
    void SetUp() override
    {
        test::FakeSection section({{"quarantine_directory", folder.path()}}, GetParam().options);
        store = GetParam().open(section);
    }

    test::TempDir folder;
    std::unique_ptr<MessageStore> store;
};

} // namespace

TEST_P(StoreContract, WhatWasPutComesBackByteForByte)
{
    std::string bytes = "X: y\r\n\r\n.\r\n";
    bytes.push_back('\0');
    bytes += random_bytes(256);
    const HeldId id = new_id();
    put(*store, id, bytes);
    if (store->keeps()) {
        EXPECT_EQ(get(*store, id), bytes);
    } else {
        EXPECT_EQ(store->open(id), nullptr);
    }
}

TEST_P(StoreContract, AnEmptyAndAVeryLargeMessageComeBack)
{
    const HeldId empty = new_id();
    put(*store, empty, "");
    const HeldId large = new_id();
    const std::string piece = random_bytes(256);
    std::string all;
    {
        const auto writer = store->create(large);
        for (int i = 0; i < 40'000; ++i) {
            writer->write(piece);
            all += piece;
        }
        writer->commit();
    }
    if (store->keeps()) {
        EXPECT_EQ(get(*store, empty), "");
        EXPECT_EQ(get(*store, large), all);
    }
}

TEST_P(StoreContract, WhatIsNotCommittedIsNotThere)
{
    const HeldId id = new_id();
    {
        const auto writer = store->create(id);
        writer->write("half");
        EXPECT_EQ(store->open(id), nullptr);
    }
    EXPECT_EQ(store->open(id), nullptr);
    store->list(Time{}, [](const HeldId& found) {
        ADD_FAILURE() << found.str();
        return true;
    });
}

TEST_P(StoreContract, ItIsEmptyWhenThereIsNoMessageInIt)
{
    EXPECT_TRUE(store->is_empty());
    std::filesystem::create_directory(folder / "lost+found");
    const HeldId first = new_id();
    const HeldId second = new_id();
    put(*store, first, "x");
    put(*store, second, "y");
    EXPECT_EQ(store->is_empty(), !store->keeps());
    store->remove(first);
    EXPECT_EQ(store->is_empty(), !store->keeps());
    store->remove(second);
    EXPECT_TRUE(store->is_empty());
}

TEST_P(StoreContract, AnIdIsNeverOverwritten)
{
    if (!store->keeps()) {
        return;
    }
    const HeldId id = new_id();
    put(*store, id, "first");
    EXPECT_THROW(put(*store, id, "second"), BackendError);
    EXPECT_EQ(get(*store, id), "first");
}

TEST_P(StoreContract, RemovingSaysWhetherThereWasSomething)
{
    const HeldId id = new_id();
    EXPECT_FALSE(store->remove(id));
    put(*store, id, "x");
    EXPECT_EQ(store->remove(id), store->keeps());
    EXPECT_FALSE(store->remove(id));
    EXPECT_EQ(store->open(id), nullptr);
}

TEST_P(StoreContract, ListsOldestFirstAndStopsWhenTold)
{
    std::vector<HeldId> ids;
    for (int i = 0; i < 5; ++i) {
        ids.emplace_back(Time(std::chrono::hours(24 * 300 * (60 + i))), random_bytes(10));
        put(*store, ids.back(), "x");
    }
    if (!store->keeps()) {
        return;
    }
    std::vector<HeldId> listed;
    store->list(Time{}, [&](const HeldId& id) {
        listed.push_back(id);
        return listed.size() < 4;
    });
    ids.resize(4);
    EXPECT_EQ(listed, ids);
}

TEST_P(StoreContract, ListsFromAMomentOn)
{
    std::vector<HeldId> ids;
    for (int i = 0; i < 48; ++i) {
        ids.emplace_back(Time(std::chrono::hours(24 * 365 * 30 + 12 * i)), random_bytes(10));
        put(*store, ids.back(), "x");
    }
    if (!store->keeps()) {
        return;
    }
    for (const std::size_t first : {std::size_t{0}, std::size_t{1}, std::size_t{17}, std::size_t{47}}) {
        std::vector<HeldId> listed;
        store->list(ids[first].time(), [&](const HeldId& id) {
            listed.push_back(id);
            return true;
        });
        EXPECT_EQ(listed, std::vector<HeldId>(ids.begin() + static_cast<std::ptrdiff_t>(first), ids.end()));
    }
}

TEST_P(StoreContract, ManyThreadsAtOnce)
{
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 8; ++thread) {
        threads.emplace_back([&] {
            for (int i = 0; i < 20; ++i) {
                const HeldId id = new_id();
                put(*store, id, id.str());
                if (store->keeps()) {
                    EXPECT_EQ(get(*store, id), id.str());
                }
            }
        });
    }
    threads.clear();
    std::size_t count = 0;
    store->list(Time{}, [&](const HeldId&) {
        ++count;
        return true;
    });
    EXPECT_EQ(count, store->keeps() ? 160U : 0U);
}

TEST_P(StoreContract, CheckCreatesNothing)
{
    EXPECT_NO_THROW(store->check());
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract,
                         testing::ValuesIn(store::builtin_stores().begin(), store::builtin_stores().end()),
                         [](const auto& type) { return std::string(type.param.name); });

} // namespace qm
