#include "mail/attachment_name.h"

#include <string>

#include <gtest/gtest.h>

#include "base/text.h"
#include "mail_parts.h"
#include "support/linear_work.h"

namespace qm::mail {
namespace {

using namespace std::string_view_literals;

struct Row {
    std::string_view raw;
    std::string_view shown;
};

void expect_all(std::initializer_list<Row> rows)
{
    for (const Row& row : rows) {
        EXPECT_EQ(attachment_name(row.raw), row.shown) << row.raw;
    }
}

} // namespace

TEST(AttachmentName, OrdinaryNamesStayAsTheyAre)
{
    expect_all({{"invoice.pdf", "invoice.pdf"},
                {"Grüße an alle (2).txt", "Grüße an alle (2).txt"},
                {"請求書.pdf", "請求書.pdf"},
                {".htaccess", ".htaccess"},
                {"a..b", "a..b"},
                {"\"><script>.pdf", "\"><script>.pdf"}});
}

TEST(AttachmentName, OnlyTheLastComponentOfAPathIsShown)
{
    expect_all({{"../../etc/passwd", "passwd"},
                {"/etc/passwd", "passwd"},
                {"~/.bashrc", ".bashrc"},
                {"C:\\dir\\x.exe", "x.exe"},
                {"C:x.exe", "x.exe"},
                {"\\\\server\\share\\x.exe", "x.exe"},
                {"a/b\\c", "c"},
                {"=?utf-8?q?..=2F..=2Fetc=2Fpasswd?=", "passwd"},
                {"=?utf-8?b?Li5cLi5ceA==?=", "x"},
                {"a=?utf-8?q?=2F?=b", "b"},
                {"x.txt:stream", "x.txt:stream"},
                {"dir/", "unnamed"},
                {"..", "unnamed"},
                {"a/..", "unnamed"},
                {"C:", "unnamed"}});
}

TEST(AttachmentName, DotsAndBlanksAtTheEndHideNoExtension)
{
    expect_all({{"x.exe.", "x.exe"},
                {"x.exe . . .", "x.exe"},
                {" x.exe ", "x.exe"},
                {"x.exe\u00A0.\u3000", "x.exe"},
                {"...", "unnamed"},
                {"   ", "unnamed"},
                {"", "unnamed"}});
}

TEST(AttachmentName, BlanksOfEveryKindPushNothingOutOfSight)
{
    expect_all({{"invoice.pdf          .exe", "invoice.pdf .exe"},
                {"invoice.pdf\u00A0\u00A0\u2003\u3000\u2800\u3164.exe", "invoice.pdf .exe"},
                {"invoice.pdf\t\t\n.exe", "invoice.pdf .exe"},
                {"invoice.pdf\u2028.exe", "invoice.pdf .exe"}});
}

TEST(AttachmentName, DeviceNamesAreNamesLikeOthers)
{
    expect_all({{"CON", "CON"}, {"NUL.txt", "NUL.txt"}, {"com1", "com1"}, {"LPT1.", "LPT1"}});
}

TEST(AttachmentName, NothingTurnsTheReadingOrder)
{
    expect_all({{"invoice\u202Efdp.exe", "invoicefdp.exe"},
                {"exe.fdp\u202E", "exe.fdp"},
                {"a\u2066b\u2069c\u200Ed\u200Fe\u061Cf", "abcdef"},
                {"=?utf-8?q?exe=2Efdp=E2=80=AE?=", "exe.fdp"}});
}

TEST(AttachmentName, ControlsGoAndWhatIsBehindThemStays)
{
    expect_all({{"invoice.pdf\0.exe"sv, "invoice.pdf.exe"},
                {"a\r\nBcc: b", "a Bcc: b"},
                {"=?utf-8?q?a=0D=0ABcc:_b?=", "a Bcc: b"},
                {"\x1B[31mred", "[31mred"},
                {"a\x7F\u0085\u009Bb", "a b"},
                {"a\u200B\uFEFF\u00ADb", "ab"}});
}

TEST(AttachmentName, BytesOfNoCharsetAreReadAsTheyWereMeant)
{
    expect_all({{"\xE4.txt", "ä.txt"},
                {"\xC3\xA4.txt", "ä.txt"},
                {"=?utf-8?q?=C3?= =?utf-8?q?=A4?=.txt", "ä.txt"},
                {"=?utf-8?q?=FF?=", "\uFFFD"},
                {"\x81", "\uFFFD"}});
    EXPECT_EQ(attachment_name("=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3F=3D?="), "=?utf-8?q?x?=") << "once only";
}

TEST(AttachmentName, AnyBytesGiveOneLineOfAtMost255)
{
    for (int seed = 0; seed < 2000; ++seed) {
        std::string raw;
        for (int i = 0; i < seed % 700; ++i) {
            raw.push_back(static_cast<char>((i * i * 31 + seed * 7 + i * seed) % 256));
        }
        const std::string name = attachment_name(raw);
        EXPECT_EQ(name, text::one_line(name)) << raw;
        EXPECT_LE(name.size(), 255U);
        EXPECT_FALSE(name.empty());
        EXPECT_EQ(name.find_first_of("/\\"), std::string::npos);
        EXPECT_FALSE(name.ends_with('.') || name.ends_with(' '));
    }
}

TEST(AttachmentName, TheEndOfALongNameIsKept)
{
    for (const std::size_t length : {256UL, 300UL, 8'000UL, 10'000UL, 1'000'000UL}) {
        for (const std::string_view letter : {"a", "ä", "€", "😀", "=?utf-8?q?=C3=A4?= ", "e\u0301"}) {
            const std::string name =
                attachment_name(test::times(length / letter.size(), letter) + ".pdf.exe");
            EXPECT_LE(name.size(), 255U) << letter;
            EXPECT_TRUE(name.ends_with(".pdf.exe")) << letter << " " << name;
            EXPECT_EQ(text::to_valid_utf8(name), name);
        }
    }
}

TEST(ShortenedName, LosesItsMiddle)
{
    EXPECT_EQ(shortened_name(std::string(100, 'a'), 100), std::string(100, 'a'));
    const std::string name = shortened_name(std::string(101, 'a') + ".exe", 100);
    EXPECT_EQ(name.size(), 100U);
    EXPECT_TRUE(name.starts_with("aaaa") && name.ends_with("aaaa.exe")) << name;
    EXPECT_NE(name.find("\u2026"), std::string::npos);
    for (std::size_t limit = 100; limit < 140; ++limit) {
        const std::string other = shortened_name(test::times(90, "€") + "x😀.exe", limit);
        EXPECT_EQ(text::to_valid_utf8(other), other);
        EXPECT_LE(other.size(), limit);
    }
}

TEST(AttachmentName, HostileNamesCostLinearWork)
{
    for (const std::string_view piece : {"/", "\\", ". ", "=?utf-8?q?a?= ", "=?", "\xFF", "\u202E", "a"}) {
        test::expect_linear(
            piece, 400'000, [&](std::size_t bytes) { return test::times(bytes / piece.size(), piece); },
            [](const std::string& raw) { attachment_name(raw); });
    }
}

} // namespace qm::mail
