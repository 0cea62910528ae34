#include "mail/body_text.h"

#include <string>

#include <gtest/gtest.h>

#include "base/text.h"
#include "mail_parts.h"
#include "support/linear_work.h"

namespace qm::mail {
namespace {

using namespace std::string_literals;

std::string plain(std::string_view bytes, std::string_view charset)
{
    return body_text(bytes, charset, false);
}

} // namespace

TEST(BodyText, ACharsetThatCannotReadWhatUtf8CanIsNotBelieved)
{
    const std::string text = "Grüße aus Köln, 請求書";
    for (const std::string_view charset : {"iso-2022-jp", "utf-7", "iso-2022-kr", "euc-jp", "us-ascii",
                                           "utf-8", "", "x-unknown", "utf-16", "utf-32"}) {
        EXPECT_EQ(plain(text, charset), text) << charset;
    }
    EXPECT_EQ(plain("Gr\xFC\xDF\x65", "iso-2022-jp"), "Grüße");
    EXPECT_EQ(plain("Gr\xFC\xDF\x65", "utf-7"), "Grüße");
    EXPECT_EQ(plain("\x1B$B$3\x1B(B", "iso-2022-jp"), "こ");
    EXPECT_EQ(plain("\x1B$B\x7F\x7F\x1B(B", "iso-2022-jp").empty(), false);
    EXPECT_EQ(plain("+AOQ-", "utf-7"), "ä");
}

TEST(BodyText, HtmlIsNeverReadAsUtf7)
{
    const std::string hidden = "Hello Anna +ADwAIQAtAC0- your account is locked +AC0ALQA+-";
    EXPECT_EQ(body_text(hidden, "utf-7", true), hidden);
    EXPECT_EQ(body_text(hidden, "unicode-1-1-utf-7", true), hidden);
    EXPECT_EQ(plain(hidden, "utf-7"), "Hello Anna <!-- your account is locked -->");
    const std::string by_meta = "<meta charset=utf-7>\xE4\xF6\xFC+ADw-";
    EXPECT_EQ(body_text(by_meta, "", true), "<meta charset=utf-7>äöü+ADw-");
}

TEST(BodyText, AMarkAtTheBeginningSaysMoreThanTheDeclaration)
{
    EXPECT_EQ(plain("\xEF\xBB\xBFä", "koi8-r"), "ä");
    EXPECT_EQ(plain("\xFF\xFE\xE4\0"s, "us-ascii"), "ä");
    EXPECT_EQ(plain("\xFE\xFF\0\xE4"s, "utf-16le"), "ä");
}

TEST(BodyText, HtmlSaysItsCharsetWhereThePartDoesNot)
{
    EXPECT_EQ(body_text("<meta charset=koi8-r>\xF0", "", true), "<meta charset=koi8-r>\u041F");
    EXPECT_EQ(body_text("<meta http-equiv=Content-Type content=\"text/html; charset=koi8-r\">\xF0", "", true)
                  .ends_with("\u041F"),
              true);
    EXPECT_EQ(body_text("<meta charset=koi8-r>\xE4", "iso-8859-1", true), "<meta charset=koi8-r>ä");
    EXPECT_EQ(body_text("<meta charset=utf-16>\xE4", "", true), "<meta charset=utf-16>ä");
    EXPECT_EQ(body_text("<meta charset=", "", true), "<meta charset=");
}

TEST(BodyText, AnyBytesInAnyCharsetGiveValidUtf8WithoutNul)
{
    std::string bytes;
    for (int i = 0; i < 3000; ++i) {
        bytes.push_back(static_cast<char>(i * i * 7 + i));
    }
    for (const std::string_view charset :
         {"", "utf-8", "utf-7", "utf-16", "utf-16le", "utf-32", "iso-2022-jp", "iso-2022-kr", "gb18030",
          "big5", "shift_jis", "euc-jp", "euc-kr", "johab", "koi8-r", "windows-1252", "viscii", "x",
          "utf-8//IGNORE"}) {
        for (const bool is_html : {false, true}) {
            for (std::size_t cut = 0; cut < 8; ++cut) {
                const std::string text =
                    body_text(std::string_view(bytes).substr(cut, 2000), charset, is_html);
                EXPECT_EQ(text::to_valid_utf8(text), text) << charset;
                EXPECT_EQ(text.find('\0'), std::string::npos) << charset;
            }
        }
    }
}

TEST(BodyText, HostileTextCostsLinearWork)
{
    for (const std::string_view piece :
         {"<", "<!--", "<style", "</style", "&nbsp;", "&", "<style></", "-->", "\x1B$B", "+", "\xFF",
          "<meta charset=", "\u00A0", "<title></titl"}) {
        test::expect_linear(
            piece, 200'000, [&](std::size_t bytes) { return test::times(bytes / piece.size(), piece); },
            [](const std::string& text) {
                for (const std::string_view charset : {"", "utf-7", "iso-2022-jp", "gb18030"}) {
                    is_blank_text(body_text(text, charset, true));
                }
                is_blank_text(text);
            });
    }
}

} // namespace qm::mail
