#include "ctl/output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "captured.h"
#include "ctl/table.h"

namespace qm::ctl {
namespace {

using test::Captured;
using testing::HasSubstr;
using testing::Not;

/// Escape sequences, a bidirectional override, a zero-width space, C1 controls, invalid bytes, a tag.
const std::string kHostile = "a\x1b[31mb\u202Ec\u200Bd\u009Be\xFF\xC3(f\x7F\U000E0041g\rh\ni\tj\\k";

bool is_harmless(std::string_view text)
{
    while (!text.empty()) {
        const text::Character character = text::first_character(text);
        if (text::utf8_length(text) == 0 ||
            (text::is_deceptive(character.code) && character.code != '\n' && character.code != '\t')) {
            return false;
        }
        text.remove_prefix(character.bytes);
    }
    return true;
}

} // namespace

TEST(HarmlessText, NothingInItMovesATerminal)
{
    EXPECT_TRUE(is_harmless(harmless_lines(kHostile)));
    EXPECT_EQ(harmless_lines("a\x1b[31mb\nc\td\r\ne\rf"), "a\\x1b[31mb\nc\td\ne\nf");
    EXPECT_EQ(harmless_line("a\nb\tc\u202E\xFF"), "a\\x0ab\\x09c\\u{202e}\\xff");
    EXPECT_TRUE(is_harmless(harmless_line(kHostile)));
    EXPECT_THAT(harmless_line(kHostile), Not(HasSubstr("\n")));
}

TEST(HarmlessText, TwiceIsOnce)
{
    EXPECT_EQ(harmless_lines(harmless_lines(kHostile)), harmless_lines(kHostile));
    EXPECT_EQ(harmless_line(harmless_line(kHostile)), harmless_line(kHostile));
}

TEST(HarmlessText, OrdinaryTextStaysAsItIs)
{
    EXPECT_EQ(harmless_lines("Grüße, 日本 \\o/ \"x\"\n"), "Grüße, 日本 \\o/ \"x\"\n");
    EXPECT_EQ(harmless_line("\"a\\\"b\"@x.example"), "\"a\\\"b\"@x.example");
}

TEST(HarmlessText, OneLineHasALimit)
{
    EXPECT_EQ(harmless_line(std::string(2000, 'x'), 10), "xxxxxxxxxx...");
}

TEST(HarmlessJson, IsValidUtf8AndHoldsNoDeceptiveCharacterAndMeansTheSame)
{
    const std::string shown = harmless_json({{"subject", kHostile}, {kHostile, 1}});
    EXPECT_TRUE(is_harmless(shown));
    EXPECT_THAT(shown, HasSubstr("\\u202e"));
    EXPECT_THAT(shown, HasSubstr("\\u007f"));
    EXPECT_THAT(shown, HasSubstr("\\udb40\\udc41"));
    const nlohmann::json read = nlohmann::json::parse(shown);
    EXPECT_EQ(read["subject"].get<std::string>(), text::to_valid_utf8(kHostile));
}

TEST(Grouped, ThousandsStandApart)
{
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1200), "1 200");
    EXPECT_EQ(grouped(1234567), "1 234 567");
    EXPECT_EQ(counted(1, "mail", "mails"), "1 mail");
    EXPECT_EQ(counted(2000, "mail", "mails"), "2 000 mails");
}

TEST(Output, ProblemsGoToStandardErrorOnOneHarmlessLine)
{
    Captured captured;
    Output output(captured.streams(), false);
    output.problem(kHostile);
    output.remark("plain");
    output.line("result");
    EXPECT_EQ(output.finish(), "");
    EXPECT_EQ(captured.out(), "result\n");
    EXPECT_TRUE(is_harmless(captured.err()));
    EXPECT_THAT(captured.err(), testing::StartsWith("quarantinectl: a\\x1b"));
    EXPECT_THAT(captured.err(), testing::EndsWith("\nplain\n"));
}

TEST(Output, ProgressIsShownOnlyOnATerminalAndLeavesNothingBehind)
{
    Captured plain;
    Output(plain.streams(), false).progress("work", 1, 2);
    EXPECT_EQ(plain.err(), "");

    Captured terminal;
    Streams streams = terminal.streams();
    streams.err_is_terminal = true;
    Output output(streams, false);
    output.progress("work", 1200, 2000);
    output.line("done");
    EXPECT_THAT(terminal.err(), HasSubstr("work: 1 200 of 2 000"));
    EXPECT_THAT(terminal.err(), testing::EndsWith("\r\x1b[K"));
}

TEST(Output, ColoursAreShownOnlyWhereTheyAreWanted)
{
    Captured captured;
    Streams streams = captured.streams();
    EXPECT_EQ(Output(streams, false).strong("x"), "x");
    streams.colours = true;
    EXPECT_EQ(Output(streams, false).strong("x"), "\x1b[1mx\x1b[0m");
}

TEST(Output, WhatCouldNotBeWrittenIsSaid)
{
    Captured captured;
    Streams streams = captured.streams();
    std::FILE* const full = std::fopen("/dev/full", "w");
    ASSERT_NE(full, nullptr);
    streams.out = full;
    Output output(streams, false);
    output.line("text");
    EXPECT_EQ(output.finish(), "No space left on device");
    std::fclose(full);
}

TEST(Table, ColumnsAreAsWideAsTheirWidestCell)
{
    Table table({1});
    table.row({"NAME", "SIZE", "LAST"});
    table.row({"a", "1 kB", "x"});
    table.row({"日本", "100 kB", ""});
    EXPECT_EQ(table.str(), "NAME    SIZE  LAST\n"
                           "a       1 kB  x\n"
                           "日本  100 kB\n");
    EXPECT_EQ(Table().str(), "");
}

TEST(Columns, WideAndCombiningCharactersCount)
{
    EXPECT_EQ(columns("abc"), 3U);
    EXPECT_EQ(columns("äöü"), 3U);
    EXPECT_EQ(columns("日本"), 4U);
    EXPECT_EQ(columns("e\u0301"), 1U);
    EXPECT_EQ(cut_to("日本語", 5), "日本…");
    EXPECT_EQ(cut_to("abcdef", 4), "abc…");
    EXPECT_EQ(cut_to("abcd", 4), "abcd");
}

} // namespace qm::ctl
