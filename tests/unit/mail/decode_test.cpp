#include "mail/decode.h"

#include <chrono>

#include <gtest/gtest.h>

#include "base/text.h"
#include "support/processor_time.h"

namespace qm::mail {

TEST(Unfold, OneLineAndNoByteMore)
{
    EXPECT_EQ(unfold(" a\r\n b"), "a b");
    EXPECT_EQ(unfold("a\n\tb"), "a\tb");
    EXPECT_EQ(unfold("\r\n  a"), "a");
    EXPECT_EQ(unfold("a \r\n b "), "a  b ");
    EXPECT_EQ(unfold("a\r\n \r\n b"), "a  b");
    EXPECT_EQ(unfold("a\xff\xfe"), "a\xff\xfe");
    EXPECT_EQ(unfold(" \t "), "");
}

TEST(Unfold, LineEndsThatAreNoFoldsAreBlanks)
{
    EXPECT_EQ(unfold("a\nb\rc\r\nd\r"), "a b c d ");
    EXPECT_EQ(unfold("a\r\r\n b"), "a  b");
}

struct Row {
    std::string_view value;
    std::string_view decoded;
};

void expect_all(std::initializer_list<Row> rows)
{
    for (const Row& row : rows) {
        EXPECT_EQ(decode(row.value), row.decoded) << row.value;
    }
}

// The table of RFC 2047, section 8, read as header values.
TEST(Decode, ExamplesOfRfc2047)
{
    expect_all({
        {"(=?ISO-8859-1?Q?a?=)", "(a)"},
        {"(=?ISO-8859-1?Q?a?= b)", "(a b)"},
        {"(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"},
        {"(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)", "(ab)"},
        {"(=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=)", "(ab)"},
        {"(=?ISO-8859-1?Q?a_b?=)", "(a b)"},
        {"(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"},
        {"=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"},
        {"=?ISO-8859-1?Q?Andr=E9?= Pirard", "André Pirard"},
        {"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n "
         "=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
         "If you can read this you understand the example."},
    });
}

TEST(Decode, Charsets)
{
    expect_all({
        {"=?utf-8?B?R3LDvMOfZQ==?=", "Grüße"},
        {"=?UTF-8*de-AT?q?Gr=c3=bc=C3=9Fe?=", "Grüße"},
        {"=?windows-1251?B?z/Do4uXy?=", "Привет"},
        {"=?koi8-r?Q?=F0=D2=C9=D7=C5=D4?=", "Привет"},
        {"=?iso-8859-15?Q?=A4?=", "€"},
        {"=?iso-8859-1?Q?=80?=", "€"}, // as every mail program reads it
        {"=?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?=", "日本語"},
        {"=?iso-2022-jp?b?GyRCRnxLXBsoQg==?= =?ISO-2022-JP?B?GyRCOGwbKEI=?=", "日本語"},
        {"=?shift_jis?B?k/qWe4zq?=", "日本語"},
        {"=?euc-jp?B?xvzL3Ljs?=", "日本語"},
        {"=?gb2312?B?xOO6ww==?=", "你好"},
        {"=?GB18030?B?xOO6w4E57zE=?=", "你好\u3402"},
        {"=?big5?B?p0Gmbg==?=", "你好"},
        {"=?euc-kr?B?vsiz5w==?=", "안녕"},
        {"=?utf-7?Q?+AOQ-+AOk-?=", "äé"},
        {"=?UTF-16BE?B?AEEA5A==?=", "Aä"},
        {"=?windows-874?Q?=A1?=", "ก"},
    });
}

TEST(Decode, InvalidBytesOfAWordAreReplacementCharacters)
{
    expect_all({
        {"=?utf-8?Q?a=FFb?=", "a\uFFFDb"},
        {"=?utf-8?Q?a=C3?=", "a\uFFFD"},
        {"=?utf-8?Q?=C0=80?=", "\uFFFD\uFFFD"},
        {"=?iso-2022-jp?B?GyRC/w==?=", "\uFFFD"},
        {"=?shift_jis?Q?=93?=", "\uFFFD"},
    });
}

TEST(Decode, WordsThatShareACharacterAreJoined)
{
    expect_all({
        {"=?utf-8?Q?=C3?= =?UTF-8?Q?=BC?=", "ü"},
        {"=?utf-8?B?w7w=?==?utf-8?Q?=C3?=\r\n\t=?utf-8*de?B?vA==?=", "üü"},
        {"=?gb2312?B?xA==?= =?GBK?B?4w==?=", "你"},
    });
}

TEST(Decode, AnyPositionAndAnyLength)
{
    expect_all({
        {"x=?utf-8?Q?a?=y", "xay"},
        {"\"=?utf-8?Q?a?=\" <b@c>", "\"a\" <b@c>"},
        {"=?utf-8?Q?a?==?utf-8?Q?b?=", "ab"},
        {"=?=?utf-8?Q?a?=", "=?a"},
        {"=?utf-8?Q?a b?=", "a b"},
        {"=?utf-8?Q?\?=", ""},
        {"=?utf-8?Q?a\xC3\xBC?=", "aü"},
    });
    const std::string longer(5000, 'a');
    EXPECT_EQ(decode("=?utf-8?Q?" + longer + "?="), longer);
}

TEST(Decode, WhatIsNoWordStaysAsWritten)
{
    expect_all({
        {"=?utf-8?Q?a", "=?utf-8?Q?a"},
        {"=?utf-8?X?a?=", "=?utf-8?X?a?="},
        {"=??Q?a?=", "=??Q?a?="},
        {"=?utf 8?Q?a?=", "=?utf 8?Q?a?="},
        {"=?utf-8?B?!!?=", "=?utf-8?B?!!?="},
        {"=?klingon?Q?a?=", "=?klingon?Q?a?="},
        {"=?utf-8//TRANSLIT?Q?a?=", "=?utf-8//TRANSLIT?Q?a?="},
        {"=?../../x?Q?a?=", "=?../../x?Q?a?="},
        {"=?", "=?"},
        {"a =? b ?= c", "a =? b ?= c"},
        {"100 % =3D _", "100 % =3D _"},
    });
}

TEST(Decode, BlanksAroundAnUnknownCharsetStay)
{
    expect_all({
        {"=?utf-8?Q?a?= =?klingon?Q?b?= =?utf-8?Q?c?=", "a =?klingon?Q?b?= c"},
        {"=?klingon?Q?a?= =?klingon?Q?b?=", "=?klingon?Q?a?= =?klingon?Q?b?="},
        {"=?klingon?q?a?=?utf-8?q?b?=", "=?klingon?q?a?=?utf-8?q?b?="}, // its ?= begins no word
    });
}

TEST(Decode, Base64IsForgiving)
{
    expect_all({
        {"=?utf-8?B?YWI?=", "ab"},         // padding is missing
        {"=?utf-8?B?YQ==Yg==?=", "ab"},    // two groups in one
        {"=?utf-8?B?YW!JjZA==?=", "abcd"}, // a foreign character
        {"=?utf-8?B?YW Jj?=", "abc"},      // a blank
    });
}

TEST(Decode, BytesOutsideWordsAreNeverLost)
{
    expect_all({
        {"\xff =?utf-8?Q?a?= \xfe\x01", "\xff a \xfe\x01"},
        {"=?utf-8?Q?a?=  b  =?utf-8?Q?c?= ", "a  b  c "},
        {"  leading", "leading"},
        {"=41", "=41"},
        {"=?utf-8?Q?=4?= =?utf-8?Q?1=?= =?utf-8?Q?=G1?=", "=41==G1"},
    });
}

TEST(Decode, DecodedControlsAreBlanks)
{
    expect_all({
        {"=?utf-8?Q?a=0D=0ABcc:_b=00c=7Fd=09e?=", "a  Bcc: b c d e"},
        {"=?utf-8?Q?a=C2=85b?=", "a b"},
        {"=?utf-7?Q?a+AAo-b?=", "a b"},
        {"=?utf-16be?B?AAoACg==?=", "  "},
    });
}

TEST(Decode, DecodedTextIsNotDecodedAgain)
{
    EXPECT_EQ(decode("=?utf-8?Q?=3D=3Futf-8=3FQ=3Fa=3F=3D?="), "=?utf-8?Q?a?=");
}

TEST(Decode, HostileHeadersCostLinearTime)
{
    const auto repeated = [](std::string_view piece, std::size_t bytes) {
        std::string result;
        while (result.size() < bytes) {
            result += piece;
        }
        return result;
    };
    const auto begin = test::processor_time();
    for (const std::string_view piece :
         {"=?", "=?utf-8", "=?utf-8?q", "=?utf-8?q?a", "=?utf-8?q?a?= ", "\r\n ",
          "=?koi8-r?q?a?= =?gb2312?b?/w==?= ", "?=", "=?utf-7?q?+?="}) {
        decode(repeated(piece, 2'000'000));
    }
    // A quadratic scan of two megabytes takes hours.
    EXPECT_LT(test::processor_time() - begin, std::chrono::seconds(60));
}

TEST(DecodeForPeople, AlwaysOneLineOfValidUtf8)
{
    EXPECT_EQ(decode_for_people(" Gr\xfc\xdf"
                                "e"),
              "Grüße");
    EXPECT_EQ(decode_for_people("Gr\xc3\xbc\xc3\x9f"
                                "e"),
              "Grüße");
    EXPECT_EQ(decode_for_people("=?utf-8?Q?a=E2=80=AEb=0D=0A?=  c"), "ab c");
    EXPECT_EQ(decode_for_people(std::string(5000, 'x'), 10), "xxxxxxxxxx\u2026");
    EXPECT_EQ(decode_for_people("\x81"), "\uFFFD");
}

} // namespace qm::mail
