// Moments as administrators write and read them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "quarantine/held_mail.h"

namespace qm::ctl {

/// A moment out of
///   2d, 12h, 30m, 1w, 90s      that long before `now`
///   2026-11-01                 its first moment, in the system's time zone
///   2026-11-01T10:00[:30]      (or with a blank) in the system's time zone, unless Z or +01:00 stands behind
/// Nothing when it is none of these, or no such day or hour exists.
std::optional<Time> parse_time(std::string_view text, Time now);

/// The same for an option of the command line. Errors: UsageError naming the option.
Time time_argument(std::string_view option, std::string_view text, Time now);

/// "2026-11-21 05:00 +01:00", in the system's time zone. parse_time() reads it.
std::string local_time(Time time);

/// A moment as mail headers write it: "Tue, 4 Aug 2026 14:03:12 +0200". The day of the week, the seconds and
/// comments may be missing; without a zone it is UTC.
std::optional<Time> parse_mail_date(std::string_view text);

} // namespace qm::ctl
