#include "base/queued_sink.h"

#include <atomic>
#include <latch>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/logger.h>

namespace qm::log {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

/// Writes down what it is given; the first line waits until it may go on.
class SlowSink final : public spdlog::sinks::sink {
  public:
    void log(const spdlog::details::log_msg& message) override
    {
        if (!begun.test_and_set()) {
            begun.notify_all();
            may_go_on.wait();
        }
        lines.emplace_back(message.payload.data(), message.payload.size());
    }
    void flush() override {}
    void set_pattern(const std::string& /*pattern*/) override {}
    void set_formatter(std::unique_ptr<spdlog::formatter> /*formatter*/) override {}

    std::atomic_flag begun;
    std::latch may_go_on{1};
    std::vector<std::string> lines; ///< one thread at a time writes
};

class QueuedSinkTest : public testing::Test {
  protected:
    void open(std::size_t memory) { queued_ = std::make_shared<QueuedSink>(slow_, memory); }
    void write(const std::string& text)
    {
        queued_->log(spdlog::details::log_msg("", spdlog::level::info, text));
    }
    /// A line that hangs in the sink until let_go().
    void begin()
    {
        stuck_ = std::jthread([this] { write("stuck"); });
        slow_->begun.wait(false);
    }
    void let_go()
    {
        slow_->may_go_on.count_down();
        stuck_.join();
        ASSERT_TRUE(queued_->wait_until_written(seconds(20)));
    }

    std::shared_ptr<SlowSink> slow_ = std::make_shared<SlowSink>();
    std::shared_ptr<QueuedSink> queued_;
    std::jthread stuck_;
};

TEST_F(QueuedSinkTest, ALineIsWrittenBeforeItsWriterGoesOn)
{
    open(QueuedSink::kMemory);
    slow_->may_go_on.count_down();
    write("one");
    EXPECT_THAT(slow_->lines, ElementsAre("one"));
    write("two");
    EXPECT_THAT(slow_->lines, ElementsAre("one", "two"));
}

TEST_F(QueuedSinkTest, WhoeverComesWhileOneHangsGoesOnAndNothingIsLost)
{
    open(QueuedSink::kMemory);
    begin();
    std::vector<std::string> expected{"stuck"};
    for (int i = 0; i < 1000; ++i) {
        expected.push_back("line " + std::to_string(i));
        write(expected.back()); // returns
    }
    EXPECT_FALSE(queued_->wait_until_written(std::chrono::milliseconds(1)));
    let_go();
    EXPECT_EQ(slow_->lines, expected);
}

TEST_F(QueuedSinkTest, WhatHasNoRoomIsCounted)
{
    open(10);
    begin();
    for (const char* const text : {"1234", "5678", "abc", "d", "much too long"}) {
        write(text);
    }
    let_go();
    EXPECT_THAT(slow_->lines, ElementsAre("stuck", "1234", "5678", "d", "log: lines=2, status=lost"));
    write("as before");
    EXPECT_EQ(slow_->lines.back(), "as before");
}

TEST_F(QueuedSinkTest, TheEndWaitsForWhatIsWaiting)
{
    open(QueuedSink::kMemory);
    begin();
    write("last words");
    slow_->may_go_on.count_down();
    stuck_.join();
    queued_.reset();
    EXPECT_THAT(slow_->lines, ElementsAre("stuck", "last words"));
}

TEST_F(QueuedSinkTest, ManyAtOnceLoseNothingAndEachKeepsItsOrder)
{
    open(QueuedSink::kMemory);
    slow_->may_go_on.count_down();
    constexpr int kLines = 500;
    {
        std::vector<std::jthread> threads;
        for (const char name : {'a', 'b', 'c', 'd'}) {
            threads.emplace_back([&, name] {
                for (int i = 0; i < kLines; ++i) {
                    write(name + std::to_string(i));
                }
            });
        }
    }
    ASSERT_TRUE(queued_->wait_until_written(seconds(20)));
    EXPECT_EQ(slow_->lines.size(), 4U * kLines);
    for (const char name : {'a', 'b', 'c', 'd'}) {
        int next = 0;
        for (const std::string& line : slow_->lines) {
            if (line.front() == name) {
                EXPECT_EQ(line, name + std::to_string(next++));
            }
        }
    }
}

TEST_F(QueuedSinkTest, ASinkThatFailsStopsNobody)
{
    class Broken final : public spdlog::sinks::sink {
        void log(const spdlog::details::log_msg& /*message*/) override { throw std::runtime_error("full"); }
        void flush() override {}
        void set_pattern(const std::string& /*pattern*/) override {}
        void set_formatter(std::unique_ptr<spdlog::formatter> /*formatter*/) override {}
    };
    queued_ = std::make_shared<QueuedSink>(std::make_shared<Broken>());
    EXPECT_NO_THROW(write("one"));
    EXPECT_NO_THROW(write("two"));
    EXPECT_TRUE(queued_->wait_until_written(seconds(20)));
}

} // namespace
} // namespace qm::log
