#include "base/text.h"

#include <gtest/gtest.h>

namespace qm::text {

TEST(Text, PrintableShowsNoControlAndNoBidiOverride)
{
    EXPECT_EQ(printable("a\r\nb"), "a\\x0d\\x0ab");
    EXPECT_EQ(printable("\x1b[31mred"), "\\x1b[31mred");
    EXPECT_EQ(printable("cod\u202efdp.exe"), "cod\\u{202e}fdp.exe");
    EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");
    EXPECT_EQ(printable("C:\\x"), "C:\\\\x");
    EXPECT_EQ(printable("Grüße"), "Grüße");
}

TEST(Text, PrintableIsCutBetweenCharacters)
{
    EXPECT_EQ(printable("ääää", 5), "ää...");
}

TEST(Text, OneLineKeepsWordsAndDropsTricks)
{
    EXPECT_EQ(one_line("  a\r\n\t b  "), "a b");
    EXPECT_EQ(one_line("in\u200bvisible\u202e"), "invisible");
    EXPECT_EQ(one_line("\xc3("), "\uFFFD(");
}

TEST(Text, LettersThatShowNothingAreSeenInALogAndGoneForPeople)
{
    for (const char32_t code :
         {char32_t{0xAD}, char32_t{0x34F}, char32_t{0x115F}, char32_t{0x1160}, char32_t{0x17B4},
          char32_t{0x17B5}, char32_t{0x180B}, char32_t{0x180E}, char32_t{0x2800}, char32_t{0x3164},
          char32_t{0xFE00}, char32_t{0xFE0F}, char32_t{0xFFA0}, char32_t{0x1D173}, char32_t{0x1D17A},
          char32_t{0xE0001}, char32_t{0xE0100}, char32_t{0xE01EF}}) {
        std::string text = "a";
        append_utf8(text, code);
        text += "b";
        EXPECT_TRUE(is_deceptive(code));
        EXPECT_EQ(one_line(text), "ab") << static_cast<unsigned>(code);
        EXPECT_EQ(printable(text).find("a\\u{"), 0U) << printable(text);
    }
}

TEST(Text, WhatIsSeenStays)
{
    // The neighbours of what is not: Khmer vowel aa, Braille dot, Hangul letters, half-width kana, accents.
    const std::string text = "\u17b6 \u2801 \u1161 \u3163 \u3165 \uff9f \u0301e \u4e2d \U0001f600";
    EXPECT_EQ(one_line(text), text);
    EXPECT_EQ(printable(text), text);
}

TEST(Text, Utf8LengthFollowsRfc3629)
{
    EXPECT_EQ(utf8_length("\xc0\x80"), 0U);         // overlong
    EXPECT_EQ(utf8_length("\xed\xa0\x80"), 0U);     // surrogate
    EXPECT_EQ(utf8_length("\xf4\x90\x80\x80"), 0U); // beyond U+10FFFF
    EXPECT_EQ(utf8_length("\xf0\x9f\x98\x80"), 4U);
    EXPECT_EQ(utf8_length("\xe2\x82"), 0U); // cut
}

TEST(Text, CharactersSurviveBothWays)
{
    for (const char32_t code : {U'a', U'ß', U'€', U'😀', char32_t{0x7ff}, char32_t{0xffff}}) {
        std::string encoded;
        append_utf8(encoded, code);
        const Character read = first_character(encoded);
        EXPECT_EQ(read.code, code);
        EXPECT_EQ(read.bytes, encoded.size());
    }
}

TEST(Text, SplitKeepsEmptyPieces)
{
    EXPECT_EQ(split("a,,b,", ',').size(), 4U);
    EXPECT_TRUE(split("", ',').empty());
    EXPECT_EQ(split_list(" virus , spam,, "), (std::vector<std::string>{"virus", "spam"}));
}

TEST(Text, SizesAreShortForPeople)
{
    EXPECT_EQ(human_size(0), "0 B");
    EXPECT_EQ(human_size(999), "999 B");
    EXPECT_EQ(human_size(47211), "47 kB");
    EXPECT_EQ(human_size(1048576), "1.0 MB");
    EXPECT_EQ(human_size(52428800), "52 MB");
}

} // namespace qm::text
