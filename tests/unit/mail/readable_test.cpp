#include "mail/readable.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "mail_parts.h"

using qm::mail::read_message;
using qm::mail::Readable;
using qm::mail::ReadLimits;
using qm::test::base64_part;
using qm::test::multipart;
using qm::test::part;
using qm::test::text_in;
using qm::test::times;

namespace {

const std::string kAttachment = part("application/pdf; name=invoice.pdf", "JVBERg==",
                                     "Content-Disposition: attachment; filename=invoice.pdf\r\n"
                                     "Content-Transfer-Encoding: base64\r\n");

} // namespace

TEST(Readable, PlainTextIsReadWithItsHeaders)
{
    const Readable mail =
        read_message("From: =?utf-8?q?J=C3=B6rg?= <j@x.example>\r\nSubject: =?utf-8?b?w6TDtg==?=\r\n"
                     " two\r\n\r\nHello\r\nworld\r\n");
    EXPECT_EQ(text_in(mail), "Hello\r\nworld\r\n");
    EXPECT_EQ(mail.subject, "\u00E4\u00F6 two");
    EXPECT_EQ(mail.from, "J\u00F6rg <j@x.example>");
    EXPECT_FALSE(mail.texts.at(0).is_html);
    EXPECT_EQ(mail.problem, "");
    EXPECT_TRUE(mail.attachments.empty());
}

TEST(Readable, LineEndsMayBeBareLineFeeds)
{
    EXPECT_EQ(text_in(read_message("Content-Type: text/html\n\n<b>x</b>\n")), "<b>x</b>\n");
}

TEST(Readable, HtmlIsPreferredToPlainText)
{
    const std::string plain = part("text/plain", "plain");
    const std::string html = part("text/html", "<p>html</p>");
    for (const std::string& message :
         {multipart("alternative", {plain, html}, "a"), multipart("alternative", {html, plain}, "a"),
          multipart("mixed", {multipart("alternative", {plain, html}, "b"), kAttachment}, "a"),
          multipart("alternative", {plain, multipart("related", {html, kAttachment}, "b")}, "a")}) {
        const Readable mail = read_message(message);
        EXPECT_TRUE(mail.texts.at(0).is_html) << message;
        EXPECT_EQ(text_in(mail), "<p>html</p>") << message;
    }
}

TEST(Readable, AnAttachedPageIsNotTheText)
{
    const Readable mail = read_message(
        multipart("mixed",
                  {part("text/plain", "the text"), part("text/html; name=page.html", "<p>attached</p>",
                                                        "Content-Disposition: attachment\r\n")},
                  "a"));
    EXPECT_EQ(text_in(mail), "the text");
    ASSERT_EQ(mail.attachments.size(), 1U);
    EXPECT_EQ(mail.attachments[0].name, "page.html");
}

TEST(Readable, ABlankPartGivesWayToOneWithText)
{
    const Readable mail = read_message(
        multipart("alternative", {part("text/plain", "the text"), part("text/html", "\u00A0 \r\n")}, "a"));
    EXPECT_EQ(text_in(mail), "the text");
}

TEST(Readable, AttachmentsHaveNameTypeAndDecodedSize)
{
    const Readable mail = read_message(multipart("mixed", {part("text/plain", "x"), kAttachment}, "a"));
    ASSERT_EQ(mail.attachments.size(), 1U);
    EXPECT_EQ(mail.attachments[0].name, "invoice.pdf");
    EXPECT_EQ(mail.attachments[0].type, "application/pdf");
    EXPECT_EQ(mail.attachments[0].size, 4U);
}

TEST(Readable, NamesOfAttachmentsAreDecodedAndHarmless)
{
    struct Row {
        std::string parameter;
        std::string shown;
    };
    for (const Row& row : std::vector<Row>{
             {"filename*=utf-8''%E2%82%AC%20rates.txt", "\u20AC rates.txt"},
             {"filename*0*=utf-8''%e2; filename*1*=%82%ac.txt", "\u20AC.txt"},
             {"filename=\"=?utf-8?q?=C3=A4.pdf?=\"", "\u00E4.pdf"},
             {"filename=\"../../etc/passwd\"", "passwd"},
             {"filename=\"C:\\\\dir\\\\x.exe\"", "x.exe"},
             {"filename*=utf-8''invoice%E2%80%AEfdp.exe", "invoicefdp.exe"},
             {"filename*=utf-8''a%0D%0Ab%07c", "a bc"},
             {"filename*=utf-8''%1B%5B31mred", "[31mred"},
             {"filename=\"..\"", "unnamed"},
             {"filename=\"\"", "unnamed"},
             {"x=y", "unnamed"},
             {"filename*=utf-8''%E3%85%A4%E1%85%9F%CD%8F", "unnamed"},    // letters that show nothing
             {"filename*=utf-8''%E2%A0%80.%E3%80%80%C2%A0..", "unnamed"}, // Braille blank, wide blanks
             {"filename*=utf-8''%E3%85%A4.exe", ".exe"},
         }) {
        const Readable mail = read_message(multipart(
            "mixed",
            {part("application/x", "x", "Content-Disposition: attachment; " + row.parameter + "\r\n")}, "a"));
        ASSERT_EQ(mail.attachments.size(), 1U) << row.parameter;
        EXPECT_EQ(mail.attachments[0].name, row.shown) << row.parameter;
    }
}

TEST(Readable, AnEndlessNameKeepsItsEnd)
{
    const Readable mail = read_message(
        part("application/x", "x",
             "Content-Disposition: attachment; filename=\"" + std::string(5000, 'a') + ".exe\"\r\n"));
    ASSERT_EQ(mail.attachments.size(), 1U);
    EXPECT_LE(mail.attachments[0].name.size(), 255U);
    EXPECT_TRUE(mail.attachments[0].name.ends_with(".exe"));
}

TEST(Readable, EveryCharsetBecomesUtf8)
{
    struct Row {
        std::string charset;
        std::string bytes;
        std::string text;
    };
    using namespace std::string_literals;
    for (const Row& row : std::vector<Row>{
             {"utf-8", "\xC3\xA4", "\u00E4"},
             {"iso-8859-1", "\xE4\x93", "\u00E4\u201C"},
             {"ISO-8859-15", "\xA4", "\u20AC"},
             {"windows-1251", "\xCF\xF0\xE8", "\u041F\u0440\u0438"},
             {"koi8-r", "\xF0\xD2", "\u041F\u0440"},
             {"utf-7", "+AOQ-x", "\u00E4x"},
             {"iso-2022-jp", "\x1B$B$3$s\x1B(B", "\u3053\u3093"},
             {"shift_jis", "\x82\xB1", "\u3053"},
             {"gb2312", "\xC4\xE3", "\u4F60"},
             {"gb18030", "\x81\x30\x81\x30", "\u0080"},
             {"big5", "\xA7\x41", "\u4F60"},
             {"euc-kr", "\xB0\xA1", "\uAC00"},
             {"utf-16le", "a\0\xE4\0"s, "a\u00E4"},
             {"utf-16", "\xFE\xFF\0a\0\xE4"s, "a\u00E4"},
         }) {
        const Readable mail = read_message(part("text/plain; charset=" + row.charset, row.bytes));
        EXPECT_EQ(text_in(mail), row.text) << row.charset;
        EXPECT_EQ(mail.texts.at(0).charset, qm::text::to_lower(row.charset));
    }
}

TEST(Readable, ACharsetThatIsUnknownOrCannotBeTrueIsNotBelieved)
{
    EXPECT_EQ(text_in(read_message(part("text/plain", "\xC3\xA4"))), "\u00E4");
    EXPECT_EQ(text_in(read_message(part("text/plain", "\xE4\x93"))), "\u00E4\u201C");
    EXPECT_EQ(text_in(read_message(part("text/plain; charset=us-ascii", "\xC3\xA4"))), "\u00E4");
    EXPECT_EQ(text_in(read_message(part("text/plain; charset=utf-8", "gr\xFC\xDF"))), "gr\u00FC\u00DF");
    EXPECT_EQ(text_in(read_message(part("text/plain; charset=x-unknown", "\xE4"))), "\u00E4");
    EXPECT_EQ(text_in(read_message(part("text/plain; charset=\"../../x//TRANSLIT\"", "\xE4"))), "\u00E4");
    EXPECT_EQ(text_in(read_message(part("text/plain; charset=utf-16", "plain ascii"))), "plain ascii");
    EXPECT_EQ(text_in(read_message(part("text/html", "<meta charset='koi8-r'>\xF0"))),
              "<meta charset='koi8-r'>\u041F");
}

TEST(Readable, InvalidBytesAreReplaced)
{
    EXPECT_EQ(text_in(read_message(part("text/plain; charset=utf-8", "\u00E4\u00F6\u00FC\xFFz"))),
              "\u00E4\u00F6\u00FC\uFFFDz");
    EXPECT_EQ(text_in(read_message(part("text/plain; charset=shift_jis", "\x82\xB1\x82"))), "\u3053\uFFFD");
}

TEST(Readable, ANulDoesNotEndTheText)
{
    EXPECT_EQ(text_in(read_message(part("text/plain", std::string("a\0b", 3)))), "ab");
    EXPECT_EQ(text_in(read_message(base64_part("text/plain", "YQBi"))), "ab");
}

TEST(Readable, TransferEncodingsAreRemoved)
{
    EXPECT_EQ(text_in(read_message(base64_part("text/plain; charset=utf-8", "w6Q="))), "\u00E4");
    EXPECT_EQ(text_in(read_message(part("text/plain; charset=utf-8", "=C3=A4=\r\nb",
                                        "Content-Transfer-Encoding: quoted-printable\r\n"))),
              "\u00E4b");
    EXPECT_EQ(text_in(read_message(part("text/plain", "abc", "Content-Transfer-Encoding: x-nonsense\r\n"))),
              "abc");
    EXPECT_EQ(read_message(base64_part("text/plain", "a!b@c")).problem.empty(), false);
}

TEST(Readable, LongTextIsCutAndSaysSo)
{
    ReadLimits limits;
    limits.max_text = 10;
    const Readable mail = read_message(part("text/plain; charset=utf-8", "123456789\u00E4xyz"), limits);
    EXPECT_TRUE(mail.cut);
    EXPECT_TRUE(text_in(mail).starts_with("123456789"));
    EXPECT_EQ(qm::text::to_valid_utf8(text_in(mail)), text_in(mail));
    EXPECT_FALSE(read_message(part("text/plain", "1234567890"), limits).cut);
}

TEST(Readable, AnAttachedMessageIsReadWhenNothingElseHasText)
{
    const std::string attached = part("message/rfc822", "Subject: inner\r\nFrom: a@b\r\n\r\ninner text");
    const Readable alone = read_message(multipart("mixed", {attached, kAttachment}, "a"));
    EXPECT_EQ(text_in(alone), "inner text");
    ASSERT_EQ(alone.attachments.size(), 2U);
    EXPECT_EQ(alone.attachments[0].name, "message.eml");
    EXPECT_EQ(alone.attachments[0].type, "message/rfc822");
    EXPECT_GT(alone.attachments[0].size, 30U);
    EXPECT_EQ(text_in(read_message(multipart("mixed", {attached, part("text/plain", "outer")}, "a"))),
              "outer");
}

TEST(Readable, AMailWithoutTextSaysWhy)
{
    const auto problem = [](const std::string& message) {
        const Readable mail = read_message(message);
        EXPECT_EQ(text_in(mail), "");
        return mail.problem;
    };
    EXPECT_EQ(problem("Subject: x\r\n\r\n"), "This message has no text.");
    EXPECT_EQ(problem(""), "This message has no text.");
    EXPECT_EQ(problem(kAttachment), "This message has no text, only attachments.");
    EXPECT_NE(problem(part("application/ms-tnef; name=winmail.dat", "x")).find("winmail.dat"),
              std::string::npos);
    EXPECT_NE(problem(part("application/octet-stream; name=\"WINMAIL.DAT\"", "x")).find("winmail.dat"),
              std::string::npos);
    EXPECT_NE(problem(part("text/calendar", "BEGIN:VCALENDAR")).find("invitation"), std::string::npos);
    EXPECT_NE(problem(multipart("encrypted",
                                {part("application/pgp-encrypted", "Version: 1"),
                                 part("application/octet-stream", "x")},
                                "a"))
                  .find("encrypted"),
              std::string::npos);
    EXPECT_NE(problem(part("application/pkcs7-mime; smime-type=enveloped-data", "x")).find("S/MIME"),
              std::string::npos);
}

TEST(Readable, BrokenMessagesGiveAnAnswer)
{
    for (const std::string& message : std::vector<std::string>{
             "\r\n\r\nx", "no header at all", ":\r\n\r\n", "Content-Type:\r\n\r\nx",
             "Content-Type: ;;;\r\n\r\nx", "Content-Type: multipart/mixed\r\n\r\nx",
             "Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n\r\nx",
             "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n--a\r\n--a--\r\n--a\r\nx",
             "Content-Type: multipart/mixed; boundary=\"\xFF\"\r\n\r\n--\xFF\r\n\r\nx",
             std::string("a\0b: c\r\n\r\nx", 11), "Content-Type: text/plain; charset=\"\r\n\r\nx",
             "Content-Type: message/rfc822\r\n\r\n",
             "Content-Type: text/html; charset=utf-8; charset=koi8-r\r\n\r\nx", "\xFF\xFE\xFD",
             std::string(10, '\0'), "Content-Type: message/partial; id=a; number=1\r\n\r\nx",
             "Content-Type: message/external-body\r\n\r\nx"}) {
        const Readable mail = read_message(message);
        EXPECT_EQ(qm::text::to_valid_utf8(text_in(mail)), text_in(mail)) << message;
        EXPECT_FALSE(text_in(mail).empty() && mail.problem.empty()) << message;
    }
}

TEST(Readable, DepthAndNumberOfPartsAreBounded)
{
    std::string deep;
    for (int i = 0; i < 3000; ++i) {
        const std::string boundary = "b" + std::to_string(i);
        deep.append("Content-Type: multipart/mixed; boundary=").append(boundary);
        deep.append("\r\n\r\n--").append(boundary).append("\r\n");
    }
    EXPECT_NE(read_message(deep + "\r\nx").problem, "");
    EXPECT_NE(read_message(times(3000, "Content-Type: message/rfc822\r\n\r\n")).problem, "");
    const std::string wide =
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n" + times(500000, "--b\r\n\r\n");
    const Readable mail = read_message(wide);
    EXPECT_EQ(text_in(mail), "text");
    EXPECT_NE(mail.problem, "");
    EXPECT_LE(mail.attachments.size(), 100U);
    const Readable many = read_message(multipart("mixed", std::vector<std::string>(500, kAttachment), "a"));
    EXPECT_EQ(many.attachments.size(), 100U);
}

TEST(Readable, HeadersThatKeepAParserBusyDoNot)
{
    const std::string end = "\r\n\r\ntext";
    for (const std::string& message : {
             "To: " + times(500000, "a:") + end,
             times(30000, "To: a@b.example\r\n") + "x: y" + end,
             "To: " + times(1000000, "a@b.example,\r\n ") + end,
             times(1000000, "a:b\r\n") + end,
             "Content-Type: text/plain" + times(500000, ";\r\n a=b") + end,
             "Subject: " + times(500000, "=?utf-8?q?a?= ") + end,
             part("message/rfc822", "To: " + times(500000, "a:") + end),
             "To: " + times(1000000, "(") + end,
             "Content-Type: multipart/mixed; boundary=" + std::string(1000000, 'b') + "\r\n\r\n" +
                 times(20000, "--b\r\n"),
         }) {
        read_message(message);
    }
    EXPECT_EQ(text_in(read_message("To: " + times(500000, "a:") + end)), "text");
}

TEST(Readable, QuotedHeadersInTheTextStayAsTheyAre)
{
    const std::string text = times(20, "From: a@b.example\r\nTo: c@d.example\r\n\r\nquoted\r\n");
    EXPECT_EQ(text_in(read_message(part("text/plain", text))), text);
}

TEST(Readable, ManyThreadsMayReadAtOnce)
{
    const std::string message =
        multipart("mixed", {base64_part("text/html; charset=koi8-r", "8A=="), kAttachment}, "a");
    std::array<Readable, 8> results;
    {
        std::vector<std::jthread> threads;
        threads.reserve(results.size());
        for (Readable& result : results) {
            threads.emplace_back([&] {
                for (int i = 0; i < 50; ++i) {
                    result = read_message(message);
                }
            });
        }
    }
    for (const Readable& result : results) {
        EXPECT_EQ(text_in(result), "\u041F");
        EXPECT_EQ(result.attachments.size(), 1U);
    }
}
