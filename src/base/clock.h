// Time comes in through constructors, so that a test can hold it still.
#pragma once

#include <string>

#include "quarantine/held_mail.h"

namespace qm {

/// Thread-safety: every member may be called at once from any thread.
class Clock {
  public:
    virtual ~Clock() = default;
    virtual Time now() const = 0;
};

/// The system's clock.
class SystemClock final : public Clock {
  public:
    Time now() const override;
};

/// "2026-08-04T14:03:12Z"
std::string format_utc(Time time);
/// "Tue, 4 Aug 2026 14:03:12 +0200" (RFC 5322, section 3.3), in the system's time zone.
std::string format_mail_date(Time time);
/// "Tue 4 Aug 2026 14:03 +02:00", for people, in the system's time zone.
std::string format_for_people(Time time);
/// "4 Aug 2026", in the system's time zone.
std::string format_day(Time time);

} // namespace qm
