// How a backend describes and reads its options. A table of `Option` is all a backend needs to write: the
// parser accepts the names in it, the checks come from it, and the manual is printed from it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qm {

/// How the text of an option is read and checked.
enum class OptionKind : std::uint8_t {
    text,     ///< any text, may be empty
    choice,   ///< one of `Option::choices`, any case
    flag,     ///< yes, no, true, false, on, off, 1, 0
    number,   ///< a whole number between `min` and `max`
    duration, ///< number with unit s, m, h, d, w; without a unit it is seconds
    days,     ///< a whole number of days
    size,     ///< bytes, or with unit K, M, G (1024)
    path,     ///< a file or folder; relative paths start at the configuration file's folder
    list,     ///< comma-separated; also one item a line
    paths,    ///< comma-separated files
    secret, ///< text that is never printed; may also stand in a file, named by the option with suffix `_file`
};

/// One option: everything the parser, the checks and the manual need. Lives in a static table.
struct Option {
    std::string_view name;
    OptionKind kind = OptionKind::text;
    std::string_view fallback = {}; ///< default, as it would be written; "" may mean "none"
    std::string_view help = {};     ///< one or more sentences for the manual
    std::string_view choices =
        {}; ///< for choice: "first|last"; for list: the same, when only these are valid
    std::string_view aliases = {}; ///< other accepted names, "old_name|older_name"
    bool required = false;         ///< must be set (here or in [global]) where its table is in use
    std::int64_t min = 0;          ///< for number
    std::int64_t max = INT64_MAX;  ///< for number
    std::string_view example = {}; ///< a value for the manual
};

/// One section of the configuration with the defaults of [global] behind it: typed, checked access.
///
/// A value that cannot be read is noted as a mistake with its file, line, section and option, and the
/// fallback is returned: reading goes on, so that one run finds all mistakes. An option that is not in any
/// table handed to the parser is a logic_error, and so is one of another kind than the function's.
///
/// Values are trimmed; the lines of a value that goes on in indented lines are joined with "\n". All are
/// valid UTF-8 or noted as a mistake, except a `regex`.
///
/// Thread-safety: used by one thread, while the configuration is read.
class Section {
  public:
    virtual ~Section() = default;

    virtual const std::string& name() const = 0;

    /// The absolute folder of the configuration file: relative names start there.
    virtual std::string folder() const = 0;

    /// True if the option is written in this section or in [global], even with an empty value; a secret also
    /// when its `<option>_file` is.
    virtual bool is_set(std::string_view option) const = 0;

    /// As it is written; of every kind but a secret.
    virtual std::string text(std::string_view option) const = 0;
    /// The position of the value in Option::choices, counted from 0.
    virtual std::size_t choice(std::string_view option) const = 0;
    virtual bool flag(std::string_view option) const = 0;
    virtual std::int64_t number(std::string_view option) const = 0;           ///< number and days
    virtual std::chrono::seconds duration(std::string_view option) const = 0; ///< duration and days
    virtual std::uint64_t size(std::string_view option) const = 0;
    virtual std::string path(std::string_view option) const = 0; ///< absolute; "" if the value is empty
    virtual std::vector<std::string> list(std::string_view option) const = 0;
    virtual std::vector<std::string> paths(std::string_view option) const = 0;
    /// The secret itself: from the option, from the file named by `<option>_file` (first line; a relative
    /// name is looked for in $CREDENTIALS_DIRECTORY first), or "".
    virtual std::string secret(std::string_view option) const = 0;

    /// Notes a mistake of this option: `what` says what is wrong and what is expected.
    virtual void mistake(std::string_view option, std::string_view what) const = 0;
    /// The same for something that works but is probably not meant.
    virtual void warning(std::string_view option, std::string_view what) const = 0;
};

} // namespace qm
