#include "base/log.h"

#include <algorithm>
#include <memory>

#include <syslog.h>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>

#include "base/queued_sink.h"
#include "base/text.h"

namespace qm::log {
namespace {

constexpr const char* kIdent = "quarantine-milter";
constexpr std::size_t kMaxValue = 1000;

spdlog::level::level_enum to_spdlog(Level level)
{
    switch (level) {
    case Level::debug:
        return spdlog::level::debug;
    case Level::info:
        return spdlog::level::info;
    case Level::warning:
        return spdlog::level::warn;
    case Level::error:
        break;
    }
    return spdlog::level::err;
}

std::shared_ptr<QueuedSink> queued(std::shared_ptr<spdlog::sinks::sink> sink)
{
    return std::make_shared<QueuedSink>(std::move(sink));
}

std::shared_ptr<spdlog::logger> make(Target target)
{
    switch (target) {
    case Target::journal: {
        auto logger = std::make_shared<spdlog::logger>(
            kIdent, queued(std::make_shared<spdlog::sinks::systemd_sink_mt>(kIdent, true)));
        logger->set_pattern("%v");
        return logger;
    }
    case Target::syslog: {
        auto logger = std::make_shared<spdlog::logger>(
            kIdent, queued(std::make_shared<spdlog::sinks::syslog_sink_mt>(kIdent, LOG_PID, LOG_MAIL, true)));
        logger->set_pattern("%v");
        return logger;
    }
    case Target::standard_error:
        break;
    }
    auto logger =
        std::make_shared<spdlog::logger>(kIdent, queued(std::make_shared<spdlog::sinks::stderr_sink_mt>()));
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %n[%P]: %v");
    return logger;
}

// Never destroyed: threads of libmilter may outlive main().
std::shared_ptr<spdlog::logger>& logger()
{
    static auto* const current = new std::shared_ptr<spdlog::logger>(make(Target::standard_error));
    return *current;
}

void append_value(std::string& line, std::string_view value)
{
    const std::string shown = text::printable(value, kMaxValue);
    if (shown.find_first_of(",=\"") == std::string::npos) {
        line += shown;
        return;
    }
    line.push_back('"');
    for (const char c : shown) {
        if (c == '"') {
            line.push_back('\\');
        }
        line.push_back(c);
    }
    line.push_back('"');
}

/// A queue id is a word. Whatever else a file or another program says, it cannot look like the rest of a
/// line.
std::string word(std::string_view subject)
{
    constexpr std::size_t kMaxSubject = 100;
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    std::string result(subject.substr(0, kMaxSubject));
    std::ranges::replace_if(
        result, [&](char c) { return kLetters.find(c) == std::string_view::npos; }, '?');
    return result;
}

} // namespace

void open(Target target, Level level)
{
    logger() = make(target);
    set_level(level);
}

bool wait_until_written(std::chrono::milliseconds patience)
{
    return static_cast<QueuedSink&>(*logger()->sinks().front()).wait_until_written(patience);
}

void set_level(Level level)
{
    logger()->set_level(to_spdlog(level));
}

bool enabled(Level level)
{
    return logger()->should_log(to_spdlog(level));
}

void write(Level level, std::string_view subject, std::initializer_list<Field> fields)
{
    if (!enabled(level)) {
        return;
    }
    std::string line = word(subject);
    line += ": ";
    bool first = true;
    for (const Field& field : fields) {
        if (!first) {
            line += ", ";
        }
        first = false;
        line.append(field.key);
        line.push_back('=');
        append_value(line, field.value);
    }
    logger()->log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

} // namespace qm::log
