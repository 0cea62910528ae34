#include "config/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qm::config {
namespace {

using testing::ElementsAre;

TEST(Units, NumberIsWholeAndNothingElse)
{
    EXPECT_EQ(parse_number("0"), 0);
    EXPECT_EQ(parse_number("-7"), -7);
    EXPECT_EQ(parse_number("+7"), 7);
    for (const char* wrong :
         {"", "+", "-", "+-1", "1.5", "1 ", " 1", "0x10", "1e3", "99999999999999999999", "ten"}) {
        EXPECT_FALSE(parse_number(wrong)) << wrong;
    }
}

TEST(Units, DurationIsSecondsUnlessAUnitSaysOtherwise)
{
    EXPECT_EQ(parse_duration("90"), 90);
    EXPECT_EQ(parse_duration("90s"), 90);
    EXPECT_EQ(parse_duration("10m"), 600);
    EXPECT_EQ(parse_duration("4H"), 14400);
    EXPECT_EQ(parse_duration("7 d"), 7 * 86400);
    EXPECT_EQ(parse_duration("2w"), 14 * 86400);
    for (const char* wrong : {"", "m", "-1s", "1y", "1h30m", "10 minutes", "9999999999999d"}) {
        EXPECT_FALSE(parse_duration(wrong)) << wrong;
    }
}

TEST(Units, DaysAreWhole)
{
    EXPECT_EQ(parse_days("14"), 14);
    EXPECT_EQ(parse_days("14d"), 14);
    EXPECT_FALSE(parse_days("2w"));
    EXPECT_FALSE(parse_days("36501"));
}

TEST(Units, SizeCountsIn1024)
{
    EXPECT_EQ(parse_size("512"), 512);
    EXPECT_EQ(parse_size("64K"), 65536);
    EXPECT_EQ(parse_size("25m"), 25 * 1024 * 1024);
    EXPECT_EQ(parse_size("2 G"), 2147483648);
    for (const char* wrong : {"", "K", "-1", "1T", "1MB", "9223372036854775807K"}) {
        EXPECT_FALSE(parse_size(wrong)) << wrong;
    }
}

TEST(Units, FlagIsReadInAnyCase)
{
    for (const char* yes : {"yes", "TRUE", "On", "1"}) {
        EXPECT_EQ(parse_flag(yes), true) << yes;
    }
    for (const char* no : {"no", "False", "OFF", "0"}) {
        EXPECT_EQ(parse_flag(no), false) << no;
    }
    EXPECT_FALSE(parse_flag(""));
    EXPECT_FALSE(parse_flag("maybe"));
}

TEST(Units, ListHasCommasOrLines)
{
    EXPECT_THAT(parse_list("a, b,,c\nd\n e ,"), ElementsAre("a", "b", "c", "d", "e"));
    EXPECT_THAT(parse_list(" "), ElementsAre());
}

TEST(Units, FaultSaysWhatIsExpectedAndWhatWasFound)
{
    const Option port{.name = "smtp_port", .kind = OptionKind::number, .min = 1, .max = 65535};
    EXPECT_EQ(fault(port, "25"), "");
    EXPECT_EQ(fault(port, "0"), "expected a whole number from 1 to 65535; found \"0\"");
    const Option choice{.name = "c", .kind = OptionKind::choice, .choices = "first|last"};
    EXPECT_EQ(fault(choice, "LAST"), "");
    EXPECT_EQ(fault(choice, "middle"), "expected one of first, last; found \"middle\"");
    const Option list{.name = "l", .kind = OptionKind::list, .choices = "a|b"};
    EXPECT_EQ(fault(list, "a, B"), "");
    EXPECT_EQ(fault(list, "a, c"), "expected a list out of a, b; found \"c\"");
}

TEST(Units, FaultShowsOnlyTheBeginOfALongValue)
{
    const Option flag{.name = "f", .kind = OptionKind::flag};
    EXPECT_EQ(fault(flag, std::string(5000, 'x')),
              "expected yes or no; found \"" + std::string(60, 'x') + "...\"");
}

} // namespace
} // namespace qm::config
