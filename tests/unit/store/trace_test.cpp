#include "store/trace.h"

#include <cstring>

#include <gtest/gtest.h>

#include "base/random.h"
#include "quarantine/error.h"

namespace qm::store {
namespace {

class TextReader final : public MessageReader {
  public:
    explicit TextReader(std::string text, std::size_t step = SIZE_MAX) : text_(std::move(text)), step_(step)
    {
    }
    std::size_t read(std::span<char> buffer) override
    {
        const std::size_t count = text_.copy(buffer.data(), std::min(buffer.size(), step_), next_);
        next_ += count;
        return count;
    }

  private:
    std::string text_;
    std::size_t step_;
    std::size_t next_ = 0;
};

std::string all_of(MessageReader& reader)
{
    std::string text;
    std::array<char, 7> buffer{};
    while (const std::size_t got = reader.read(buffer)) {
        text.append(buffer.data(), got);
    }
    return text;
}

Trace example()
{
    Trace trace;
    trace.id = HeldId(Time(std::chrono::seconds(1'785'000'000)), random_bytes(10));
    trace.quarantine = "spam";
    trace.received = trace.id.time();
    trace.queue_id = "4XqR2b1tZ7z";
    trace.sender = "a%b@example.org";
    trace.recipients = {"\"odd local\"@example.org", "böse@example.org", "tab\there@example.org"};
    return trace;
}

} // namespace

TEST(Trace, ComesBackAsWritten)
{
    const Trace trace = example();
    TextReader reader(write_trace(trace) + "Subject: x\r\n\r\nbody");
    const Trace read = read_trace(reader);
    EXPECT_EQ(read.id, trace.id);
    EXPECT_EQ(read.quarantine, trace.quarantine);
    EXPECT_EQ(read.sender, trace.sender);
    EXPECT_EQ(read.recipients, trace.recipients);
    EXPECT_EQ(read.queue_id, trace.queue_id);
    EXPECT_EQ(read.received, trace.received);
}

TEST(Trace, ASendersOwnTraceHeaderStaysAHeader)
{
    const std::string message =
        "X-Quarantine-Trace: 1 3\r\nX-Quarantine-End: gotcha\r\nSubject: x\r\n\r\nbody";
    for (const std::size_t step : {std::size_t{1}, std::size_t{100}, SIZE_MAX}) {
        const auto rest = without_trace(std::make_unique<TextReader>(write_trace(example()) + message, step));
        EXPECT_EQ(all_of(*rest), message);
    }
}

TEST(Trace, ALineEndInAnAddressMakesNoLine)
{
    Trace trace = example();
    trace.sender = "x>\r\nX-Quarantine-End: 1\r\n<y";
    TextReader reader(write_trace(trace) + "body");
    EXPECT_EQ(read_trace(reader).sender, trace.sender);
}

TEST(Trace, WhatCouldNotBeReadBackIsNotWritten)
{
    for (const char letter : {'x', '\x01'}) {
        const std::size_t nearly = letter == 'x' ? 8'100 : 2'700;
        int written = 0;
        for (std::size_t size = nearly; size < nearly + 100; ++size) {
            for (const bool is_sender : {true, false}) {
                Trace trace = example();
                (is_sender ? trace.sender : trace.recipients.back()) = std::string(size, letter);
                std::string text;
                try {
                    text = write_trace(trace);
                } catch (const BackendError&) {
                    continue;
                }
                ++written;
                TextReader reader(text + "body");
                const Trace read = read_trace(reader);
                ASSERT_EQ(read.sender, trace.sender);
                ASSERT_EQ(read.recipients, trace.recipients);
            }
        }
        EXPECT_GT(written, 20);
        EXPECT_LT(written, 180);
    }
}

TEST(Trace, ABrokenBlockIsAnError)
{
    for (const char* const text :
         {"", "Subject: x\r\n\r\n", "X-Quarantine-Trace: 1 5\r\n", "X-Quarantine-Trace: 1 999999999\r\n",
          "X-Quarantine-Trace: 1 2\r\nX-Quarantine-Id: x\r\n", "X-Quarantine-Trace: 1 -1\r\n"}) {
        EXPECT_THROW(without_trace(std::make_unique<TextReader>(text)), BackendError) << text;
    }
}

} // namespace qm::store
