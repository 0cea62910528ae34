#include "ctl/time_argument.h"

#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "ctl/exit_code.h"

namespace qm::ctl {
namespace {

/// Berlin's time, whatever the machine's is.
class TimeArgument : public testing::Test {
  protected:
    TimeArgument()
    {
        setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1); // NOLINT(concurrency-mt-unsafe): a test has one thread
        tzset();
    }
    ~TimeArgument() override
    {
        unsetenv("TZ"); // NOLINT(concurrency-mt-unsafe): a test has one thread
        tzset();
    }

    std::string parsed(std::string_view text) const
    {
        const auto time = parse_time(text, now);
        return time ? format_utc(*time) : "no time";
    }

    const Time now{std::chrono::seconds(1'785'849'600)}; // 2026-08-04T13:20:00Z
};

} // namespace

TEST_F(TimeArgument, ADurationLiesBeforeNow)
{
    EXPECT_EQ(parsed("2d"), "2026-08-02T13:20:00Z");
    EXPECT_EQ(parsed("12h"), "2026-08-04T01:20:00Z");
    EXPECT_EQ(parsed("30m"), "2026-08-04T12:50:00Z");
    EXPECT_EQ(parsed("1w"), "2026-07-28T13:20:00Z");
    EXPECT_EQ(parsed(" 90s "), "2026-08-04T13:18:30Z");
}

TEST_F(TimeArgument, ADayAndAnHourAreThoseOfTheSystem)
{
    EXPECT_EQ(parsed("2026-11-01"), "2026-10-31T23:00:00Z");
    EXPECT_EQ(parsed("2026-11-01T10:00"), "2026-11-01T09:00:00Z");
    EXPECT_EQ(parsed("2026-07-01 10:00:30"), "2026-07-01T08:00:30Z");
}

TEST_F(TimeArgument, AZoneIsTakenAsItStands)
{
    EXPECT_EQ(parsed("2026-11-01T10:00Z"), "2026-11-01T10:00:00Z");
    EXPECT_EQ(parsed("2026-11-01T10:00:05.25Z"), "2026-11-01T10:00:05Z");
    EXPECT_EQ(parsed("2026-11-01T10:00:00+05:30"), "2026-11-01T04:30:00Z");
    EXPECT_EQ(parsed("2026-11-01T10:00-0800"), "2026-11-01T18:00:00Z");
}

TEST_F(TimeArgument, WhatIsPrintedCanBeTypedAgain)
{
    EXPECT_EQ(local_time(now), "2026-08-04 15:20 +02:00");
    EXPECT_EQ(parse_time(local_time(now), Time{}), now);
    EXPECT_EQ(parse_time(format_utc(now), Time{}), now);
}

TEST_F(TimeArgument, EverythingElseIsNoTime)
{
    for (const char* const text : {"",
                                   "yesterday",
                                   "2",
                                   "86400",
                                   "-2d",
                                   "2 d d",
                                   "d",
                                   "2026",
                                   "2026-11",
                                   "2026-13-01",
                                   "2026-02-30",
                                   "2026-11-01T25:00",
                                   "2026-11-01T10:61",
                                   "2026-11-01T10",
                                   "2026-11-01Tx",
                                   "2026-11-01T10:00+99:00",
                                   "2026-11-01T10:00 nonsense",
                                   "0000-01-01",
                                   "1969-12-31",
                                   "99999999999999999999d",
                                   "2026-11-01T10:00:"}) {
        EXPECT_EQ(parsed(text), "no time") << text;
    }
    EXPECT_THROW(time_argument("--since", "\x1b[2J", now), UsageError);
}

TEST_F(TimeArgument, TheDateOfAMailIsRead)
{
    const auto utc = [](std::string_view text) {
        const auto time = parse_mail_date(text);
        return time ? format_utc(*time) : "no date";
    };
    EXPECT_EQ(utc("Tue, 4 Aug 2026 14:03:12 +0200"), "2026-08-04T12:03:12Z");
    EXPECT_EQ(utc("4 Aug 2026 14:03 -0800 (PST)"), "2026-08-04T22:03:00Z");
    EXPECT_EQ(utc("Tue, 04 Aug 2026 14:03:12 GMT"), "2026-08-04T14:03:12Z");
    EXPECT_EQ(utc("tomorrow"), "no date");
    EXPECT_EQ(utc("Tue, 32 Aug 2026 14:03:12 +0200"), "no date");
    EXPECT_EQ(utc("Tue, 4 Aug 2026 14:03:12 +x"), "no date");
    EXPECT_EQ(utc(""), "no date");
}

} // namespace qm::ctl
