#include "ctl/output.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"

namespace qm::ctl {
namespace {

constexpr std::size_t kMaxProblem = 4000;
constexpr std::int64_t kProgressEvery = 100; // milliseconds
constexpr std::string_view kProgram = "quarantinectl";

std::int64_t milliseconds_now()
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

bool is_set(const char* variable)
{
    // NOLINTNEXTLINE(concurrency-mt-unsafe): read before threads start
    const char* const value = std::getenv(variable);
    return value != nullptr && *value != '\0';
}

std::size_t terminal_width()
{
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return 80;
    }
    return std::max<std::size_t>(size.ws_col, 40);
}

} // namespace

std::string harmless_lines(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = text::utf8_length(text);
        const text::Character character = text::first_character(text);
        const std::string_view piece = text.substr(0, character.bytes);
        if (piece == "\r") {
            result += text.starts_with("\r\n") ? "" : "\n";
        } else if (piece != "\n" && piece != "\t" && (length == 0 || text::is_deceptive(character.code))) {
            result += text::printable(piece);
        } else {
            result += piece;
        }
        text.remove_prefix(character.bytes);
    }
    return result;
}

std::string harmless_line(std::string_view text, std::size_t limit)
{
    std::string result;
    while (!text.empty()) {
        const std::size_t length = text::utf8_length(text);
        const text::Character character = text::first_character(text);
        const std::string_view piece = text.substr(0, character.bytes);
        if (result.size() >= limit) {
            return result + "...";
        }
        if (length == 0 || text::is_deceptive(character.code)) {
            result += text::printable(piece);
        } else {
            result += piece;
        }
        text.remove_prefix(character.bytes);
    }
    return result;
}

std::string harmless_json(const nlohmann::json& value)
{
    const std::string dumped = value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
    std::string result;
    result.reserve(dumped.size());
    for (std::string_view rest = dumped; !rest.empty();) {
        const text::Character character = text::first_character(rest);
        // Controls below a blank are escaped by dump(); the others are its own line ends.
        if (character.code < 0x20 || !text::is_deceptive(character.code)) {
            result += rest.substr(0, character.bytes);
        } else if (character.code < 0x10000) {
            result += fmt::format("\\u{:04x}", static_cast<unsigned>(character.code));
        } else {
            const auto above = static_cast<unsigned>(character.code) - 0x10000U;
            result += fmt::format("\\u{:04x}\\u{:04x}", 0xD800U + (above >> 10U), 0xDC00U + (above & 0x3FFU));
        }
        rest.remove_prefix(character.bytes);
    }
    return result;
}

std::string grouped(std::uint64_t number)
{
    std::string digits = std::to_string(number);
    for (std::size_t place = digits.size(); place > 3;) {
        place -= 3;
        digits.insert(place, " ");
    }
    return digits;
}

std::string counted(std::uint64_t number, std::string_view one, std::string_view many)
{
    return fmt::format("{} {}", grouped(number), number == 1 ? one : many);
}

Streams Streams::of_process()
{
    Streams streams;
    streams.out_is_terminal = isatty(STDOUT_FILENO) != 0;
    streams.err_is_terminal = isatty(STDERR_FILENO) != 0;
    streams.width = streams.out_is_terminal ? terminal_width() : 0;
    streams.colours = streams.out_is_terminal && !is_set("NO_COLOR");
    return streams;
}

std::size_t Output::width() const
{
    return streams_.width != 0 ? streams_.width : SIZE_MAX;
}

void Output::write(std::string_view bytes)
{
    end_progress();
    if (write_error_ == 0 && std::fwrite(bytes.data(), 1, bytes.size(), streams_.out) != bytes.size()) {
        write_error_ = errno;
    }
}

void Output::line(std::string_view text)
{
    write(fmt::format("{}\n", text));
}

void Output::json(const nlohmann::json& value)
{
    line(harmless_json(value));
}

std::string Output::marked(std::string_view text, std::string_view code) const
{
    return streams_.colours ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

std::string Output::strong(std::string_view text) const
{
    return marked(text, "1");
}

std::string Output::alarming(std::string_view text) const
{
    return marked(text, "1;31");
}

void Output::complain(const std::string& text)
{
    // Where standard error is closed nobody wants to know.
    static_cast<void>(std::fwrite(text.data(), 1, text.size(), streams_.err));
    static_cast<void>(std::fflush(streams_.err));
}

void Output::problem(std::string_view what)
{
    end_progress();
    complain(fmt::format("{}: {}\n", kProgram, harmless_line(what, kMaxProblem)));
}

void Output::remark(std::string_view what)
{
    end_progress();
    complain(fmt::format("{}\n", harmless_line(what, kMaxProblem)));
}

void Output::progress(std::string_view what, std::uint64_t done, std::uint64_t of)
{
    const std::int64_t now = milliseconds_now();
    if (!streams_.err_is_terminal || (progress_shown_ && now - progress_at_ < kProgressEvery)) {
        return;
    }
    progress_at_ = now;
    progress_shown_ = true;
    const std::string amount = of > 0 ? fmt::format("{} of {}", grouped(done), grouped(of)) : grouped(done);
    complain(fmt::format("\r\x1b[K{}: {}", text::one_line(what, 60), amount));
}

void Output::end_progress()
{
    if (progress_shown_) {
        progress_shown_ = false;
        complain("\r\x1b[K");
    }
}

std::string Output::finish()
{
    end_progress();
    if (std::fflush(streams_.out) != 0 && write_error_ == 0) {
        write_error_ = errno;
    }
    return write_error_ == 0 ? "" : error_text(write_error_);
}

} // namespace qm::ctl
