// The attachments of a message, by the names that people see.
#include "mail/readable.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"
#include "mail_parts.h"

namespace qm::mail {
namespace {

using test::attachment;
using test::multipart;
using test::part;

std::vector<std::string> names_in(const std::string& message)
{
    std::vector<std::string> names;
    for (const Attachment& one : read_message(message).attachments) {
        names.push_back(one.name);
    }
    return names;
}

using Names = std::vector<std::string>;

} // namespace

TEST(AttachmentList, TheFilenameOfTheDispositionCountsBeforeTheNameOfTheType)
{
    EXPECT_EQ(names_in(part("application/x; name=a.exe", "x",
                            "Content-Disposition: attachment; filename=b.pdf\r\n")),
              Names{"b.pdf, also named a.exe"});
    EXPECT_EQ(names_in(part("application/x; name=a.exe", "x", "Content-Disposition: attachment\r\n")),
              Names{"a.exe"});
    EXPECT_EQ(
        names_in(part("application/x; name=a.exe", "x", "Content-Disposition: attachment; filename=\r\n")),
        Names{"a.exe"});
    EXPECT_EQ(names_in(part("application/x; name=a.exe", "x")), Names{"a.exe"});
    EXPECT_EQ(names_in(part("application/x", "x", "Content-Disposition: inline; filename=a.exe\r\n")),
              Names{"a.exe"});
    EXPECT_EQ(names_in(part("application/x", "x", "Content-Disposition: filename=a.exe\r\n")),
              Names{"a.exe"});
    EXPECT_EQ(names_in(part("application/x", "x")), Names{"unnamed"});
}

TEST(AttachmentList, OfContradictingFieldsTheFirstCountsAndTheOthersAreShown)
{
    EXPECT_EQ(names_in(part("application/x", "x",
                            "Content-Disposition: attachment; filename=a.exe\r\n"
                            "Content-Disposition: attachment; filename=b.pdf\r\n")),
              Names{"a.exe, also named b.pdf"});
    EXPECT_EQ(names_in(part("application/x; name=a.exe", "x", "Content-Type: application/x; name=b.pdf\r\n")),
              Names{"a.exe, also named b.pdf"});
}

TEST(AttachmentList, ANameThatOtherProgramsMayShowIsShownToo)
{
    EXPECT_EQ(names_in(attachment("filename=\"a.exe\"; filename*0=\"invoice.\"; filename*1=\"pdf\"")),
              Names{"invoice.pdf, also named a.exe"});
    EXPECT_EQ(names_in(attachment("filename=a.exe; filename=b.pdf")), Names{"a.exe, also named b.pdf"});
    EXPECT_EQ(names_in(attachment("filename=plain.pdf; filename*=utf-8''%e2%82%ac.exe")),
              Names{"€.exe, also named plain.pdf"});
    EXPECT_EQ(names_in(attachment("filename=a; filename*=utf-8''b; filename*0=c", "application/x; name=d")),
              Names{"b, also named c, also named a, also named d"});
    EXPECT_EQ(names_in(attachment("filename*=utf-8''%c3%a4.txt; filename=\"=?utf-8?q?=C3=A4=2Etxt?=\"",
                                  "text/plain; name=\"dir/\u00E4.txt\"")),
              Names{"ä.txt"})
        << "they look the same";
    const std::string longer(300, 'x');
    const Names all =
        names_in(attachment("filename=" + longer + ".exe; filename*=utf-8''" + longer + ".pdf"));
    ASSERT_EQ(all.size(), 1U);
    EXPECT_LE(all[0].size(), 255U);
    EXPECT_TRUE(all[0].ends_with(".exe")) << all[0];
    EXPECT_NE(all[0].find(".pdf, also named x"), std::string::npos) << all[0];
    EXPECT_FALSE(read_message(attachment("filename=a; filename=b")).contradicts_itself);
    EXPECT_TRUE(read_message(attachment("filename=a; filename=b; filename*=c", "x/x; name=d; name=e"))
                    .contradicts_itself)
        << "not all are shown";
}

TEST(AttachmentList, NamesComeThroughInEveryEncoding)
{
    for (const std::string& parameters :
         {std::string("filename*=utf-8''%e2%82%ac%20%c3%a4.txt"),
          std::string("filename*0*=utf-8''%e2%82; filename*1*=%ac%20%c3%a4.txt"),
          std::string("filename*1*=%20%c3%a4.txt; filename*0*=utf-8''%e2%82%ac"),
          std::string("filename*=windows-1252''%80%20%e4.txt"),
          std::string("filename*=iso-8859-1''%80%20%e4.txt"),
          std::string("filename*=gb18030''%A2%E3%20%81%30%8A%31.txt"),
          std::string("filename*=utf-7''+IKw-%20+AOQ-.txt"),
          std::string("filename=\"=?utf-8?q?=E2=82=AC_=C3=A4=2Etxt?=\""),
          std::string("filename==?utf-8?q?=E2=82=AC_=C3=A4=2Etxt?="),
          std::string("filename=\"=?utf-8?q?=E2=82?= =?utf-8?q?=AC_=C3=A4?=.txt\""),
          std::string("filename=\"=?utf-8?b?4oKs?= =?iso-8859-1?q?_=E4?=.txt\""),
          std::string("filename*0=\"=?utf-8?q?=E2=82=AC_\"; filename*1=\"=C3=A4?=.txt\""),
          std::string("filename*=utf-8''=?utf-8?q?=E2=82=AC_=C3=A4=2Etxt?="),
          std::string("filename=\"\u20AC \u00E4.txt\""), std::string("filename=\u20AC \u00E4.txt"),
          std::string("filename=\"\x80 \xE4.txt\""),
          std::string("filename=\"..\\\\..\\\\\u20AC \u00E4.txt . .\""),
          std::string("filename=\"\u20AC\r\n \u00E4.txt\"")}) {
        EXPECT_EQ(names_in(attachment(parameters)), Names{"€ ä.txt"}) << parameters;
        EXPECT_EQ(names_in(multipart("mixed", {part("text/plain", "x"), attachment(parameters)}, "a")),
                  Names{"€ ä.txt"})
            << parameters;
    }
}

TEST(AttachmentList, ANulHidesNoExtension)
{
    EXPECT_EQ(names_in(attachment("filename*=utf-8''invoice.pdf%00.exe")), Names{"invoice.pdf.exe"});
    EXPECT_EQ(names_in(attachment(std::string("filename=\"invoice.pdf\0.exe\"", 27))),
              Names{"invoice.pdf .exe"});
    EXPECT_EQ(names_in(attachment("filename=\"=?utf-8?q?invoice=2Epdf=00=2Eexe?=\"")),
              Names{"invoice.pdf .exe"});
}

TEST(AttachmentList, AttachedMessagesHaveNamesToo)
{
    const std::string inner = "Subject: x\r\n\r\ninner";
    EXPECT_EQ(names_in(part("message/rfc822", inner)), Names{"message.eml"});
    EXPECT_EQ(names_in(part("message/rfc822; name=a.eml", inner)), Names{"a.eml"});
    EXPECT_EQ(names_in(part("message/rfc822", inner,
                            "Content-Disposition: attachment; filename*=utf-8''%c3%a4.eml\r\n")),
              Names{"ä.eml"});
    EXPECT_EQ(names_in(part("message/rfc822", "U3ViamVjdDogeA==", "Content-Transfer-Encoding: base64\r\n")),
              Names{"message.eml"});
    EXPECT_EQ(names_in(part("message/rfc822", multipart("mixed", {attachment("filename=inner.pdf")}, "a"))),
              Names{"message.eml"})
        << "what is inside belongs to it";
}

TEST(AttachmentList, TypesAndSizesAreRead)
{
    const Readable mail = read_message(multipart(
        "mixed",
        {part("APPLICATION/Pdf (x)", "YWJj",
              "Content-Transfer-Encoding: \"base64\"\r\nContent-Disposition: attachment\r\n"),
         part("text/calendar; name=a.ics", "abcd"),
         part("text/plain", "abcde", "Content-Disposition: ATTACHMENT\r\n"), part("image/png", "abcdef")},
        "a"));
    ASSERT_EQ(mail.attachments.size(), 4U);
    EXPECT_EQ(mail.attachments[0].type, "application/pdf");
    EXPECT_EQ(mail.attachments[0].size, 3U);
    EXPECT_EQ(mail.attachments[1].type, "text/calendar");
    EXPECT_EQ(mail.attachments[1].size, 4U);
    EXPECT_EQ(mail.attachments[2].type, "text/plain");
    EXPECT_EQ(mail.attachments[3].name, "unnamed");
}

TEST(AttachmentList, WhateverIsWrittenThereIsOneLineFitToShow)
{
    constexpr std::string_view kLetters = "\"\\;=*'%()<>@,:/[]?. \tabc\xC3\xA4\xE2\x80\xAE\x01\x7F\x9B";
    for (int i = 0; i < 1000; ++i) {
        std::string name;
        for (int j = 0; j < i % 60; ++j) {
            name.push_back(kLetters[static_cast<std::size_t>(i * 7 + j * j * 3 + j) % kLetters.size()]);
        }
        for (const std::string_view key :
             {"filename=", "filename*=", "filename*0*=utf-8''", "filename=\"", "name="}) {
            for (const Attachment& one :
                 read_message(attachment(std::string(key) + name, "application/x; name=" + name))
                     .attachments) {
                EXPECT_EQ(one.name, text::one_line(one.name)) << name;
                EXPECT_FALSE(one.name.empty()) << name;
                EXPECT_EQ(one.name.find_first_of("/\\"), std::string::npos) << name;
                EXPECT_EQ(one.type, "application/x") << name;
            }
        }
    }
}

} // namespace qm::mail
