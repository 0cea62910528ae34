// Which part of a message is its text, whatever tree its parts make, and what is said where there is none.
#include "mail/readable.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"
#include "mail_parts.h"

namespace qm::mail {
namespace {

using test::attachment;
using test::base64_part;
using test::multipart;
using test::part;
using test::text_in;
using namespace std::string_literals;

const std::string kPlain = part("text/plain", "plain");
const std::string kHtml = part("text/html", "<p>html</p>");
const std::string kImage = part("image/png", "x", "Content-ID: <i>\r\n");
const std::string kInner = part("message/rfc822", "Subject: inner\r\n\r\ninner");

struct Row {
    std::string message;
    std::string text;
};

void expect_texts(const std::vector<Row>& rows)
{
    for (const Row& row : rows) {
        const Readable mail = read_message(row.message);
        EXPECT_EQ(text_in(mail), row.text) << row.message;
        EXPECT_EQ(mail.problem, "") << row.message;
    }
}

void expect_sentence(const std::string& message, const std::string& sentence)
{
    const Readable mail = read_message(message);
    EXPECT_EQ(text_in(mail), "") << message;
    EXPECT_EQ(mail.problem, sentence) << message;
}

std::string html(const std::string& body, const std::string& more = "")
{
    return part("text/html", body, more);
}

} // namespace

TEST(MimeTree, TheBestPartIsFoundHoweverDeepItIs)
{
    expect_texts({
        {kPlain, "plain"},
        {multipart("mixed", {kPlain, attachment("filename=a")}, "a"), "plain"},
        {multipart("mixed", {attachment("filename=a"), kPlain}, "a"), "plain"},
        {multipart("alternative", {kPlain, multipart("related", {kHtml, kImage}, "b")}, "a"), "<p>html</p>"},
        {multipart("related", {multipart("alternative", {kPlain, kHtml}, "b"), kImage}, "a"), "<p>html</p>"},
        {multipart("mixed",
                   {multipart("alternative", {kPlain, multipart("related", {kHtml, kImage}, "c")}, "b"),
                    attachment("filename=a")},
                   "a"),
         "<p>html</p>"},
        {multipart("signed", {kPlain, part("application/pgp-signature", "x")}, "a"), "plain"},
        {multipart("report", {kPlain, part("message/delivery-status", "Reporting-MTA: x"), kInner}, "a"),
         "plain"},
        {multipart("x-unknown", {kImage, kPlain}, "a"), "plain"},
        {multipart("mixed", {multipart("mixed", {multipart("mixed", {kPlain}, "c")}, "b")}, "a"), "plain"},
        {multipart("mixed", {kInner, kPlain}, "a"), "plain"},
        {multipart("mixed", {kInner, kImage}, "a"), "inner"},
        {part("message/rfc822", part("message/rfc822", kPlain)), "plain"},
        {part("message/global", "Subject: x\r\n\r\ninner"), "inner"},
        {multipart("digest", {"\r\nSubject: one\r\n\r\nfirst", "\r\nSubject: two\r\n\r\nsecond"}, "a"),
         "first|second"},
        {part("text/plain; name=a.txt", "named", "Content-Disposition: inline\r\n"), "named"},
    });
}

TEST(MimeTree, OfEqualAlternativesTheLastIsTheBest)
{
    expect_texts({
        {multipart("alternative", {kPlain, html("simple"), html("rich")}, "a"), "rich"},
        {multipart("alternative", {part("text/plain", "a"), part("text/plain", "b")}, "a"), "b"},
        {multipart("alternative",
                   {multipart("related", {html("one")}, "b"), multipart("related", {html("two")}, "c")}, "a"),
         "two"},
        {multipart("alternative", {html("one"), multipart("mixed", {html("two"), kPlain}, "b"), kPlain}, "a"),
         "two|plain"},
        {multipart("alternative", {multipart("mixed", {kPlain, kPlain}, "b"), kHtml}, "a"), "<p>html</p>"},
    });
}

TEST(MimeTree, EveryTextThatStandsInTheMailIsShownInItsOrder)
{
    const std::string alternative = multipart("alternative", {kPlain, kHtml}, "b");
    expect_texts({
        {multipart("mixed", {html("one"), html("two")}, "a"), "one|two"},
        {multipart("mixed", {kPlain, kHtml}, "a"), "plain|<p>html</p>"},
        {multipart("mixed", {kHtml, attachment("filename=a"), kPlain}, "a"), "<p>html</p>|plain"},
        {multipart("mixed", {kPlain, part("text/plain", "footer")}, "a"), "plain|footer"},
        {multipart("mixed", {alternative, part("text/plain", "footer")}, "a"), "<p>html</p>|footer"},
        {multipart("mixed", {alternative, part("text/plain", " "), alternative}, "a"),
         "<p>html</p>|<p>html</p>"},
        {multipart("alternative", {kPlain, multipart("mixed", {html("one"), kImage, html("two")}, "b")}, "a"),
         "one|two"},
        {multipart("signed", {multipart("mixed", {kPlain, kHtml}, "b"), kPlain}, "a"),
         "plain|<p>html</p>|plain"},
        {multipart("mixed", {kPlain, part("text/html; name=m", "named", "Content-Disposition: inline\r\n")},
                   "a"),
         "plain|named"},
        {multipart("mixed", {kPlain, part("text/html", "x", "Content-Disposition: attachment\r\n")}, "a"),
         "plain"},
        {multipart("mixed", {kInner, kInner, kImage}, "a"), "inner|inner"},
        {multipart("mixed", {kInner, kPlain, kInner}, "a"), "plain"},
        {multipart("mixed", {part("text/x-a", "a"), part("text/x-b", "b")}, "a"), "a|b"},
    });
}

TEST(MimeTree, ANameMakesAnAlternativeNoWorse)
{
    const Readable mail =
        read_message(multipart("alternative", {kPlain, part("text/html; name=m", "named")}, "a"));
    EXPECT_EQ(text_in(mail), "named");
    ASSERT_EQ(mail.attachments.size(), 1U);
    EXPECT_EQ(mail.attachments[0].name, "m");
}

TEST(MimeTree, ATextThatIsNeitherShownNorReplacedIsListed)
{
    const auto types = [](const std::string& message) {
        std::string all;
        for (const Attachment& one : read_message(message).attachments) {
            EXPECT_EQ(one.name, "unnamed");
            all += (all.empty() ? "" : "|") + one.type;
        }
        return all;
    };
    const std::string calendar = part("text/calendar", "BEGIN:VCALENDAR");
    const std::string rtf = part("text/rtf", "{}");
    EXPECT_EQ(types(multipart("mixed", {kHtml, calendar, rtf}, "a")), "text/calendar|text/rtf");
    EXPECT_EQ(types(multipart("related", {kHtml, kPlain, html("x")}, "a")), "text/plain|text/html");
    EXPECT_EQ(types(multipart("alternative", {kPlain, kHtml, calendar}, "a")), "");
    EXPECT_EQ(types(multipart("alternative", {multipart("mixed", {kPlain, rtf}, "b"), kHtml}, "a")), "");
    EXPECT_EQ(types(multipart("alternative", {kPlain, multipart("mixed", {kHtml, rtf}, "b")}, "a")),
              "text/rtf");
    EXPECT_EQ(types(multipart("mixed", {kHtml, part("text/plain", " "), html(" ")}, "a")), "");
    EXPECT_EQ(types(calendar), "text/calendar");
    EXPECT_EQ(types(rtf), "");
}

TEST(MimeTree, TheLimitOfTextIsThatOfAllPartsTogether)
{
    const std::string ten = part("text/plain", "0123456789");
    const std::string message = multipart("mixed", {ten, ten, ten}, "a");
    const std::string left_out =
        "This message is larger or more complicated than can be shown; something was left out.";
    ReadLimits limits;
    limits.max_text = 30;
    EXPECT_EQ(text_in(read_message(message, limits)), "0123456789|0123456789|0123456789");
    EXPECT_EQ(read_message(message, limits).problem, "");
    EXPECT_FALSE(read_message(message, limits).cut);
    limits.max_text = 15;
    const Readable cut = read_message(message, limits);
    EXPECT_EQ(text_in(cut), "0123456789|01234");
    EXPECT_TRUE(cut.cut);
    EXPECT_EQ(cut.problem, left_out);
    EXPECT_EQ(cut.attachments.size(), 1U) << "the third is listed";
    limits = {};
    limits.max_texts = 2;
    const Readable two = read_message(message, limits);
    EXPECT_EQ(text_in(two), "0123456789|0123456789");
    EXPECT_EQ(two.problem, left_out);
    EXPECT_EQ(two.attachments.size(), 1U);
}

TEST(MimeTree, BlankPartsThatGoOnBehindTheLimitAreTold)
{
    ReadLimits limits;
    limits.max_text = 10;
    const std::string hidden = html(std::string(20, ' ') + "x");
    const Readable mail = read_message(multipart("alternative", {kPlain, hidden}, "a"), limits);
    EXPECT_EQ(text_in(mail), "plain");
    EXPECT_TRUE(mail.cut);
    const Readable alone = read_message(hidden, limits);
    EXPECT_EQ(text_in(alone), "");
    EXPECT_EQ(alone.problem, "This message is larger or more complicated than can be shown.");
}

TEST(MimeTree, OfHtmlBeyondMeasureNobodyIsAsked)
{
    static std::size_t bytes_asked = 0;
    const auto is_blank = [](std::string_view html) {
        bytes_asked += html.size();
        return true;
    };
    ReadLimits limits;
    limits.max_text = 100;
    const std::vector<std::string> many(50, html(std::string(90, 'x')));
    const Readable mail = read_message(multipart("mixed", many, "a"), limits, is_blank);
    EXPECT_LE(bytes_asked, 800U);
    EXPECT_TRUE(text_in(mail).starts_with("xxx"));
    EXPECT_NE(mail.problem, "");
}

TEST(MimeTree, AlternativesThatProgramsChooseFromInTwoWaysAreTold)
{
    const auto contradicts = [](const std::vector<std::string>& parts) {
        return read_message(multipart("alternative", parts, "a")).contradicts_itself;
    };
    const std::string blank = part("text/plain", " ");
    EXPECT_TRUE(contradicts({kPlain, html(" ")}));
    EXPECT_TRUE(contradicts({kPlain, multipart("related", {html(" "), kImage}, "b")}));
    EXPECT_FALSE(contradicts({kPlain, multipart("mixed", {html(" "), kHtml}, "b")}));
    EXPECT_FALSE(contradicts({kPlain, kHtml}));
    EXPECT_TRUE(contradicts({kHtml, kPlain})) << "some programs show the last one";
    EXPECT_TRUE(contradicts({kHtml, multipart("mixed", {kPlain, kImage}, "b")}));
    EXPECT_FALSE(contradicts({kHtml, blank, kImage}));
    EXPECT_FALSE(
        contradicts({kPlain, multipart("related", {kHtml, kImage}, "b"), part("text/calendar", "x")}));
    EXPECT_FALSE(contradicts({kPlain, html("one"), part("text/x-amp-html", "x"), html("two")}));
    EXPECT_FALSE(contradicts({blank, kHtml}));
    EXPECT_FALSE(contradicts({blank, html(" ")}));
}

TEST(MimeTree, TheRootOfARelatedPartIsItsText)
{
    const std::string frame = html("frame", "Content-ID: <f>\r\n");
    const std::string root = html("root", "Content-ID: <r>\r\n");
    expect_texts({
        {multipart("related; start=\"<r>\"", {frame, root}, "a"), "root"},
        {multipart("related; start=r", {frame, root}, "a"), "root"},
        {multipart("related; start=\"<x>\"", {frame, root}, "a"), "frame"},
        {multipart("related", {root, frame}, "a"), "root"},
        {multipart("related", {kPlain, root}, "a"), "plain"},
        {multipart("related", {kImage, root}, "a"), "root"},
        {multipart("related", {html(" "), root}, "a"), "root"},
    });
}

TEST(MimeTree, APartThatShowsNothingGivesWayToOneThatDoes)
{
    for (const std::string& nothing :
         {std::string(""), std::string(" \r\n\t"), std::string("\u00A0\u200B\uFEFF")}) {
        expect_texts({{multipart("alternative", {kPlain, html(nothing)}, "a"), "plain"}});
    }
    const auto begins_blank = [](std::string_view html) { return html.starts_with("<br>"); };
    const std::string message = multipart("alternative", {kPlain, html("<br>x")}, "a");
    EXPECT_EQ(text_in(read_message(message, {}, begins_blank)), "plain");
    EXPECT_EQ(text_in(read_message(message)), "<br>x");
    std::vector<std::string> many(200, part("text/plain", " "));
    many.push_back(kPlain);
    expect_texts({{multipart("mixed", many, "a"), "plain"}});
}

TEST(MimeTree, AKindOfTextThatNobodyKnowsIsPlainText)
{
    expect_texts({
        {part("text/x-foo", "foo"), "foo"},
        {part("text/csv", "a,b"), "a,b"},
        {part("text/enriched", "<bold>x</bold>"), "<bold>x</bold>"},
        {multipart("alternative", {part("text/x-foo", "foo"), kPlain}, "a"), "plain"},
        {multipart("alternative", {kPlain, part("text/x-amp-html", "<html>")}, "a"), "plain"},
    });
}

TEST(MimeTree, ATypeThatCannotBeReadIsPlainText)
{
    for (const std::string& type :
         {std::string("text"), std::string("html"), std::string("/"), std::string("text/"), std::string(""),
          std::string(";;;"), std::string("\"text/html\""), std::string("text/\xC3\xA4"),
          std::string("garbage; charset=utf-8")}) {
        expect_texts({{part(type, "x"), "x"}});
        EXPECT_FALSE(read_message(part(type, "x")).texts.at(0).is_html) << type;
    }
    EXPECT_EQ(text_in(read_message(part("image/\xFF", "x"))), "");
    EXPECT_EQ(read_message(part("image", "x")).attachments.at(0).type, "application/octet-stream");
}

TEST(MimeTree, ContradictionsGiveAnAnswerAndAlwaysTheSame)
{
    expect_texts({
        {"Content-Type: text/html\r\nContent-Type: text/plain\r\n\r\nx", "x"},
        {"Content-Type: text/plain\r\nContent-Type: multipart/mixed; "
         "boundary=a\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n",
         "x"},
        {"Content-Type: multipart/mixed; boundary=a\r\nContent-Type: "
         "text/plain\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n",
         "--a\r\n\r\nx\r\n--a--\r\n"},
        {"Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n", "x"},
        {"MIME-Version: 9.9\r\nContent-Type: text/plain\r\n\r\nx", "x"},
        {part("text/plain", "x", "Content-Disposition: inline\r\nContent-Disposition: attachment\r\n"), "x"},
        {part("text/plain; charset=utf-8; charset=koi8-r", "\xC3\xA4"), "ä"},
        {part("text/plain; charset*=us-ascii''koi8-r; charset=utf-8", "\xF0"), "\u041F"},
        {part("text/plain; charset='utf-8'", "\xC3\xA4"), "ä"},
        {part("text/plain; charset=\"koi8-r", "\xF0"), "\u041F"},
        {part("text/plain; charset=koi8-r (Russian)", "\xF0"), "\u041F"},
        {part("text/plain; charset*0=koi8; charset*1=-r", "\xF0"), "\u041F"},
    });
    const Readable mail = read_message("Subject: one\r\nSubject: two\r\nFrom: a@b\r\nFrom: c@d\r\n\r\nx");
    EXPECT_EQ(mail.subject, "one");
    EXPECT_EQ(mail.from, "a@b");
}

TEST(MimeTree, FieldsThatContradictEachOtherAreTold)
{
    const std::string mixed = "Content-Type: multipart/mixed; boundary=";
    const std::string both = "\r\n\r\n--a\r\n\r\nA\r\n--a--\r\n--b\r\n\r\nB\r\n--b--\r\n";
    for (const std::string& message : {
             mixed + "a\r\n" + mixed + "b" + both,
             mixed + "a; boundary=b" + both,
             mixed + "a; boundary*=utf-8''b" + both,
             mixed + "b; boundary=B" + both,
             multipart("mixed", {mixed + "a; boundary=b" + both}, "c"),
             part("message/rfc822", mixed + "a; boundary=b" + both),
             "Content-Type: text/html\r\n" + part("text/plain", "x"),
             part("text/plain; charset=utf-8; charset=koi8-r", "x"),
             part("text/plain", "x", "Content-Disposition: inline\r\nContent-Disposition: attachment\r\n"),
             part("text/plain", "YWJj",
                  "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n"),
         }) {
        EXPECT_TRUE(read_message(message).contradicts_itself) << message;
    }
    for (const std::string& message : {
             mixed + "a\r\n" + mixed + "\"a\"" + both,
             "Content-Type: text/plain\r\n" + part("Text/Plain; charset=utf-8; charset=\"UTF-8\"", "x"),
             part("text/plain", "x", "Content-Disposition: inline\r\nContent-Disposition: Inline; a=b\r\n"),
             multipart("alternative", {kPlain, kHtml}, "a"),
             std::string("\r\nx"),
         }) {
        EXPECT_FALSE(read_message(message).contradicts_itself) << message;
    }
}

TEST(MimeTree, BoundariesAreForgiven)
{
    const std::string head = "Content-Type: multipart/mixed; boundary=";
    expect_texts({
        {head + "a\r\n\r\nbefore\r\n--a\r\n\r\nx\r\n--a--\r\nbehind", "x"},
        {head + "a\r\n\r\n--a\r\n\r\nx", "x"},
        {head + "a\r\n\r\n--a  \r\n\r\nx\r\n--a--  \r\n", "x"},
        {head + "\"a b\"\r\n\r\n--a b\r\n\r\nx\r\n--a b--\r\n", "x"},
        {"Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\r\n\r\n--ab\r\n\r\nx\r\n--ab--\r\n", "x"},
        {multipart("mixed", {multipart("alternative", {kPlain, kHtml}, "a"), kImage}, "a"), "<p>html</p>"},
        {multipart("mixed", {multipart("alternative", {kPlain, kHtml}, "ab"), kImage}, "a"), "<p>html</p>"},
    });
}

TEST(MimeTree, PartsThatCannotBeToldApartAreShownAsTheyAre)
{
    for (const std::string& parameters :
         {std::string(""), std::string("; boundary=other"), std::string("; boundary=")}) {
        const Readable mail =
            read_message("Content-Type: multipart/mixed" + parameters + "\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n");
        EXPECT_EQ(text_in(mail), "--a\n\nx\n--a--\n") << parameters;
        EXPECT_EQ(mail.problem,
                  "The parts of this message cannot be told apart; it is shown as it was written.");
        EXPECT_FALSE(mail.texts.at(0).is_html);
    }
    const std::string inner = "Content-Type: multipart/mixed; boundary=c\r\n\r\nundivided";
    EXPECT_EQ(text_in(read_message(multipart("mixed", {inner, kImage}, "a"))), "undivided");
    EXPECT_EQ(text_in(read_message(multipart("mixed", {inner, kPlain}, "a"))), "plain");
}

TEST(MimeTree, TransferEncodingsThatLieAreNotBelieved)
{
    expect_texts({
        {part("text/plain", "YWJj", "Content-Transfer-Encoding: BASE64\r\n"), "abc"},
        {part("text/plain", "YWJj", "Content-Transfer-Encoding: base64;\r\n"), "abc"},
        {part("text/plain", "YWJj", "Content-Transfer-Encoding: \"base64\"\r\n"), "abc"},
        {part("text/plain", "YWJj", "Content-Transfer-Encoding: (x) base64 (y)\r\n"), "abc"},
        {part("text/plain", "YWJj",
              "Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n"),
         "abc"},
        {part("text/plain", "YWJj",
              "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n"),
         "abc"},
        {base64_part("text/plain", "This is text, whatever it says."), "This is text, whatever it says."},
        {base64_part("text/html", "\r\n<p>x</p>\r\n"), "\r\n<p>x</p>\r\n"},
        {base64_part("text/plain", "\r\n\r\nYWJj  \r\n"), "abc"},
        {base64_part("text/plain", "YW\tJj"), "abc"},
        {base64_part("text/plain", "YWJjZA==\r\n\r\n-- \r\nsent to a list"), "abcd"},
        {part("text/plain", "100 % = =XY", "Content-Transfer-Encoding: quoted-printable\r\n"), "100 % = =XY"},
        {part("text/plain", "a=3Db", "Content-Transfer-Encoding: 8bit\r\n"), "a=3Db"},
        {part("text/plain", "begin 644 x\r\n#86)C\r\n`\r\nend\r\n",
              "Content-Transfer-Encoding: x-uuencode\r\n"),
         "abc"},
        {"Content-Type: multipart/mixed; boundary=a\r\nContent-Transfer-Encoding: "
         "base64\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n",
         "x"},
    });
}

TEST(MimeTree, WhatDoesNotBelongToBase64IsIgnoredAndAPaddingEndsNothing)
{
    expect_texts({
        {base64_part("text/html", "PHA+UGF5IG5v dyBhdCBo"), "<p>Pay now at h"},
        {base64_part("text/html", "<PHA+UGF5IG5vdyBhdCBo"), "<p>Pay now at h"},
        {base64_part("text/html", "< ! PHA+UGF5 IG5v\r\ndyBhdCBo"), "<p>Pay now at h"},
        {base64_part("text/plain; charset=koi8-r", "8NLJ18XU LCDQ0snXxdQ="), "Привет, привет"},
        {base64_part("text/plain; charset=utf-16le", "UABhAHkA IABuAG8AdwA="), "Pay now"},
        {base64_part("text/plain; charset=iso-2022-jp", "GyRCJDMk cxsoQg=="), "こん"},
    });
    EXPECT_FALSE(read_message(base64_part("text/plain", "UGF5 IG5v")).contradicts_itself);
    expect_texts({
        {base64_part("text/plain", "SGFybWxlc3M=\r\nUGF5IG5vdw==\r\nIGF0IG9uY2Uu"),
         "HarmlessPay now at once."},
        {base64_part("text/plain", "SGFybWxlc3M=UGF5IG5vdw=="), "HarmlessPay now"},
        {base64_part("text/plain", "SGFybWxlc3M=\r\n-- \r\nsent to a list"), "Harmless"},
        {base64_part("text/plain", "=UGF5IG5v"), "Pay no"},
    });
    for (const std::string& charset :
         {std::string(""), std::string("; charset=utf-8"), std::string("; charset=us-ascii"),
          std::string("; charset=x-unknown")}) {
        const Readable mail =
            read_message(base64_part("text/plain" + charset, "Hello Anna, this is no base64 at all."));
        EXPECT_EQ(text_in(mail), "Hello Anna, this is no base64 at all.") << charset;
        EXPECT_TRUE(mail.contradicts_itself) << charset << ": a program may decode it";
    }
}

TEST(MimeTree, Utf7IsTold)
{
    for (const std::string& type : {std::string("text/plain"), std::string("text/html")}) {
        EXPECT_TRUE(read_message(part(type + "; charset=UTF-7", "a +AOQ-")).contradicts_itself) << type;
        EXPECT_FALSE(read_message(part(type + "; charset=UTF-7", "a")).contradicts_itself) << type;
        EXPECT_FALSE(read_message(part(type + "; charset=utf-8", "a +AOQ-")).contradicts_itself) << type;
    }
}

TEST(MimeTree, AMailWithoutTextSaysWhatItIs)
{
    const std::string nothing = part("text/plain", " \r\n");
    const std::string winmail =
        "This message was written in Outlook's own format (winmail.dat), which cannot be shown here.";
    const std::string calendar = "This message is an invitation or another calendar entry; it has no text.";
    expect_sentence(multipart("mixed", {nothing, part("application/ms-tnef; name=winmail.dat", "x")}, "a"),
                    winmail);
    expect_sentence(multipart("mixed", {nothing, attachment("filename*=utf-8''WinMail.dat")}, "a"), winmail);
    expect_sentence(multipart("alternative", {nothing, part("text/calendar; method=REQUEST", "x")}, "a"),
                    calendar);
    expect_sentence(part("text/calendar; name=invite.ics", "x"), calendar);
    expect_sentence(part("message/partial; id=a; number=1; total=2", "x"),
                    "This message is one piece of a larger one and cannot be read alone.");
    expect_sentence(part("message/external-body; access-type=URL", "x"),
                    "The text of this message is not in it but somewhere else.");
    expect_sentence(part("image/png", "x"), "This message has no text, only attachments.");
    expect_sentence(part("text/plain", "x", "Content-Disposition: attachment\r\n"),
                    "This message has no text, only attachments.");
    expect_sentence(multipart("mixed", {}, "a"), "This message has no text.");
    expect_sentence(multipart("mixed", {nothing, nothing}, "a"), "This message has no text.");
    expect_sentence(part("message/rfc822", ""), "This message has no text, only attachments.");
    expect_sentence("\r\n", "This message has no text.");
    EXPECT_EQ(text_in(read_message(multipart("mixed", {kPlain, part("application/ms-tnef", "x")}, "a"))),
              "plain");
}

TEST(MimeTree, WhatIsLeftOutIsSaid)
{
    const std::string too_much = "This message is larger or more complicated than can be shown.";
    std::string deep;
    for (int i = 0; i < 60; ++i) {
        const std::string boundary = "b" + std::to_string(i);
        deep += "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n";
    }
    expect_sentence(deep + "\r\nx", too_much);
    expect_sentence(test::times(60, "Content-Type: message/rfc822\r\n\r\n") + "\r\nx", too_much);
    expect_sentence(test::times(60'000, "Content-Type: message/rfc822\r\n\r\n") + "\r\nx", too_much);
    ReadLimits limits;
    limits.max_parts = 3;
    const std::string four = multipart("mixed", {kImage, kImage, kImage, kPlain}, "a");
    EXPECT_EQ(read_message(four, limits).problem, too_much);
    limits.max_parts = 4;
    EXPECT_EQ(read_message(four, limits).problem, "");
    limits.max_attachments = 2;
    const Readable mail = read_message(four, limits);
    EXPECT_EQ(text_in(mail), "plain");
    EXPECT_EQ(mail.attachments.size(), 2U);
    EXPECT_EQ(mail.problem,
              "This message is larger or more complicated than can be shown; something was left out.");
}

TEST(MimeTree, ACutLeavesNoHalfCharacter)
{
    struct Cut {
        std::string charset;
        std::string bytes; ///< of one character
        std::string text;
    };
    for (const Cut& cut : {Cut{"utf-8", "\xC3\xA4", "\u00E4"}, Cut{"utf-8", "\xF0\x9F\x98\x80", "\U0001F600"},
                           Cut{"", "\xE2\x82\xAC", "\u20AC"}, Cut{"gb18030", "\x81\x30\x89\x38", "\u00DF"},
                           Cut{"shift_jis", "\x93\xFA", "\u65E5"}, Cut{"euc-kr", "\xB0\xA1", "\uAC00"},
                           Cut{"utf-16be", "\xAC\x01", "\uAC01"}}) {
        for (std::uint64_t limit = 8; limit < 24; ++limit) {
            ReadLimits limits;
            limits.max_text = limit;
            const Readable mail =
                read_message(part("text/plain; charset=" + cut.charset, test::times(30, cut.bytes)), limits);
            EXPECT_TRUE(mail.cut);
            EXPECT_EQ(text_in(mail), test::times(text_in(mail).size() / cut.text.size(), cut.text))
                << cut.charset << limit;
            EXPECT_GE(text_in(mail).size() / cut.text.size() + 2, limit / cut.bytes.size())
                << cut.charset << limit;
        }
    }
}

TEST(MimeTree, HeaderBlocksOfEveryShapeLetTheTextThrough)
{
    expect_texts({
        {" continued nothing\r\nSubject: x\r\n\r\nx", "x"},
        {"\tcontinued nothing\r\n\r\nx", "x"},
        {"From a@b Mon Jan  1 00:00:00 2024\r\nSubject: x\r\n\r\nx", "x"},
        {"Subject: x\r\nno field\r\nContent-Type: text/plain\r\n\r\nx", "x"},
        {"Subject : x\r\nContent-Type : text/plain\r\n\r\nx", "x"},
        {"Subject: x\nFrom: a\r\nContent-Type: text/plain\n\r\nx", "x"},
        {"Content-Type: text/pl\0ain\r\nX: \0\r\n\r\nx"s, "x"},
    });
}

TEST(MimeTree, SubjectAndSenderAreOneLineWhateverTheySay)
{
    for (const std::string& value :
         {std::string("=?utf-8?q?a=0D=0ABcc:_b?="), std::string("=?utf-8?b?DQo=?="),
          std::string("=?utf-8?q?=00=1B[31m?="), std::string("=?utf-16be?b?AAoACg==?="),
          std::string("=?utf-7?q?+AAoADQ-?="), std::string("=?iso-2022-jp?b?Gwo=?="), std::string("a\rb"),
          std::string("a\0b", 3), std::string("a\xC2\x85\xE2\x80\xA8 b"), std::string("\xFF\xFE"),
          std::string("=?utf-8?q?=E2=80=AEexe?="), std::string("=?utf-8?q?=ED=A0=80?=")}) {
        const Readable mail = read_message("Subject: " + value + "\r\nFrom: " + value + " <a@b>\r\n\r\nx");
        for (const std::string& line : {mail.subject, mail.from}) {
            EXPECT_EQ(line, text::one_line(line)) << value;
            EXPECT_EQ(text::to_valid_utf8(line), line) << value;
        }
        EXPECT_TRUE(mail.from.ends_with("<a@b>")) << mail.from;
    }
}

} // namespace qm::mail
