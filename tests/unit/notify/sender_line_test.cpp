#include "notify/sender_line.h"

#include <gtest/gtest.h>

#include "quarantine/error.h"

namespace qm::notify {
namespace {

const std::vector<std::string> kKnown{"EMAIL_FROM", "EMAIL_TO"};

SenderLine::Mailbox rendered(std::string_view line, const html::Variables& values = {})
{
    return SenderLine(line, kKnown).render(values);
}

} // namespace

TEST(SenderLine, ReadsEveryUsualSpelling)
{
    for (const auto* line : {"\"Mail quarantine\" <q@our.example>", "Mail quarantine <q@our.example>",
                             "  Mail quarantine   < q@our.example > "}) {
        EXPECT_EQ(rendered(line).name, "Mail quarantine") << line;
        EXPECT_EQ(rendered(line).address, "q@our.example") << line;
    }
    EXPECT_EQ(rendered("q@our.example").address, "q@our.example");
    EXPECT_EQ(rendered("<q@our.example>").name, "");
    EXPECT_EQ(rendered("\"Say \\\"q\\\"\" <q@our.example>").name, "Say \"q\"");
}

TEST(SenderLine, WhatIsNoAddressIsAMistake)
{
    for (const auto* line : {"", "Mail quarantine", "Mail <q>", "<q@our.example", "a@b.example, c@d.example",
                             "jürgen@our.example", "x <a,b@our.example>"}) {
        EXPECT_THROW(SenderLine(line, kKnown), ConfigError) << line;
    }
    EXPECT_THROW(SenderLine("{NO_SUCH} <q@our.example>", kKnown), ConfigError);
}

TEST(SenderLine, VariablesStandInBothParts)
{
    const auto mailbox = rendered("\"{EMAIL_FROM} (held)\" <{EMAIL_TO}>",
                                  {{"EMAIL_FROM", "a@b.example"}, {"EMAIL_TO", "u@our.example"}});
    EXPECT_EQ(mailbox.name, "a@b.example (held)");
    EXPECT_EQ(mailbox.address, "u@our.example");
}

TEST(SenderLine, AValueCannotAddAnAddress)
{
    const html::Variables values{{"EMAIL_FROM", "x\" <evil@example.org>, \"\r\nBcc: y"}};
    const auto mailbox = rendered("\"{EMAIL_FROM}\" <q@our.example>", values);
    EXPECT_EQ(mailbox.address, "q@our.example");
    EXPECT_EQ(mailbox.name, "x\" <evil@example.org>, \" Bcc: y");
    for (const auto* value :
         {"evil@example.org>, <x@y.example", "", "two words@x.example", "a@b.example\r\nBcc: y"}) {
        EXPECT_EQ(rendered("<{EMAIL_TO}>", {{"EMAIL_TO", value}}).address, "postmaster@localhost") << value;
    }
}

TEST(SenderLine, SeveralQuotedStringsAreNoOneName)
{
    EXPECT_EQ(rendered("\"a\" \"b\" <q@our.example>").name, "\"a\" \"b\"");
    EXPECT_EQ(rendered("\"a \\\"b\\\"\" <q@our.example>").name, "a \"b\"");
}

TEST(SenderLine, AHeaderTakesOrdinaryAddressesOnly)
{
    for (const auto* address :
         {"u@our.example", "u+tag@our.example", "\"a b\"@our.example", "u@[192.0.2.1]", "o'hara@x.example",
          "\"a\\\"b\\\\\"@our.example", "u@[IPv6:2001:db8::1]", "u@host", "u@a_b.example"}) {
        EXPECT_TRUE(fits_header(address)) << address;
    }
    for (const auto* address : {"",
                                "u",
                                "a,b@x.example",
                                "a;b@x.example",
                                "a(c)@x.example",
                                ".a@x.example",
                                "a..b@x.example",
                                "a@x(c).example",
                                "jürgen@x.example",
                                "a@exämple.org",
                                "a:b@x.example",
                                "a@x..example",
                                "a@.x",
                                "a@x.",
                                "\"a\"b\"@x.example",
                                "\"a\"\"b\"@x.example",
                                "\"a\\ b\"@x.example",
                                "\"\"@x.example",
                                "\"a\\\"@x.example",
                                "=?utf-8?q?a?=@x.example",
                                "\"=?utf-8?q?a?=\"@x.example",
                                "a@[192.0.2.1",
                                "a@[]",
                                "a@[.]",
                                "a@[1..2]",
                                "a@b@c.example",
                                "a@x.example\r\nBcc: b",
                                "a@x.example>",
                                "<a@x.example>",
                                "\"a\"@y.example,\"b\"@x.example",
                                "\"a\" \"b\"@x.example",
                                "\"a\",evil@evil.example,\"b\"@our.example",
                                "\"a\".\"b\"@our.example"}) {
        EXPECT_FALSE(fits_header(address)) << address;
    }
    EXPECT_FALSE(fits_header(std::string(300, 'a') + "@x.example"));
}

TEST(SenderLine, ALongNameIsCutAndAsciiStaysAscii)
{
    EXPECT_EQ(fit_for_name(std::string(60, 'a')), std::string(60, 'a'));
    EXPECT_EQ(fit_for_name(std::string(61, 'a')), std::string(57, 'a') + "...");
    EXPECT_EQ(fit_for_name(" a\r\n b "), "a b");
    const std::string umlauts = fit_for_name("ä" + std::string(500, 'a'));
    EXPECT_TRUE(umlauts.ends_with("a…")) << umlauts;
    EXPECT_EQ(fit_for_name(""), "");
}

} // namespace qm::notify
