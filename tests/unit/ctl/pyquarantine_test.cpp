#include "ctl/pyquarantine.h"

#include <cstdlib>
#include <ctime>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/text.h"

namespace qm::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr const char* kName = "20260804140312_4XqR2b1tZ7z";

PyMetadata read(const std::string& metadata)
{
    const PyResult result = read_pyquarantine(kName, metadata);
    EXPECT_EQ(result.problem, "");
    return result.metadata.value_or(PyMetadata());
}

std::string problem_of(const std::string& metadata)
{
    const PyResult result = read_pyquarantine(kName, metadata);
    EXPECT_FALSE(result.metadata) << metadata;
    return result.problem;
}

std::string with(const std::string& more)
{
    return R"({"mailfrom": "a@x.example", "recipients": ["u@our.example"])" +
           (more.empty() ? "" : ", " + more) + "}";
}

std::string time_of(const std::string& more)
{
    const auto time = read(with(more)).time;
    return time ? format_utc(*time) : "none";
}

} // namespace

TEST(Pyquarantine, TheFirstVersionIsRead)
{
    const PyMetadata metadata = read(R"({
  "from": "anna@shop.example",
  "recipients": ["<User@Our.example>", "v@our.example"],
  "date": 1785849792,
  "queue_id": "4XqR2b1tZ7z",
  "subgroups": ["YES", ""]
})");
    EXPECT_EQ(metadata.sender, "anna@shop.example");
    EXPECT_THAT(metadata.recipients, ElementsAre("User@Our.example", "v@our.example"));
    EXPECT_EQ(format_utc(metadata.time.value()), "2026-08-04T13:23:12Z");
    EXPECT_EQ(metadata.queue_id, "4XqR2b1tZ7z");
    EXPECT_THAT(metadata.groups, ElementsAre(Pair("", "YES"), Pair("", "")));
    EXPECT_EQ(metadata.why, "YES");
}

TEST(Pyquarantine, VersionOneIsReadWithItsHeadersAndNamedGroups)
{
    const PyMetadata metadata = read(R"({
  "mailfrom": "<anna@shop.example>",
  "recipients": ["u@our.example"],
  "headers": [["Received", "x"], ["subject", "Invoice 4711"], ["From", "Anna <anna@shop.example>"],
              ["Date", "Tue, 4 Aug 2026 14:03:12 +0200"]],
  "date": 1785849792.5,
  "queue_id": "4XqR2b1tZ7z",
  "subgroups": ["12.5"],
  "named_subgroups": {"score": "12.5"}
})");
    EXPECT_EQ(metadata.sender, "anna@shop.example");
    EXPECT_EQ(metadata.subject, "Invoice 4711");
    EXPECT_EQ(metadata.header_from, "Anna <anna@shop.example>");
    EXPECT_EQ(metadata.header_date, "Tue, 4 Aug 2026 14:03:12 +0200");
    EXPECT_THAT(metadata.groups, ElementsAre(Pair("", "12.5"), Pair("score", "12.5")));
    EXPECT_EQ(metadata.why, "12.5, score: 12.5");
}

TEST(Pyquarantine, VersionTwoIsReadWithItsVariables)
{
    const PyMetadata metadata = read(R"({
  "mailfrom": "",
  "recipients": ["u@our.example"],
  "subject": "Grüße",
  "timestamp": 1785849792,
  "queue_id": "4XqR2b1tZ7z",
  "vars": {"VIRUS": "Eicar", "N": 3, "L": ["x"]}
})");
    EXPECT_EQ(metadata.sender, "");
    EXPECT_EQ(metadata.subject, "Grüße");
    EXPECT_THAT(metadata.groups, ElementsAre(Pair("L", ""), Pair("N", "3"), Pair("VIRUS", "Eicar")));
    EXPECT_EQ(metadata.why, "N: 3, VIRUS: Eicar");
}

TEST(Pyquarantine, HeadersMayBeAnObjectToo)
{
    EXPECT_EQ(read(with(R"("headers": {"subject": "x", "from": "y"})")).subject, "x");
    EXPECT_EQ(read(with(R"("headers": {"subject": "x", "from": "y"})")).header_from, "y");
}

TEST(Pyquarantine, AnEncodedSubjectIsLeftToTheMessage)
{
    EXPECT_EQ(read(with(R"("subject": "=?utf-8?q?x?=")")).subject, "");
}

TEST(Pyquarantine, TheTimeIsReadInEveryFormItEverHad)
{
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1); // NOLINT(concurrency-mt-unsafe): a test has one thread
    tzset();
    const std::string expected = "2026-08-04T13:23:12Z";
    EXPECT_EQ(time_of(R"("date": 1785849792)"), expected);
    EXPECT_EQ(time_of(R"("date": 1785849792.9)"), expected);
    EXPECT_EQ(time_of(R"("date": "1785849792")"), expected);
    EXPECT_EQ(time_of(R"("date": "1785849792.25")"), expected);
    EXPECT_EQ(time_of(R"("date": "Tue, 4 Aug 2026 15:23:12 +0200")"), expected);
    EXPECT_EQ(time_of(R"("date": "2026-08-04T15:23:12+02:00")"), expected);
    EXPECT_EQ(time_of(R"("date": "2026-08-04 15:23:12")"), expected);
    EXPECT_EQ(time_of(R"("timestamp": 1785849792, "date": 5)"), expected);
    // What cannot be read leaves the time in the file's name.
    const std::string named = "2026-08-04T12:03:12Z";
    for (const char* const date : {"null", "\"2d\"", "-5", "1e300", "\"yesterday\"", "[]", "0"}) {
        EXPECT_EQ(time_of(std::string("\"date\": ") + date), named) << date;
    }
    EXPECT_EQ(time_of(""), named);
    EXPECT_FALSE(read_pyquarantine("mail", with("")).metadata.value().time);
    EXPECT_FALSE(read_pyquarantine("20261304140312_x", with("")).metadata.value().time);
    unsetenv("TZ"); // NOLINT(concurrency-mt-unsafe): a test has one thread
    tzset();
}

TEST(Pyquarantine, BytesThatPythonCouldNotReadComeBack)
{
    const PyMetadata metadata = read(R"({"mailfrom": "m\udcc3\udcbcller@x", "recipients": ["u@x"],
        "subject": "\udcff\ud83d\ude00 \ud800 \\udcff", "queue_id": "\udc41"})");
    EXPECT_EQ(metadata.sender, "müller@x");
    EXPECT_EQ(metadata.subject, "\uFFFD😀 \uFFFD \\udcff");
    EXPECT_EQ(metadata.queue_id, "\uFFFD");
}

TEST(Pyquarantine, WhatIsBrokenIsSaidInASentence)
{
    EXPECT_THAT(problem_of(""), HasSubstr("no JSON"));
    EXPECT_THAT(problem_of("{\"mailfrom\": "), HasSubstr("no JSON"));
    EXPECT_THAT(problem_of("[]"), HasSubstr("no JSON object"));
    EXPECT_THAT(problem_of(std::string(200000, '[')), HasSubstr("no JSON"));
    EXPECT_THAT(problem_of(R"({"recipients": ["u@x"]})"), HasSubstr("no sender"));
    EXPECT_THAT(problem_of(R"({"mailfrom": 5, "recipients": ["u@x"]})"), HasSubstr("no sender"));
    EXPECT_THAT(problem_of(R"({"mailfrom": "a@x"})"), HasSubstr("no recipient"));
    EXPECT_THAT(problem_of(R"({"mailfrom": "a@x", "recipients": []})"), HasSubstr("no recipient"));
    EXPECT_THAT(problem_of(R"({"mailfrom": "a@x", "recipients": "u@x"})"), HasSubstr("no recipient"));
    EXPECT_THAT(problem_of(R"({"mailfrom": "a@x", "recipients": [5]})"), HasSubstr("no address"));
    EXPECT_THAT(problem_of(R"({"mailfrom": "a@x", "recipients": ["u@x\r\nRCPT TO:<v@x>"]})"),
                HasSubstr("no address"));
    EXPECT_THAT(problem_of(R"({"mailfrom": "a\u0000@x", "recipients": ["u@x"]})"), HasSubstr("no address"));
    EXPECT_THAT(problem_of(std::string(kLargestMetadata + 1, ' ')), HasSubstr("too large"));
}

TEST(Pyquarantine, TheIdIsTheSameInEveryRunAndAnotherForEveryMail)
{
    const Time time{std::chrono::seconds(1'785'849'792)};
    const HeldId id = imported_id(time, "name", "{}");
    EXPECT_EQ(id, imported_id(time, "name", "{}"));
    EXPECT_EQ(id.time(), time);
    EXPECT_NE(id, imported_id(time, "nam", "e{}"));
    EXPECT_NE(id, imported_id(time, "name", "{} "));
    EXPECT_EQ(HeldId::parse(id.str()), id);
}

} // namespace qm::ctl
