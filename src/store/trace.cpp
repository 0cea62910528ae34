#include "store/trace.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/text.h"
#include "quarantine/error.h"

namespace qm::store {
namespace {

constexpr std::string_view kFirst = "X-Quarantine-Trace: 1 ";
constexpr std::size_t kMaxLine = 8192;
/// More than one mail can have recipients.
constexpr std::size_t kMaxLines = 1'000'000;

std::string encoded(std::string_view value)
{
    std::string result;
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F || c == '%') {
            fmt::format_to(std::back_inserter(result), "%{:02X}", byte);
        } else {
            result.push_back(c);
        }
    }
    return result;
}

std::string decoded(std::string_view value)
{
    std::string result;
    for (std::size_t i = 0; i < value.size(); ++i) {
        unsigned byte = 0;
        if (value[i] == '%' && i + 2 < value.size() &&
            std::from_chars(value.data() + i + 1, value.data() + i + 3, byte, 16).ptr ==
                value.data() + i + 3) {
            result.push_back(static_cast<char>(byte));
            i += 2;
        } else {
            result.push_back(value[i]);
        }
    }
    return result;
}

std::string_view inside_brackets(std::string_view value)
{
    if (value.size() >= 2 && value.front() == '<' && value.back() == '>') {
        return value.substr(1, value.size() - 2);
    }
    return value;
}

BackendError broken(std::string_view what)
{
    return BackendError(fmt::format("store: the trace lines of a message are broken: {}", what));
}

BackendError unwritable(std::string_view what)
{
    return BackendError(fmt::format("store: the trace lines of a message cannot be written: {}", what));
}

/// The block has a few hundred bytes, so reading it byte by byte through this buffer costs nothing that
/// matters; what was read beyond it is handed on.
class LineReader {
  public:
    explicit LineReader(MessageReader& reader) : reader_(reader) {}

    std::string line()
    {
        std::string text;
        for (;;) {
            if (next_ == filled_) {
                filled_ = reader_.read(buffer_);
                next_ = 0;
                if (filled_ == 0) {
                    throw broken("the message ends in them");
                }
            }
            const char c = buffer_.at(next_++);
            if (c == '\n') {
                if (!text.empty() && text.back() == '\r') {
                    text.pop_back();
                }
                return text;
            }
            text.push_back(c);
            if (text.size() > kMaxLine) {
                throw broken("a line is too long");
            }
        }
    }

    std::string rest() const { return {buffer_.data() + next_, filled_ - next_}; }

  private:
    MessageReader& reader_;
    std::array<char, 4096> buffer_{};
    std::size_t next_ = 0;
    std::size_t filled_ = 0;
};

std::vector<std::string> block_lines(LineReader& reader)
{
    std::vector<std::string> lines{reader.line()};
    std::size_t count = 0;
    const std::string_view first = lines.front();
    if (!first.starts_with(kFirst) ||
        std::from_chars(first.data() + kFirst.size(), first.data() + first.size(), count).ptr !=
            first.data() + first.size() ||
        count < 2 || count > kMaxLines) {
        throw broken("the first line is not theirs");
    }
    while (lines.size() < count) {
        lines.push_back(reader.line());
    }
    if (!lines.back().starts_with("X-Quarantine-End: ")) {
        throw broken("the end mark is missing");
    }
    return lines;
}

class RestReader final : public MessageReader {
  public:
    RestReader(std::unique_ptr<MessageReader> reader, std::string begun)
        : reader_(std::move(reader)), begun_(std::move(begun))
    {
    }

    std::size_t read(std::span<char> buffer) override
    {
        if (next_ < begun_.size()) {
            const std::size_t count = begun_.copy(buffer.data(), buffer.size(), next_);
            next_ += count;
            return count;
        }
        return reader_->read(buffer);
    }

  private:
    std::unique_ptr<MessageReader> reader_;
    std::string begun_;
    std::size_t next_ = 0;
};

} // namespace

std::string write_trace(const Trace& trace)
{
    const std::size_t count = 7 + trace.recipients.size();
    if (count > kMaxLines) {
        throw unwritable("more recipients than can be read back");
    }
    std::string text = fmt::format("{}{}\r\n", kFirst, count);
    const auto line = [&](std::string_view name, std::string_view value) {
        const std::size_t begin = text.size();
        fmt::format_to(std::back_inserter(text), "X-Quarantine-{}: {}\r\n", name, value);
        if (text.size() - begin > kMaxLine + 1) { // the reader does not count the LF
            throw unwritable(fmt::format("{} is longer than can be read back", name));
        }
    };
    line("Id", trace.id.str());
    line("Name", encoded(trace.quarantine));
    line("Received", format_utc(trace.received));
    line("Queue-Id", encoded(trace.queue_id));
    line("Sender", fmt::format("<{}>", encoded(trace.sender)));
    for (const std::string& recipient : trace.recipients) {
        line("Recipient", fmt::format("<{}>", encoded(recipient)));
    }
    line("End", trace.id.str());
    return text;
}

Trace read_trace(MessageReader& reader)
{
    LineReader lines(reader);
    Trace trace;
    for (const std::string& line : block_lines(lines)) {
        const auto colon = line.find(": ");
        if (colon == std::string::npos) {
            throw broken("a line without a value");
        }
        const std::string_view name = std::string_view(line).substr(0, colon);
        const std::string_view value = std::string_view(line).substr(colon + 2);
        if (name == "X-Quarantine-Id") {
            trace.id = HeldId::parse(value);
        } else if (name == "X-Quarantine-Name") {
            trace.quarantine = decoded(value);
        } else if (name == "X-Quarantine-Queue-Id") {
            trace.queue_id = decoded(value);
        } else if (name == "X-Quarantine-Sender") {
            trace.sender = decoded(inside_brackets(value));
        } else if (name == "X-Quarantine-Recipient") {
            trace.recipients.push_back(decoded(inside_brackets(value)));
        }
    }
    if (trace.id.empty()) {
        throw broken("no id");
    }
    trace.received = trace.id.time();
    return trace;
}

std::unique_ptr<MessageReader> without_trace(std::unique_ptr<MessageReader> reader)
{
    LineReader lines(*reader);
    block_lines(lines);
    std::string begun = lines.rest();
    return std::make_unique<RestReader>(std::move(reader), std::move(begun));
}

} // namespace qm::store
