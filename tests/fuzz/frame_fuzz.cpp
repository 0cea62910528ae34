// Any bytes as what a preview worker answers, and as what it is asked: they are taken or not, never half.
// What was taken is the same when it is written again. A worker answers every request that came whole, with
// what it was asked, and none that did not.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "fuzz/property.h"
#include "preview/frame.h"
#include "preview/worker.h"

namespace {

using namespace qm;
using namespace qm::preview;
using fuzz::expect;

constexpr std::size_t kMaxInput = 16U << 10U; ///< fits the buffer of a socket
constexpr std::size_t kMaxEcho = 1000;

/// Steps of a reader, as the first bytes say. It never takes more than there is, and nothing after a failure.
void check_reader(std::string_view input)
{
    const std::size_t steps = std::min<std::size_t>(input.size() / 2, 20);
    FrameReader reader(input.substr(steps));
    std::size_t left = input.size() - steps;
    for (const char step : input.substr(0, steps)) {
        const bool was_good = reader.is_good();
        if (step % 2 == 0) {
            const auto bytes = 1 + static_cast<std::size_t>(static_cast<unsigned char>(step) / 2 % 8);
            const std::uint64_t value = reader.number(bytes);
            expect(reader.is_good() == (was_good && bytes <= left), "a number is taken when it is there");
            expect(reader.is_good() || value == 0, "what is not there is 0");
            left -= reader.is_good() ? bytes : 0;
        } else {
            const std::string value = reader.string();
            expect(was_good || !reader.is_good(), "a reader stays bad");
            expect(reader.is_good() || value.empty(), "what is not there is empty");
            expect(!reader.is_good() || value.size() + 4 <= left, "a string is in what is left");
            left -= reader.is_good() ? value.size() + 4 : 0;
        }
    }
    expect(reader.at_end() == (reader.is_good() && left == 0), "the end is known");
}

void check_answer(std::string_view input)
{
    if (const auto preview = read_preview(input)) {
        expect(written(*preview) == input, "an answer is what it was");
        expect(!read_preview(std::string(input) + "x"), "nothing stands behind an answer");
        expect(!read_preview(input.substr(0, input.size() - 1)), "half an answer is none");
    }
}

void check_request(std::string_view input)
{
    if (const auto request = read_request(input)) {
        const std::string again = written(*request);
        expect(again.substr(2) == input.substr(2), "a request is what it was");
        expect(again[1] == input[1] || request->task == Task::message,
               "a task that nobody knows is the one that needs less trust");
        const auto read = read_request(again);
        expect(read && written(*read) == again, "a request is read again");
    }
}

// ---- A worker ---------------------------------------------------------------------------------------------

/// What a worker is asked.
struct Asked {
    Request request;
    std::string message;
    std::uint32_t end = 0;
};

std::string number(std::uint64_t value)
{
    FrameWriter writer;
    writer.number(value, 4);
    return writer.take();
}

/// Each piece has the length that its first byte says.
std::string stream_of(const Asked& asked)
{
    const std::string head = written(asked.request);
    std::string bytes = number(head.size()) + head;
    for (std::string_view rest = asked.message; !rest.empty();) {
        const std::string_view piece = rest.substr(0, 1 + static_cast<unsigned char>(rest.front()));
        bytes += number(piece.size()) + std::string(piece);
        rest.remove_prefix(piece.size());
    }
    return bytes + number(asked.end);
}

/// Requests as the input says: a byte for how one ends, one for its length, its bytes.
std::vector<Asked> requests_of(std::string_view input)
{
    constexpr std::array<std::uint32_t, 4> kEnds{0, kCutHere, kForget, 0};
    constexpr std::size_t kMost = 10;
    std::vector<Asked> all;
    while (input.size() > 2 && all.size() < kMost) {
        Asked asked;
        const auto kind = static_cast<unsigned char>(input[0]);
        asked.request.task = kind % 8 < 4 ? Task::message : Task::html;
        asked.request.max_text = kind;
        asked.request.replacement_image = kind % 16 < 8 ? "" : "cid:removed.png";
        asked.end = kEnds.at(kind % kEnds.size());
        asked.message = input.substr(2, std::size_t{3} * static_cast<unsigned char>(input[1]));
        input.remove_prefix(2 + asked.message.size());
        all.push_back(std::move(asked));
    }
    return all;
}

struct Served {
    int code = 0;
    std::vector<Asked> rendered;
    std::string answers;
};

std::string all_of(int descriptor)
{
    std::string bytes;
    std::array<char, 65536> buffer{};
    for (;;) {
        const ssize_t got = recv(descriptor, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got <= 0) {
            return bytes;
        }
        bytes.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

/// What a worker makes of a stream; it is this process.
Served served(const std::string& stream)
{
    std::array<int, 2> ends{};
    expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0, "there is a socket");
    const FileDescriptor ours(ends[0]);
    const FileDescriptor before(dup(STDIN_FILENO));
    dup2(ends[1], STDIN_FILENO);
    close(ends[1]);
    expect(write_all(ours.get(), stream) == 0, "the stream fits");
    shutdown(ours.get(), SHUT_WR);
    Served served;
    const Render render = [&](const Request& request, std::string_view message, bool cut) {
        served.rendered.push_back(
            {.request = request, .message = std::string(message), .end = cut ? kCutHere : 0});
        Preview preview;
        preview.text = message.substr(0, kMaxEcho);
        return preview;
    };
    // Each in a process of its own, which this one stands for.
    while (served.code == EX_OK) {
        served.code = answer_one(render);
    }
    served.answers = all_of(ours.get());
    dup2(before ? before.get() : ours.get(), STDIN_FILENO);
    return served;
}

bool same(const Asked& a, const Asked& b)
{
    return written(a.request) == written(b.request) && a.message == b.message && a.end == b.end;
}

void expect_answers(const Served& served)
{
    std::string expected;
    for (const Asked& asked : served.rendered) {
        Preview preview;
        preview.text = asked.message.substr(0, kMaxEcho);
        const std::string bytes = written(preview);
        expected += number(bytes.size()) + bytes;
    }
    expect(served.answers == expected, "every request has its answer");
}

/// Whole requests, and behind them one that breaks off.
void check_worker(std::string_view input)
{
    std::string stream;
    std::string last;
    std::vector<Asked> expected;
    for (const Asked& asked : requests_of(input)) {
        last = stream_of(asked);
        stream += last;
        if (asked.end != kForget) {
            expected.push_back(asked);
        }
    }
    const std::size_t half = last.empty() ? 0 : static_cast<unsigned char>(input.back()) % last.size();
    const Served result = served(stream + last.substr(0, half));
    expect(result.code == kNobodyThere, "a worker ends when nobody asks");
    expect(std::ranges::equal(result.rendered, expected, same), "a worker renders what it was asked");
    expect_answers(result);
}

void check_head(std::string_view input)
{
    const Served result = served(number(input.size()) + std::string(input) + number(0));
    const bool good = read_request(input).has_value();
    expect(result.code == (good ? kNobodyThere : EX_PROTOCOL), "nonsense ends a worker");
    expect(result.rendered.size() == (good ? 1U : 0U), "nonsense is not rendered");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are bytes
    const std::string_view input(reinterpret_cast<const char*>(data), std::min(size, kMaxInput));
    check_reader(input);
    check_answer(input);
    check_request(input);
    check_worker(input);
    check_head(input);
    return 0;
}
