#include "notify/header_field.h"

#include <string>

#include <gmock/gmock.h>

#include "base/text.h"
#include "mail/decode.h"

namespace qm::notify {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using namespace std::string_literals;

std::string times(std::size_t count, std::string_view text)
{
    std::string result;
    for (std::size_t i = 0; i < count; ++i) {
        result += text;
    }
    return result;
}

/// What a mail program reads.
std::string read_back(const std::string& field)
{
    return mail::decode(field.substr(field.find(':') + 1, field.size() - field.find(':') - 3));
}

void expect_fit_for_the_wire(const std::string& field, std::size_t width = 76)
{
    EXPECT_TRUE(field.ends_with("\r\n")) << field;
    EXPECT_TRUE(text::is_ascii(field)) << field;
    std::string rest = field;
    for (bool first = true; !rest.empty(); first = false) {
        const std::string line = rest.substr(0, rest.find("\r\n"));
        EXPECT_EQ(line.find_first_of("\r\n\t\0\x1B"s), std::string::npos) << line;
        EXPECT_LE(line.size(), width) << line;
        EXPECT_EQ(line.starts_with(' '), !first) << field;
        EXPECT_FALSE(!first && text::trim(line).empty()) << field;
        rest.erase(0, line.size() + 2);
    }
    for (auto at = field.find("=?"); at != std::string::npos; at = field.find("=?", at + 2)) {
        EXPECT_LE(field.find_first_of(" \r", at) - at, 75U) << field;
    }
}

} // namespace

TEST(HeaderField, PlainTextStaysPlain)
{
    EXPECT_EQ(text_field("Subject", "[Held] Invoice 4711"), "Subject: [Held] Invoice 4711\r\n");
    EXPECT_EQ(text_field("Subject", ""), "Subject: \r\n");
    EXPECT_EQ(text_field("Subject", " a \t b\r\n"), "Subject: a b\r\n");
    EXPECT_EQ(text_field("Subject", times(20, "word ")),
              "Subject: word word word word word word word word word word word word word\r\n"
              " word word word word word word word\r\n");
}

TEST(HeaderField, OnlyTheWordsThatNeedItAreEncoded)
{
    EXPECT_EQ(text_field("Subject", "[Held] Grüße to you"),
              "Subject: [Held] =?utf-8?Q?Gr=C3=BC=C3=9Fe?= to you\r\n");
    EXPECT_EQ(text_field("Subject", "a ü b ü c"), "Subject: a =?utf-8?Q?=C3=BC_b_=C3=BC?= c\r\n");
    EXPECT_EQ(text_field("Subject", "請求書"), "Subject: =?utf-8?B?6KuL5rGC5pu4?=\r\n");
    EXPECT_EQ(text_field("Subject", "=?utf-8?q?x?="), "Subject: =?utf-8?Q?=3D=3Futf-8=3Fq=3Fx=3F=3D?=\r\n");
}

TEST(HeaderField, EveryTextIsReadBackAsItWas)
{
    for (const std::string& piece : {"x"s,      "ü"s,     "€"s,    "😀"s,  "word "s,          "ü "s,
                                     "a ü"s,    "€😀ü"s,   "=?"s,   "?="s, "=?utf-8?q?a?= "s, "\u0301"s,
                                     "_"s,      "="s,     "\""s,   "\\"s, "請求 "s,          "\U0010FFFF"s,
                                     "\uFFFD"s, "שלום "s, "(a), "s}) {
        for (std::size_t shift = 0; shift < 80; shift += 7) {
            const std::string text = text::one_line(std::string(shift, 'a') + (shift % 2 == 0 ? " " : "") +
                                                        times(200 / piece.size(), piece),
                                                    4000);
            const std::string field = text_field("Subject", text);
            expect_fit_for_the_wire(field);
            EXPECT_EQ(read_back(field), text) << field;
        }
    }
}

TEST(HeaderField, NoTextMakesALineOrAControl)
{
    for (const std::string& evil :
         {"x\r\nBcc: y"s, "x\r\n\r\nbody"s, "a\0b\x1B[2J\x7F"s, "\xC2\x85\xE2\x80\xA8"s, "\xFF\xFE\x80"s,
          "\n"s, "\r"s, "\u202E"s, "=?utf-8?q?a=0D=0ABcc:_y?="s, "\xED\xA0\x80"s}) {
        for (const std::string& field : {text_field("Subject", evil), mailbox_field("From", evil, "a@b"),
                                         group_field("To", evil + "x"), plain_field("Message-ID", evil)}) {
            expect_fit_for_the_wire(field);
            EXPECT_THAT(field, Not(HasSubstr("\nBcc"))) << field;
        }
        EXPECT_EQ(read_back(text_field("Subject", evil)), text::one_line(evil));
    }
}

TEST(HeaderField, ANameIsAtomsOrQuotedOrEncoded)
{
    EXPECT_EQ(mailbox_field("From", "", "a@b.example"), "From: a@b.example\r\n");
    EXPECT_EQ(mailbox_field("From", "Mail quarantine", "a@b"), "From: Mail quarantine <a@b>\r\n");
    EXPECT_EQ(mailbox_field("From", "Smith, \"A\\nna\"", "a@b"),
              "From: \"Smith, \\\"A\\\\nna\\\"\" <a@b>\r\n");
    EXPECT_EQ(mailbox_field("From", "bank@real.example", "a@b"), "From: \"bank@real.example\" <a@b>\r\n");
    EXPECT_EQ(mailbox_field("From", "Jürgen", "a@b"), "From: =?utf-8?Q?J=C3=BCrgen?= <a@b>\r\n");
    EXPECT_EQ(mailbox_field("From", "=?utf-8?q?a=0D=0A?=", "a@b"),
              "From: =?utf-8?Q?=3D=3Futf-8=3Fq=3Fa=3D0D=3D0A=3F=3D?= <a@b>\r\n");
    EXPECT_EQ(group_field("To", "jürgen@b"), "To: =?utf-8?Q?j=C3=BCrgen=40b?= :;\r\n");
    EXPECT_EQ(group_field("To", "a,b"), "To: \"a,b\" :;\r\n");
}

TEST(HeaderField, LongNamesAndAddressesStandOnLinesOfTheirOwn)
{
    for (const std::string& name : {times(60, "x"), times(180, "x"), times(30, "ab "), times(90, "ü"),
                                    times(45, "😀"), times(70, "\""), times(40, "a.b ")}) {
        const std::string field = mailbox_field("From", name, std::string(40, 'a') + "@example.org");
        expect_fit_for_the_wire(field);
        EXPECT_THAT(field, HasSubstr("<" + std::string(40, 'a') + "@example.org>"));
    }
    const std::string address = std::string(64, 'a') + "@" + times(20, "subdomain.") + "x";
    expect_fit_for_the_wire(mailbox_field("From", "Anna", address), 300);
    EXPECT_THAT(mailbox_field("From", "Anna", address), HasSubstr("From: Anna\r\n <"));
}

} // namespace qm::notify
