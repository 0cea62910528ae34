// Takes the text of an INI file apart: sections, options, what is neither; every one with its line.
#pragma once

#include <string>
#include <string_view>

namespace qm::config {

/// What a file may be at most. What is longer is refused as a whole, never cut.
constexpr std::size_t kLongestFile = 1048576;
constexpr std::size_t kLongestLine = 65536;
constexpr std::size_t kLongestSectionName = 40;

/// Is told what stands in the file, from its first line to its last.
class IniVisitor {
  public:
    virtual ~IniVisitor() = default;

    /// `[name]`. An empty name: a header that cannot be read, told by broken() already.
    virtual void section(int line, const std::string& name) = 0;
    /// `name = value` or `name: value`, trimmed; the name as written. Lines that continue the value are
    /// joined with "\n"; `%%` is `%`.
    virtual void option(int line, const std::string& name, const std::string& value) = 0;
    /// True if there is an option of this name: then an indented line `name = value` is not meant to
    /// continue the value before it.
    virtual bool is_option(std::string_view name) const = 0;
    /// A mistake in this line; it is skipped or read as well as it can be.
    virtual void broken(int line, const std::string& what) = 0;
    virtual void doubtful(int line, const std::string& what) = 0;
};

/// Reads the text; inih decides what a line is. The rules are those of Python's ConfigParser, with which
/// existing files were written:
///  - `#` and `;` begin a comment where they are the first character of a line that is no blank;
///  - a line indented deeper than its option continues the value; empty lines inside a value belong to it,
///    those in front of it do not;
///  - LF and CRLF end a line; a byte order mark at the start is skipped.
/// Errors: none; std::bad_alloc. Takes time in proportion to the text.
void read_ini(std::string_view text, IniVisitor& visitor);

/// The value as it has to be written, so that reading it gives it back: `%` doubled, line ends indented.
std::string as_written(std::string_view value);

} // namespace qm::config
