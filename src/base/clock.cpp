#include "base/clock.h"

#include <array>
#include <ctime>

#include <fmt/format.h>

namespace qm {
namespace {

constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::tm local(Time time)
{
    const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    std::tm parts{};
    localtime_r(&seconds, &parts);
    return parts;
}

const char* day_name(const std::tm& parts)
{
    return kDays.at(static_cast<std::size_t>(parts.tm_wday));
}

const char* month_name(const std::tm& parts)
{
    return kMonths.at(static_cast<std::size_t>(parts.tm_mon));
}

std::string offset(const std::tm& parts, const char* separator)
{
    const long minutes = parts.tm_gmtoff / 60;
    const long absolute = minutes < 0 ? -minutes : minutes;
    return fmt::format("{}{:02}{}{:02}", minutes < 0 ? '-' : '+', absolute / 60, separator, absolute % 60);
}

} // namespace

Time SystemClock::now() const
{
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string format_utc(Time time)
{
    const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string format_mail_date(Time time)
{
    const std::tm parts = local(time);
    return fmt::format("{}, {} {} {} {:02}:{:02}:{:02} {}", day_name(parts), parts.tm_mday, month_name(parts),
                       parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec, offset(parts, ""));
}

std::string format_for_people(Time time)
{
    const std::tm parts = local(time);
    return fmt::format("{} {} {} {} {:02}:{:02} {}", day_name(parts), parts.tm_mday, month_name(parts),
                       parts.tm_year + 1900, parts.tm_hour, parts.tm_min, offset(parts, ":"));
}

std::string format_day(Time time)
{
    const std::tm parts = local(time);
    return fmt::format("{} {} {}", parts.tm_mday, month_name(parts), parts.tm_year + 1900);
}

} // namespace qm
