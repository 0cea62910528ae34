// The log: one line an event, `key=value` pairs, the mail server's queue id first.
//
//   4XqR2b1tZ7z: quarantine=spam, id=01j4..., from=<a@b.example>, action=DISCARD, status=quarantined
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace qm::log {

enum class Target : std::uint8_t { journal, syslog, standard_error };
enum class Level : std::uint8_t { debug, info, warning, error };

/// Opens the target (syslog: facility mail). Before the first open() everything goes to standard error.
/// Thread-safety: called once, before threads start.
void open(Target target, Level level);
/// Lines that could not be written at once (see base/queued_sink.h) are written now. False when the time
/// ended first.
bool wait_until_written(std::chrono::milliseconds patience);
void set_level(Level level);
bool enabled(Level level);

struct Field {
    std::string_view key;
    std::string value;
};

/// Writes one line: `subject: key=value, key=value`. `subject` is the queue id where there is one, "NOQUEUE"
/// for a mail without one yet, else the part of the program ("daemon", "postman"); of it letters, digits,
/// dots, dashes and underscores stay, anything else is a question mark. Values may hold any bytes: they are
/// made printable and quoted where they contain a comma, an equals sign or a quote.
///
/// Thread-safety: may be called from any thread. A log that hangs holds up one caller at most; what it does
/// not take is counted.
void write(Level level, std::string_view subject, std::initializer_list<Field> fields);

inline void debug(std::string_view subject, std::initializer_list<Field> fields)
{
    if (enabled(Level::debug)) {
        write(Level::debug, subject, fields);
    }
}
inline void info(std::string_view subject, std::initializer_list<Field> fields)
{
    write(Level::info, subject, fields);
}
inline void warning(std::string_view subject, std::initializer_list<Field> fields)
{
    write(Level::warning, subject, fields);
}
inline void error(std::string_view subject, std::initializer_list<Field> fields)
{
    write(Level::error, subject, fields);
}

} // namespace qm::log
