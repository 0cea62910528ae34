#include "ctl/time_argument.h"

#include <array>
#include <charconv>
#include <ctime>

#include <fmt/format.h>

#include "base/text.h"
#include "config/units.h"
#include "ctl/exit_code.h"

namespace qm::ctl {
namespace {

constexpr int kFirstYear = 1970;
constexpr int kLastYear = 9999;

/// Takes a text apart from its front.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    bool at_end() const { return rest_.empty(); }
    bool next_is(char c) const { return !rest_.empty() && rest_.front() == c; }

    bool take(char c)
    {
        if (!next_is(c)) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }

    /// `least` to `most` digits.
    std::optional<int> number(std::size_t least, std::size_t most)
    {
        std::size_t digits = 0;
        while (digits < rest_.size() && digits < most && rest_[digits] >= '0' && rest_[digits] <= '9') {
            ++digits;
        }
        if (digits < least) {
            return std::nullopt;
        }
        int value = 0;
        std::from_chars(rest_.data(), rest_.data() + digits, value);
        rest_.remove_prefix(digits);
        return value;
    }

    std::string_view word()
    {
        std::size_t length = 0;
        while (length < rest_.size() && rest_[length] != ' ' && rest_[length] != '\t' &&
               rest_[length] != ',') {
            ++length;
        }
        const std::string_view word = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return word;
    }

    void blanks()
    {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) {
            rest_.remove_prefix(1);
        }
    }

  private:
    std::string_view rest_;
};

/// A moment by the calendar; the fields are checked here.
struct Moment {
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    std::optional<int> offset; ///< minutes east of UTC; nothing: the system's time zone

    std::optional<Time> time() const
    {
        const std::chrono::year_month_day date(std::chrono::year(year),
                                               std::chrono::month(static_cast<unsigned>(month)),
                                               std::chrono::day(static_cast<unsigned>(day)));
        if (year < kFirstYear || year > kLastYear || month < 1 || day < 1 || !date.ok() || hour > 23 ||
            minute > 59 || second > 60) {
            return std::nullopt;
        }
        if (offset) {
            return std::chrono::sys_days(date) + std::chrono::hours(hour) +
                   std::chrono::minutes(minute - *offset) + std::chrono::seconds(second);
        }
        return local();
    }

  private:
    std::optional<Time> local() const
    {
        std::tm parts{};
        parts.tm_year = year - 1900;
        parts.tm_mon = month - 1;
        parts.tm_mday = day;
        parts.tm_hour = hour;
        parts.tm_min = minute;
        parts.tm_sec = second;
        parts.tm_isdst = -1;
        const std::time_t seconds = std::mktime(&parts);
        if (parts.tm_mday != day) {
            return std::nullopt;
        }
        return Time(std::chrono::seconds(seconds));
    }
};

/// "+01:00", "-0530", "+01"; minutes east of UTC.
std::optional<int> read_offset(Scanner& scanner)
{
    const bool west = scanner.next_is('-');
    if (!scanner.take('+') && !scanner.take('-')) {
        return std::nullopt;
    }
    const auto hours = scanner.number(2, 2);
    scanner.take(':');
    const auto minutes = scanner.at_end() ? std::optional(0) : scanner.number(2, 2);
    if (!hours || !minutes || *hours > 14 || *minutes > 59) {
        return std::nullopt;
    }
    return (west ? -1 : 1) * (*hours * 60 + *minutes);
}

bool read_clock(Scanner& scanner, Moment& moment)
{
    const auto hour = scanner.number(1, 2);
    if (!hour || !scanner.take(':')) {
        return false;
    }
    const auto minute = scanner.number(2, 2);
    if (!minute) {
        return false;
    }
    moment.hour = *hour;
    moment.minute = *minute;
    if (scanner.take(':')) {
        const auto second = scanner.number(2, 2);
        moment.second = second.value_or(99);
        if (scanner.take('.')) {
            scanner.number(1, 9);
        }
    }
    return true;
}

std::optional<Time> parse_calendar(std::string_view text)
{
    Scanner scanner(text);
    Moment moment;
    const auto year = scanner.number(4, 4);
    const bool first = scanner.take('-');
    const auto month = scanner.number(2, 2);
    const bool second = scanner.take('-');
    const auto day = scanner.number(2, 2);
    if (!year || !first || !month || !second || !day) {
        return std::nullopt;
    }
    moment.year = *year;
    moment.month = *month;
    moment.day = *day;
    if (scanner.at_end()) {
        return moment.time();
    }
    if ((!scanner.take('T') && !scanner.take('t') && !scanner.take(' ')) || !read_clock(scanner, moment)) {
        return std::nullopt;
    }
    scanner.blanks();
    if (scanner.take('Z') || scanner.take('z')) {
        moment.offset = 0;
    } else if (!scanner.at_end()) {
        moment.offset = read_offset(scanner);
        if (!moment.offset) {
            return std::nullopt;
        }
    }
    return scanner.at_end() ? moment.time() : std::nullopt;
}

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};

int month_of(std::string_view name)
{
    for (std::size_t i = 0; i < kMonths.size(); ++i) {
        if (text::starts_with_ignoring_case(name, kMonths.at(i))) {
            return static_cast<int>(i) + 1;
        }
    }
    return 0;
}

std::string without_comments(std::string_view text)
{
    std::string result;
    int depth = 0;
    for (const char c : text) {
        depth += c == '(' ? 1 : 0;
        if (depth == 0) {
            result += c;
        }
        depth -= c == ')' && depth > 0 ? 1 : 0;
    }
    return std::string(text::trim(result));
}

} // namespace

std::optional<Time> parse_time(std::string_view text, Time now)
{
    text = text::trim(text);
    if (const auto time = parse_calendar(text)) {
        return time;
    }
    // A number without a unit is more likely a slip than seconds.
    if (text.empty() || text.back() < 'a') {
        return std::nullopt;
    }
    const auto seconds = config::parse_duration(text);
    if (!seconds || *seconds < 0) {
        return std::nullopt;
    }
    return now - std::chrono::seconds(*seconds);
}

Time time_argument(std::string_view option, std::string_view text, Time now)
{
    const auto time = parse_time(text, now);
    if (!time) {
        throw UsageError(fmt::format("{} {}: not a time; expected 2d, 12h, 2026-11-01 or 2026-11-01T10:00",
                                     option, text::printable(text, 60)));
    }
    return *time;
}

std::string local_time(Time time)
{
    const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    std::tm parts{};
    localtime_r(&seconds, &parts);
    const long minutes = parts.tm_gmtoff / 60;
    const long absolute = minutes < 0 ? -minutes : minutes;
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} {}{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, minutes < 0 ? '-' : '+', absolute / 60,
                       absolute % 60);
}

std::optional<Time> parse_mail_date(std::string_view text)
{
    const std::string plain = without_comments(text);
    Scanner scanner(plain);
    Moment moment;
    if (plain.find(',') != std::string::npos) {
        scanner.word();
        scanner.take(',');
    }
    scanner.blanks();
    const auto day = scanner.number(1, 2);
    scanner.blanks();
    const int month = month_of(scanner.word());
    scanner.blanks();
    const auto year = scanner.number(4, 4);
    scanner.blanks();
    if (!day || month == 0 || !year || !read_clock(scanner, moment)) {
        return std::nullopt;
    }
    moment.year = *year;
    moment.month = month;
    moment.day = *day;
    scanner.blanks();
    if (scanner.next_is('+') || scanner.next_is('-')) {
        moment.offset = read_offset(scanner);
    } else {
        moment.offset = 0; // GMT, UT, an obsolete name, or nothing
    }
    return moment.offset ? moment.time() : std::nullopt;
}

} // namespace qm::ctl
