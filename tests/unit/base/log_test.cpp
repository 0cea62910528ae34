#include "base/log.h"

#include <gtest/gtest.h>

namespace qm::log {
namespace {

/// What stands behind the program's name, with the line end.
std::string written(std::string_view subject, std::initializer_list<Field> fields)
{
    testing::internal::CaptureStderr();
    open(Target::standard_error, Level::info);
    info(subject, fields);
    const std::string line = testing::internal::GetCapturedStderr();
    const std::size_t begin = line.find("]: ");
    return begin == std::string::npos ? line : line.substr(begin + 3);
}

} // namespace

TEST(Log, ALineIsItsSubjectAndItsFields)
{
    EXPECT_EQ(
        written("4XqR2b1tZ7z",
                {{"from", "<a@b.example>"}, {"reply", "250 2.0.0 Ok: queued as 4F4F"}, {"status", "told"}}),
        "4XqR2b1tZ7z: from=<a@b.example>, reply=250 2.0.0 Ok: queued as 4F4F, status=told\n");
    EXPECT_EQ(written("a.b_c-1", {}), "a.b_c-1: \n");
}

TEST(Log, NoValueMakesAnotherLineOrMovesATerminal)
{
    EXPECT_EQ(written("daemon", {{"error", "a\r\nNov 21 mx quarantine-milter: b\n"}}),
              "daemon: error=a\\x0d\\x0aNov 21 mx quarantine-milter: b\\x0a\n");
    EXPECT_EQ(written("daemon", {{"error", "\x1b[31mred \x7f \xc2\x9b"
                                           "1m"}}),
              "daemon: error=\\x1b[31mred \\x7f \\u{009b}1m\n");
    EXPECT_EQ(written("daemon", {{"error", "x\u202ey\u2028z"}}), "daemon: error=x\\u{202e}y\\u{2028}z\n");
    EXPECT_EQ(written("daemon", {{"error", "\xff"}}), "daemon: error=\\xff\n");
    EXPECT_EQ(written("daemon", {{"error", std::string("a\0b", 3)}}), "daemon: error=a\\x00b\n");
}

TEST(Log, NoValueMakesAnotherField)
{
    EXPECT_EQ(written("4XqR", {{"subject", "x status=released"}, {"status", "quarantined"}}),
              "4XqR: subject=\"x status=released\", status=quarantined\n");
    EXPECT_EQ(written("4XqR", {{"subject", "x, y"}}), "4XqR: subject=\"x, y\"\n");
    EXPECT_EQ(written("4XqR", {{"subject", "x\", status=\"released"}}),
              "4XqR: subject=\"x\\\", status=\\\"released\"\n");
    EXPECT_EQ(written("4XqR", {{"subject", "x\\\", status=y"}}), "4XqR: subject=\"x\\\\\\\", status=y\"\n");
}

TEST(Log, NoSubjectLooksLikeALineOfItsOwn)
{
    EXPECT_EQ(written("x: quarantine=spam, status=released\n\x1b[1m", {{"status", "taken-up"}}),
              "x??quarantine?spam??status?released???1m: status=taken-up\n");
    EXPECT_EQ(written("\u202e", {{"status", "x"}}), "???: status=x\n");
    EXPECT_EQ(written(std::string(5000, 'a'), {}), std::string(100, 'a') + ": \n");
}

TEST(Log, NoValueIsAFormat)
{
    EXPECT_EQ(written("{}", {{"error", "%s%n%v {} {0} {:x} %"}}), "??: error=%s%n%v {} {0} {:x} %\n");
}

TEST(Log, AnEndlessValueIsCut)
{
    EXPECT_EQ(written("daemon", {{"error", std::string(100'000, 'x')}}),
              "daemon: error=" + std::string(1000, 'x') + "...\n");
}

} // namespace qm::log
