#include "config/ini_file.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <optional>
#include <utility>

#include <ini.h>

#include <fmt/format.h>

#include "base/text.h"

namespace qm::config {
namespace {

/// inih cuts lines at 199 bytes and names at 49 unless it was built otherwise, takes ` ;` in a value for a
/// comment, and tells neither line numbers nor which lines were bad. So it never sees a value: it is handed
/// the line as far as the separator with the line's number in place of the value ("regex = 17"), or the
/// number in front of a section's name ("[17 spam]"). What it makes of that is its own; the true text is
/// found again by the number.
constexpr std::size_t kHandedBytes = 120;
constexpr int kNoMemory = -2; ///< what ini_parse_stream() returns then
constexpr std::string_view kBlank = " \t\r\n\v\f";

std::string_view trimmed(std::string_view text)
{
    const auto begin = text.find_first_not_of(kBlank);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::string without_doubled_percent(std::string_view value)
{
    std::string result;
    result.reserve(value.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
        result += value[i];
        if (value[i] == '%' && i + 1 < value.size() && value[i + 1] == '%') {
            ++i;
        }
    }
    return result;
}

class IniReader {
  public:
    IniReader(std::string_view text, IniVisitor& visitor) : rest_(text), visitor_(visitor) {}

    void run()
    {
        // Again and again: inih can be built to stop at the first line that it does not understand.
        do {
            if (ini_parse_stream(next_line, this, found, this) == kNoMemory) {
                throw std::bad_alloc();
            }
            if (failure_) {
                std::rethrow_exception(failure_);
            }
        } while (!rest_.empty());
        settle();
        finish_option();
    }

  private:
    /// What the line that inih has in its hands is, as far as we can see.
    enum class Handed : std::uint8_t { nothing, section, section_name, option, neither };

    struct PendingOption {
        int line = 0;
        std::string name;
        std::string value;
        std::size_t indent = 0;
        std::size_t empty_lines = 0; ///< behind the value; part of it if more of it follows
    };

    // inih calls these two; no exception may cross it.
    static char* next_line(char* buffer, int size, void* self)
    {
        auto* reader = static_cast<IniReader*>(self);
        try {
            return size > 0 && reader->hand_over(buffer, static_cast<std::size_t>(size)) ? buffer : nullptr;
        } catch (...) {
            reader->failure_ = std::current_exception();
            return nullptr;
        }
    }
    static int found(void* self, const char* section, const char* name, const char* value)
    {
        auto* reader = static_cast<IniReader*>(self);
        try {
            reader->accept(section, name == nullptr ? "" : name, value == nullptr ? "" : value);
        } catch (...) {
            reader->failure_ = std::current_exception();
        }
        return 1;
    }

    bool hand_over(char* buffer, std::size_t size);
    bool take_line();
    bool continues();
    std::string surrogate();
    void accept(std::string_view section, std::string_view name, std::string_view value);
    void settle();
    void open_section(std::string_view name);
    void finish_option();

    std::string_view rest_;
    IniVisitor& visitor_;
    int line_ = 0;
    std::size_t indent_ = 0;
    std::string kept_;      ///< the line when it had to be changed
    std::string_view text_; ///< the line, trimmed
    Handed handed_ = Handed::nothing;
    std::optional<PendingOption> option_;
    std::exception_ptr failure_;
};

/// Gives inih its next line; false at the end.
bool IniReader::hand_over(char* buffer, std::size_t size)
{
    if (failure_) {
        return false;
    }
    std::string line;
    if (handed_ == Handed::section) {
        // inih says nothing at a section's header: the option behind it makes it tell the name.
        handed_ = Handed::section_name;
        line = fmt::format("name = {}\n", line_);
    } else {
        do {
            settle();
            if (!take_line()) {
                return false;
            }
        } while (text_.empty() || continues());
        finish_option();
        line = surrogate();
    }
    if (line.size() >= size) {
        // An inih built for still shorter lines: the line is reported by settle(), not cut.
        line = "\n";
    }
    std::memcpy(buffer, line.c_str(), std::min(line.size() + 1, size));
    buffer[size - 1] = '\0';
    return true;
}

/// The next line into text_, indent_ and line_; empty for a comment. False at the end.
bool IniReader::take_line()
{
    if (rest_.empty()) {
        return false;
    }
    ++line_;
    const auto end = rest_.find('\n');
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    text_ = {};
    if (line.size() > kLongestLine) {
        visitor_.broken(line_,
                        fmt::format("the line has {} bytes; expected at most {}", line.size(), kLongestLine));
        return true;
    }
    if (line.find('\0') != std::string_view::npos) {
        visitor_.broken(line_, "the line has a NUL byte; expected text in UTF-8");
        kept_ = line;
        std::erase(kept_, '\0');
        line = kept_;
    }
    indent_ = std::min(line.find_first_not_of(kBlank), line.size());
    text_ = trimmed(line);
    if (text_.empty() && option_) {
        ++option_->empty_lines;
    }
    if (text_.starts_with('#') || text_.starts_with(';')) {
        text_ = {};
    }
    return true;
}

/// True if the line belongs to the value before it, and then adds it there.
bool IniReader::continues()
{
    if (!option_ || indent_ <= option_->indent) {
        return false;
    }
    const auto separator = text_.find_first_of("=:");
    if (separator != std::string_view::npos && visitor_.is_option(trimmed(text_.substr(0, separator)))) {
        visitor_.broken(line_,
                        fmt::format("\"{}\" is indented and would continue the value of \"{}\" (line {}); "
                                    "expected it at the start of the line",
                                    trimmed(text_.substr(0, separator)), option_->name, option_->line));
        return false;
    }
    if (text_.starts_with('[') && text_.find(']') == text_.size() - 1) {
        visitor_.doubtful(line_,
                          fmt::format("indented, so it continues the value of \"{}\" (line {}); a section "
                                      "begins at the start of the line",
                                      option_->name, option_->line));
    }
    if (!option_->value.empty()) {
        option_->value.append(option_->empty_lines + 1, '\n');
    }
    option_->value += text_;
    option_->empty_lines = 0;
    return true;
}

/// What inih gets to see of the line.
std::string IniReader::surrogate()
{
    if (text_.starts_with('[')) {
        handed_ = Handed::section;
        return fmt::format("[{} {}\n", line_, text_.substr(1, kHandedBytes));
    }
    const auto separator = text_.find_first_of("=:");
    if (separator == std::string_view::npos) {
        handed_ = Handed::neither;
        return fmt::format("{}\n", text_.substr(0, kHandedBytes));
    }
    handed_ = Handed::option;
    // A name that long is none of ours; its beginning is enough to say so.
    const std::string_view name = trimmed(text_.substr(0, separator));
    const std::string_view shown = text::cut_utf8(name, kHandedBytes);
    return fmt::format("{}{}{} {}\n", shown, shown.size() < name.size() ? "..." : "", text_[separator],
                       line_);
}

/// inih found `name = value` in what it was handed.
void IniReader::accept(std::string_view section, std::string_view name, std::string_view value)
{
    const std::string number = fmt::format("{}", line_);
    const Handed handed = std::exchange(handed_, Handed::nothing);
    if (handed == Handed::section_name && section.starts_with(number + " ")) {
        open_section(section.substr(number.size() + 1));
    } else if (handed == Handed::option && value == number) {
        const auto separator = text_.find_first_of("=:");
        option_ = PendingOption{line_, std::string(name), std::string(trimmed(text_.substr(separator + 1))),
                                indent_, 0};
    } else {
        handed_ = handed;
    }
}

/// Says what is wrong with a line of which inih made nothing.
void IniReader::settle()
{
    const Handed handed = std::exchange(handed_, Handed::nothing);
    if (handed == Handed::section || handed == Handed::section_name) {
        visitor_.broken(line_,
                        fmt::format("not a section; expected \"[name]\" with a name of at most {} bytes",
                                    kLongestSectionName));
        visitor_.section(line_, "");
    } else if (handed != Handed::nothing) {
        visitor_.broken(line_,
                        "neither a section nor an option; expected \"[section]\" or \"option = value\"");
    }
}

void IniReader::open_section(std::string_view name)
{
    std::string wrong;
    if (name.empty() || name.size() > kLongestSectionName) {
        wrong = fmt::format("a section's name of {} bytes",
                            name.size() > kLongestSectionName ? text_.find(']') - 1 : name.size());
    } else if (trimmed(name) != name) {
        wrong = "a section's name with a blank at its begin or end";
    } else if (text::printable(name, name.size()) != name) {
        wrong = "a section's name that cannot be printed";
    }
    if (!wrong.empty()) {
        visitor_.broken(line_, fmt::format("{}; expected a name of 1 to {} bytes in printable UTF-8", wrong,
                                           kLongestSectionName));
    }
    const auto behind = trimmed(text_.substr(text_.find(']') + 1));
    if (!behind.empty()) {
        visitor_.broken(line_, "something stands behind the section's name; expected the end of the line");
    }
    visitor_.section(line_, wrong.empty() ? std::string(name) : "");
}

void IniReader::finish_option()
{
    if (option_) {
        visitor_.option(option_->line, option_->name, without_doubled_percent(option_->value));
        option_.reset();
    }
}

} // namespace

void read_ini(std::string_view text, IniVisitor& visitor)
{
    if (text.size() > kLongestFile) {
        visitor.broken(0,
                       fmt::format("the file has {} bytes; expected at most {}", text.size(), kLongestFile));
        return;
    }
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
        visitor.broken(0, "the file is in UTF-16; expected UTF-8");
        return;
    }
    if (text.starts_with("\xEF\xBB\xBF")) {
        text.remove_prefix(3);
    }
    IniReader(text, visitor).run();
}

std::string as_written(std::string_view value)
{
    std::string result;
    result.reserve(value.size());
    for (const char c : value) {
        result += c;
        if (c == '%') {
            result += '%';
        } else if (c == '\n') {
            result += "    ";
        }
    }
    return result;
}

} // namespace qm::config
