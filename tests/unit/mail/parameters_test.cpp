#include "mail/parameters.h"

#include <chrono>

#include <gtest/gtest.h>

#include "mail_parts.h"
#include "support/linear_work.h"

namespace qm::mail {
namespace {

using namespace std::string_view_literals;

struct Row {
    std::string_view field;
    std::string_view expected;
};

std::string name_in(std::string_view parameters)
{
    return parameter("attachment; " + std::string(parameters), "filename");
}

} // namespace

TEST(MediaType, IsReadLikeAMailProgramReadsIt)
{
    for (const Row& row : {
             Row{"text/html", "text/html"},
             Row{" TEXT/Html; charset=x", "text/html"},
             Row{"text/html charset=utf-8", "text/html"},
             Row{"text / html", "text/html"},
             Row{"(a (nested) comment) text (b) / (c) html (d);", "text/html"},
             Row{"text/html, text/plain", "text/html"},
             Row{"text/\r\n html", "text/html"},
             Row{"application/vnd.a+b.c-d", "application/vnd.a+b.c-d"},
             Row{"text", ""},
             Row{"text/", ""},
             Row{"/html", ""},
             Row{"", ""},
             Row{";", ""},
             Row{"\"text/html\"", ""},
             Row{"text/\xC3\xA4", ""},
             Row{"(text/html", ""},
             Row{"text/html\0evil"sv, "text/html"},
         }) {
        EXPECT_EQ(media_type(row.field), row.expected) << row.field;
    }
}

TEST(FirstWord, ItsDecorationsComeOff)
{
    for (const Row& row : {
             Row{"BASE64", "base64"},
             Row{" base64;", "base64"},
             Row{"\"base64\"", "base64"},
             Row{"(why) quoted-printable (not)", "quoted-printable"},
             Row{"attachment; filename=x", "attachment"},
             Row{"filename=x", "filename"},
             Row{"", ""},
             Row{"(", ""},
         }) {
        EXPECT_EQ(first_word(row.field), row.expected) << row.field;
    }
}

TEST(Parameter, PlainValues)
{
    for (const Row& row : {
             Row{"filename=a.txt", "a.txt"},
             Row{"FileName=\"a b.txt\"", "a b.txt"},
             Row{"filename = \"a.txt\" ; x=y", "a.txt"},
             Row{"filename=a b c.txt; x=y", "a b c.txt"},
             Row{"filename=a (1).txt", "a (1).txt"},
             Row{"(comment; filename=no) filename=yes", "yes"},
             Row{"filename=\"a;b=c\"; x=y", "a;b=c"},
             Row{"filename=\"a\\\"b\"", "a\"b"},
             Row{"filename=\"C:\\dir\\a.txt\"", "C:\\dir\\a.txt"},
             Row{"filename=\"C:\\\\dir\\\\a.txt\"", "C:\\dir\\a.txt"},
             Row{"filename=\"open; x=y", "open"},
             Row{"x=\"open; filename=a", "a"},
             Row{"(open; filename=a", "a"},
             Row{"x=y; (open; filename=a", "a"},
             Row{"filename=first; filename=second", "first"},
             Row{"filename=; filename=second", "second"},
             Row{"filenames=no; xfilename=no; filename=yes", "yes"},
             Row{";;; filename=a;;", "a"},
             Row{"filename=\r\n \"a.txt\"", "a.txt"},
             Row{"filename=\"a\r\n b.txt\"", "a b.txt"},
             Row{"filename=\"=?utf-8?q?=C3=A4?=\"", "=?utf-8?q?=C3=A4?="},
             Row{"filename=\"a\0.exe\""sv, "a\0.exe"sv},
             Row{"filename", ""},
             Row{"=x", ""},
         }) {
        EXPECT_EQ(name_in(row.field), row.expected) << row.field;
    }
    EXPECT_EQ(parameter("filename=alone", "filename"), "alone") << "no word in front";
    EXPECT_EQ(parameter("attachment", "filename"), "");
}

TEST(Parameter, ValuesWithACharset)
{
    for (const Row& row : {
             Row{"filename*=utf-8''%e2%82%ac%20rates", "€ rates"},
             Row{"filename*=UTF-8'de'%C3%A4", "ä"},
             Row{"filename*=iso-8859-1'en'%A3%80", "£€"}, // as every mail program reads it
             Row{"filename*=gb2312''%c4%e3", "你"},
             Row{"filename*=shift_jis''%93%FA.txt", "日.txt"},
             Row{"filename*=iso-2022-jp''%1B$BF%7C%1B(B", "日"},
             Row{"filename*=utf-7''+AOQ-", "ä"},
             Row{"filename*=utf-16be''%00a%00b", "ab"},
             Row{"filename*=klingon''%c3%a4", "ä"},
             Row{"filename*=''%c3%a4", "ä"},
             Row{"filename*=us-ascii''%c3%a4", "ä"},
             Row{"filename*=%c3%a4", "ä"},
             Row{"filename*='%c3%a4", "'ä"},
             Row{"filename*=\"utf-8''%41\"", "A"},
             Row{"filename*=utf-8''a%zz%4%", "a%zz%4%"},
             Row{"filename*=utf-8''it's", "it's"},
             Row{"filename*=../../x//TRANSLIT''%c3%a4", "ä"},
         }) {
        EXPECT_EQ(name_in(row.field), row.expected) << row.field;
    }
}

TEST(Parameter, ValuesInPieces)
{
    for (const Row& row : {
             Row{"filename*0=a; filename*1=b; filename*2=c", "abc"},
             Row{"filename*2=c; filename*0=a; filename*1=b", "abc"},
             Row{"filename*0*=utf-8''%c3; filename*1*=%a4.txt", "ä.txt"},
             Row{"filename*1*=%a4.txt; filename*0*=utf-8''%c3", "ä.txt"},
             Row{"filename*0*=utf-8''%41%20; filename*1=\"%42 \"; filename*2*=%43", "A %42 C"},
             Row{"filename*0*=gb2312''%c4; filename*1*=%e3", "你"},
             Row{"filename*0=a; filename*0=b; filename*1=c", "ac"},
             Row{"filename*0=a; filename*2=c", "ac"},
             Row{"filename*00=a; filename*01=b", "ab"},
             Row{"filename*10=k; filename*9=j", "jk"},
             Row{"filename*99999999999999999999=a", "a"},
             Row{"filename*-1=a", ""},
             Row{"filename*x=a", ""},
             Row{"filename*0x=a", ""},
             Row{"filename*0**=a", ""},
             Row{"filename**=a", ""},
         }) {
        EXPECT_EQ(name_in(row.field), row.expected) << row.field;
    }
}

TEST(Parameter, TheOneWithACharsetCountsBeforePiecesAndThoseBeforeAPlainOne)
{
    constexpr std::string_view kPlain = "filename=plain";
    constexpr std::string_view kPieces = "filename*0=pie; filename*1=ces";
    constexpr std::string_view kCharset = "filename*=utf-8''charset";
    const auto all = [](std::string_view a, std::string_view b, std::string_view c) {
        return name_in(std::string(a) + ";" + std::string(b) + ";" + std::string(c));
    };
    EXPECT_EQ(all(kPlain, kPieces, kCharset), "charset");
    EXPECT_EQ(all(kCharset, kPieces, kPlain), "charset");
    EXPECT_EQ(all(kPlain, kPieces, "x=y"), "pieces");
    EXPECT_EQ(all(kPieces, "x=y", kPlain), "pieces");
    EXPECT_EQ(all("filename*=", kPlain, "x=y"), "plain");
}

TEST(Parameter, HostileFieldsCostLinearWork)
{
    for (const std::string_view piece :
         {"; filename*7*=%41", "; filename=\"", "; (", "(", ")", "\"", "\\", ";", "=", "=;", "filename=", "'",
          "; filename*=utf-8'", "%", "; filename*0*=iso-2022-jp''%1B$B", "\r\n ", " ", "; x=\"\\\""}) {
        test::expect_linear(
            piece, 250'000,
            [&](std::size_t bytes) { return "attachment" + test::times(bytes / piece.size(), piece); },
            [](const std::string& field) {
                parameter(field, "filename");
                media_type(field);
                first_word(field);
            });
    }
    std::string pieces = "attachment";
    for (int i = 100'000; i > 0; --i) {
        pieces += "; filename*" + std::to_string(i) + "*=%4" + std::to_string(i % 10);
    }
    EXPECT_EQ(parameter(pieces, "filename").size(), 100'000U);
}

} // namespace qm::mail
