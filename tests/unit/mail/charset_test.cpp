#include "mail/charset.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace qm::mail {

TEST(Charset, NamesAreFoundInAnyCaseAndUnknownOnesAreNot)
{
    EXPECT_NE(find_charset("UTF-8"), nullptr);
    EXPECT_EQ(find_charset("GB2312"), find_charset("gb18030"));
    EXPECT_EQ(find_charset("utf-8//IGNORE"), nullptr);
    EXPECT_EQ(find_charset(""), nullptr);
    EXPECT_EQ(find_charset(std::string(100'000, 'a')), nullptr);
}

TEST(Charset, EveryRowHasAConverterThatGivesValidUtf8ForAnyBytes)
{
    std::string every_byte;
    for (int pass = 0; pass < 3; ++pass) {
        for (int byte = 0; byte < 256; ++byte) {
            every_byte.push_back(static_cast<char>(pass == 2 ? 255 - byte : byte));
        }
    }
    for (const std::string_view name :
         {"utf-8",        "windows-1252", "iso-8859-2",   "iso-8859-3",   "iso-8859-4",   "iso-8859-5",
          "iso-8859-6",   "iso-8859-7",   "iso-8859-8",   "iso-8859-10",  "iso-8859-13",  "iso-8859-14",
          "iso-8859-15",  "iso-8859-16",  "windows-1250", "windows-1251", "windows-1253", "windows-1254",
          "windows-1255", "windows-1256", "windows-1257", "windows-1258", "windows-874",  "koi8-r",
          "koi8-u",       "cp866",        "cp437",        "cp850",        "cp852",        "macintosh",
          "mac-cyrillic", "viscii",       "gb18030",      "big5",         "big5-hkscs",   "euc-tw",
          "shift_jis",    "euc-jp",       "iso-2022-jp",  "euc-kr",       "iso-2022-kr",  "johab",
          "utf-7",        "utf-16",       "utf-16le",     "utf-16be",     "utf-32",       "utf-32le",
          "utf-32be"}) {
        const Charset* charset = find_charset(name);
        ASSERT_NE(charset, nullptr) << name;
        const auto text = to_utf8(*charset, every_byte);
        ASSERT_TRUE(text) << name;
        EXPECT_EQ(text::to_valid_utf8(*text), *text) << name;
        EXPECT_FALSE(text->empty()) << name;
    }
}

TEST(Charset, AConverterForgetsTheLastText)
{
    const Charset& japanese = *find_charset("iso-2022-jp");
    EXPECT_EQ(to_utf8(japanese, "\x1b$BF|"), "日"); // never switched back
    EXPECT_EQ(to_utf8(japanese, "F|"), "F|");
    const Charset& utf7 = *find_charset("utf-7");
    EXPECT_EQ(to_utf8(utf7, "+AOQ"), "ä");
    EXPECT_EQ(to_utf8(utf7, "AOQ"), "AOQ");
}

TEST(Charset, TheLastCharacterIsNotHeldBack)
{
    EXPECT_EQ(to_utf8(*find_charset("windows-1258"), "a"), "a");
    EXPECT_EQ(to_utf8(*find_charset("big5-hkscs"), "\x88\x66"), "Ê");
}

TEST(Charset, ACharacterThatIsCutIsOneSign)
{
    EXPECT_EQ(to_utf8(*find_charset("gb18030"), "a\x81\x30\x89"), "a\uFFFD");
    EXPECT_EQ(to_utf8(*find_charset("shift_jis"), "a\x93"), "a\uFFFD");
    EXPECT_EQ(to_utf8(*find_charset("utf-16be"), std::string_view("\0a\xD8\x3D\xDE", 5)), "a\uFFFD");
    EXPECT_EQ(to_utf8(*find_charset("utf-32be"), std::string_view("\0\0\0a\0\0", 6)), "a\uFFFD");
}

} // namespace qm::mail
