// The bytes of a notice.
#include "notify/notice_mail.h"

#include <gmock/gmock.h>

#include "notify/sender_line.h"
#include "parsed_mail.h"

namespace qm::notify {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::string_literals;

NoticeMail plain_notice()
{
    prepare_notice_mails();
    NoticeMail mail;
    mail.from_name = "Example Ltd mail quarantine";
    mail.from_address = "quarantine@our.example";
    mail.recipient = "u@our.example";
    mail.subject = "[Held] Invoice 4711";
    mail.message_id = "n.7.01hzy0000000000000000000ab@our.example";
    mail.date = Time(std::chrono::microseconds(1785845000000000));
    mail.boundary = "0123456789abcdef01234567";
    mail.text = "A message for you was held.\n";
    mail.html = "<html><body><p>A message for you was held.</p></body></html>\n";
    return mail;
}

const NoticeImage kLogo{"logo.png", "image/png", "\x89PNG\r\n\x1a\n and \0 more\xff"s};
const NoticeImage kRemoved{"removed.gif", "image/gif", "GIF89a..."};

} // namespace

TEST(NoticeMail, HasEveryHeaderOfAnAutomaticMailOnce)
{
    const auto bytes = write_notice_mail(plain_notice());
    EXPECT_EQ(test::wire_problem(bytes, 78), "");
    EXPECT_EQ(test::raw_header(bytes, "Auto-Submitted"), "auto-generated");
    EXPECT_EQ(test::raw_header(bytes, "X-Auto-Response-Suppress"), "All");
    EXPECT_EQ(test::raw_header(bytes, "MIME-Version"), "1.0");
    EXPECT_EQ(test::raw_header(bytes, "Message-ID"), "<n.7.01hzy0000000000000000000ab@our.example>");
    EXPECT_THAT(test::raw_header(bytes, "Date"), HasSubstr(" Aug 2026 "));
    EXPECT_EQ(test::raw_header(bytes, "To"), "u@our.example");
    for (const auto* name :
         {"\nFrom:", "\nTo:", "\nSubject:", "\nDate:", "\nMessage-ID:", "\nMIME-Version:"}) {
        const auto block = "\n" + bytes.substr(0, bytes.find("\r\n\r\n"));
        EXPECT_EQ(block.find(name, block.find(name) + 1), std::string::npos) << name;
    }
}

TEST(NoticeMail, TextAndHtmlAreAlternativesAndComplete)
{
    const auto mail = test::parse_mail(write_notice_mail(plain_notice()));
    ASSERT_EQ(mail.parts.size(), 3U);
    EXPECT_EQ(mail.parts[0].type, "multipart/alternative");
    EXPECT_EQ(mail.parts[1].type, "text/plain");
    EXPECT_EQ(mail.parts[1].charset, "utf-8");
    EXPECT_EQ(mail.parts[1].content, plain_notice().text);
    EXPECT_EQ(mail.parts[2].type, "text/html");
    EXPECT_EQ(mail.parts[2].content, plain_notice().html);
}

TEST(NoticeMail, ImagesStandBesideTheHtmlUnderTheirNames)
{
    auto notice = plain_notice();
    notice.images = {&kLogo, &kRemoved};
    const auto bytes = write_notice_mail(notice);
    EXPECT_EQ(test::wire_problem(bytes, 78), "");
    const auto mail = test::parse_mail(bytes);
    ASSERT_EQ(mail.parts.size(), 6U);
    EXPECT_EQ(mail.parts[2].type, "multipart/related");
    EXPECT_EQ(mail.parts[3].type, "text/html");
    EXPECT_EQ(mail.parts[4].content_id, "logo.png");
    EXPECT_EQ(mail.parts[4].disposition, "inline");
    EXPECT_EQ(mail.parts[5].content_id, "removed.gif");
    EXPECT_EQ(mail.parts[5].content, kRemoved.bytes);
    EXPECT_THAT(bytes, HasSubstr("Content-Id: <logo.png>"));
}

TEST(NoticeMail, PythonReadsWhatGmimeReads)
{
    auto notice = plain_notice();
    notice.from_name = "Müller \"Quarantäne\", GmbH";
    notice.subject = "[Held] Grüße aus Köln - 請求書 4711 " + std::string(200, 'x') + " ende ü";
    notice.recipient = "\"two words\"@our.example";
    notice.text = "Grüße\n.\nFrom here\n" + std::string(3000, 'y') + "\n  trailing \n";
    notice.html = "<p>請求書請求書請求書</p>\n";
    notice.images = {&kRemoved};
    const auto bytes = write_notice_mail(notice);
    EXPECT_EQ(test::wire_problem(bytes), "");
    const auto mail = test::parse_mail(bytes);
    EXPECT_EQ(mail.from_name, notice.from_name);
    EXPECT_EQ(mail.subject, notice.subject);
    EXPECT_EQ(mail.part("text/plain").content, notice.text);
    EXPECT_EQ(mail.part("text/html").content, notice.html);
    EXPECT_EQ(test::facts(mail), test::facts_by_python(bytes));
}

TEST(NoticeMail, WhatLooksEncodedIsNot)
{
    for (const auto& evil : {"=?utf-8?Q?=E2=80=AE=0D=0ABcc:_x?="s, "\u00FC=0D=0ABcc:_x"s}) {
        auto notice = plain_notice();
        notice.subject = evil + " =?utf-8?B?eA==?= \u00FC =?";
        notice.from_name = fit_for_name(evil);
        notice.recipient = evil;
        const auto bytes = write_notice_mail(notice);
        EXPECT_EQ(test::wire_problem(bytes), "");
        EXPECT_THAT(bytes, Not(HasSubstr("=0D"))) << evil;
        const auto mail = test::parse_mail(bytes);
        EXPECT_EQ(mail.subject, notice.subject);
        EXPECT_EQ(mail.from_name, fit_for_name(evil));
        EXPECT_EQ(mail.to_group, fit_for_name(evil));
        EXPECT_EQ(test::facts(mail), test::facts_by_python(bytes));
    }
}

TEST(NoticeMail, EveryLineEndInATextBecomesOne)
{
    auto notice = plain_notice();
    notice.text = "a\r\nb\nc\rd\r\n";
    const auto bytes = write_notice_mail(notice);
    EXPECT_EQ(test::wire_problem(bytes), "");
    EXPECT_EQ(test::parse_mail(bytes).part("text/plain").content, "a\nb\nc\nd\n");
}

TEST(NoticeMail, ARecipientOutsideAsciiIsTheNameOfAnEmptyGroup)
{
    for (const auto* recipient :
         {"jürgen@our.example", "a,b@our.example", "a(b)@our.example", "u@our.example\r\nBcc: x"}) {
        auto notice = plain_notice();
        notice.recipient = recipient;
        const auto bytes = write_notice_mail(notice);
        EXPECT_EQ(test::wire_problem(bytes), "");
        const auto mail = test::parse_mail(bytes);
        EXPECT_EQ(mail.to, "");
        EXPECT_NE(mail.to_group, "");
        EXPECT_EQ(test::raw_header(bytes, "Bcc"), "");
        EXPECT_EQ(test::facts(mail), test::facts_by_python(bytes)) << recipient;
    }
}

TEST(NoticeMail, NoLineEndInATextBecomesAHeader)
{
    auto notice = plain_notice();
    notice.subject = "x\r\nBcc: victim@example.org\r\n\r\nbody\0tail"s;
    notice.from_name = "x\r\nBcc: victim@example.org";
    const auto bytes = write_notice_mail(notice);
    EXPECT_EQ(test::wire_problem(bytes), "");
    EXPECT_EQ(test::raw_header(bytes, "Bcc"), "");
    EXPECT_EQ(test::raw_header(bytes, "To"), "u@our.example");
    EXPECT_EQ(test::parse_mail(bytes).parts.size(), 3U);
}

TEST(NoticeMail, ContentCannotEndItsPart)
{
    auto notice = plain_notice();
    notice.text = "--=_" + notice.boundary + "_a--\n\nevil\n--=_" + notice.boundary + "_r\n";
    notice.html = notice.text;
    notice.images = {&kLogo};
    const auto mail = test::parse_mail(write_notice_mail(notice));
    EXPECT_EQ(mail.parts.size(), 5U);
    EXPECT_EQ(mail.part("text/plain").content, notice.text);
}

TEST(NoticeMail, TheSameNoticeIsTheSameBytes)
{
    auto notice = plain_notice();
    notice.images = {&kLogo, &kRemoved};
    EXPECT_EQ(write_notice_mail(notice), write_notice_mail(notice));
}

TEST(NoticeMail, AnImageIsKnownByItsFirstBytes)
{
    EXPECT_EQ(image_type("\x89PNG\r\n\x1a\n..."), "image/png");
    EXPECT_EQ(image_type("GIF87a"), "image/gif");
    EXPECT_EQ(image_type("\xff\xd8\xff\xe0"), "image/jpeg");
    EXPECT_EQ(image_type("RIFF....WEBPVP8 "), "image/webp");
    EXPECT_EQ(image_type("RIFF....WAVE"), "");
    EXPECT_EQ(image_type("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), "");
    EXPECT_EQ(image_type("<?xml version=\"1.0\"?><svg/>"), "");
    EXPECT_EQ(image_type(""), "");
}

} // namespace qm::notify
