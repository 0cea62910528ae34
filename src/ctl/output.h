// What the program says: to people, to scripts (JSON), and about what went wrong. Text out of a mail, a
// database or a file name is made harmless before a terminal sees it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace qm::ctl {

/// Lines of text fit for a terminal: valid UTF-8, line ends and tabs as they are, other controls and
/// deceptive characters as text::printable() writes them. Twice is once.
std::string harmless_lines(std::string_view text);

/// The same for one line: line ends and tabs are controls too. At most about `limit` bytes.
std::string harmless_line(std::string_view text, std::size_t limit = 1000);

/// The value on several lines. Never throws for what its strings hold: invalid UTF-8 becomes U+FFFD, and
/// characters that are controls or deceptive stand as \uXXXX.
std::string harmless_json(const nlohmann::json& value);

/// "1 200"
std::string grouped(std::uint64_t number);

/// "1 mail", "2 mails"
std::string counted(std::uint64_t number, std::string_view one, std::string_view many);

/// Where the words go and what the other end can show.
struct Streams {
    std::FILE* out = stdout;
    std::FILE* err = stderr;
    bool out_is_terminal = false;
    bool err_is_terminal = false;
    bool colours = false;
    std::size_t width = 0; ///< columns of the terminal; 0: no limit

    /// Those of this process.
    static Streams of_process();
};

/// Thread-safety: none.
class Output {
  public:
    Output(const Streams& streams, bool json) : streams_(streams), json_(json) {}

    bool wants_json() const { return json_; }
    bool is_terminal() const { return streams_.out_is_terminal; }
    /// Columns of the terminal; without one a number larger than any line.
    std::size_t width() const;

    /// To standard output, as it is.
    void write(std::string_view bytes);
    /// The same with a line end behind. The caller has made it harmless.
    void line(std::string_view text);
    void json(const nlohmann::json& value);
    /// Marked where colours are shown.
    std::string strong(std::string_view text) const;
    std::string alarming(std::string_view text) const;

    /// A line to standard error: what failed, and why. Any bytes.
    void problem(std::string_view what);
    /// A line to standard error that is no failure. Any bytes.
    void remark(std::string_view what);
    /// How far long work is, where standard error is a terminal; `of` 0: not known. Now and then is enough.
    void progress(std::string_view what, std::uint64_t done, std::uint64_t of);

    /// Hands out what is buffered. Returns "" or why it could not be written.
    std::string finish();

  private:
    void complain(const std::string& text);
    void end_progress();
    std::string marked(std::string_view text, std::string_view code) const;

    Streams streams_;
    bool json_;
    bool progress_shown_ = false;
    std::int64_t progress_at_ = 0;
    int write_error_ = 0;
};

} // namespace qm::ctl
