#include "policy/literals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/regex.h"

namespace qm::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST(Literals, TextWithoutRegexIsRequiredInLowerCase)
{
    EXPECT_THAT(required_literals("Cheap Meds"), ElementsAre("cheap meds"));
    EXPECT_THAT(required_literals("^X-Spam-Flag: YES$"), ElementsAre("x-spam-flag: yes"));
    EXPECT_THAT(required_literals(R"(\bwinner\b)"), ElementsAre("winner"));
    EXPECT_THAT(required_literals(R"(a\.b\-c\/d)"), ElementsAre("a.b-c/d"));
    EXPECT_THAT(required_literals("[.]exe[ ][Zz]ip"), ElementsAre(".exe zip"));
}

TEST(Literals, WhatMayBeMissingIsNotRequired)
{
    EXPECT_THAT(required_literals("lottery?"), ElementsAre("lotter"));
    EXPECT_THAT(required_literals("(?:grand )?prize"), ElementsAre("prize"));
    EXPECT_THAT(required_literals("prizes*x"), ElementsAre("prize"));
    EXPECT_THAT(required_literals("prize{0,2}winner"), ElementsAre("winner"));
    EXPECT_THAT(required_literals("prize{2}{0}"), ElementsAre("priz"));
    EXPECT_THAT(required_literals("(foo|bar|)"), IsEmpty());
    EXPECT_THAT(required_literals("foo|.*"), IsEmpty());
    EXPECT_THAT(required_literals("(invoice){0}"), IsEmpty());
}

TEST(Literals, WhatIsRepeatedStandsThereOnce)
{
    EXPECT_THAT(required_literals("abcd+efg"), ElementsAre("abcd"));
    EXPECT_THAT(required_literals("abc{2,3}"), ElementsAre("abc"));
    EXPECT_THAT(required_literals("(?:offer )+now"), ElementsAre("offer "));
    EXPECT_THAT(required_literals("winner++!"), ElementsAre("winner"));
    EXPECT_THAT(required_literals("winner+?!"), ElementsAre("winner"));
}

TEST(Literals, OfAlternativesOneStandsThere)
{
    EXPECT_THAT(required_literals("viagra|cialis"), UnorderedElementsAre("viagra", "cialis"));
    EXPECT_THAT(required_literals("^Subject: .*(?P<drug>viagra|cialis).*$"),
                UnorderedElementsAre("viagra", "cialis"));
    EXPECT_THAT(required_literals("(?:a|bcd)efgh"), ElementsAre("efgh"));
    EXPECT_THAT(required_literals("(?i:offer|(?:deal|sale)s)"),
                UnorderedElementsAre("offer", "deal", "sale"));
}

TEST(Literals, TheRarestIsTaken)
{
    EXPECT_THAT(required_literals("^Subject: .*buy"), ElementsAre("buy"));
    EXPECT_THAT(required_literals("^Subject: .*ab"), ElementsAre("subject: "));
    EXPECT_THAT(required_literals("^From: .*@(?:mail)\\.cheap\\.example"), ElementsAre(".cheap.example"));
    EXPECT_THAT(required_literals("^X-Virus-Status: .*bad"), ElementsAre("x-virus-status: "));
}

TEST(Literals, LooksAroundRequireNothing)
{
    EXPECT_THAT(required_literals("(?=.*invoice)order"), ElementsAre("order"));
    EXPECT_THAT(required_literals("(?!.*invoice)order"), ElementsAre("order"));
    EXPECT_THAT(required_literals("(?<=invoice )order(?<!invoice)"), ElementsAre("order"));
    EXPECT_THAT(required_literals("invoice(?= order)(?! form)s"), ElementsAre("invoices"));
}

TEST(Literals, EscapesAreReadToTheirEnd)
{
    EXPECT_THAT(required_literals(R"(\x41bcdef)"), ElementsAre("bcdef"));
    EXPECT_THAT(required_literals(R"(\x{41}bcdef)"), ElementsAre("bcdef"));
    EXPECT_THAT(required_literals(R"(\p{Lu}bcdef\pLxyz)"), ElementsAre("bcdef"));
    EXPECT_THAT(required_literals(R"((abc)\112def)"), ElementsAre("abc"));
    EXPECT_THAT(required_literals(R"(\060123)"), ElementsAre("123"));
    EXPECT_THAT(required_literals(R"(\d+ euros)"), ElementsAre(" euros"));
    EXPECT_THAT(required_literals(R"([^\]abc]def)"), ElementsAre("def"));
    EXPECT_THAT(required_literals(R"([]abc]def)"), ElementsAre("def"));
    EXPECT_THAT(required_literals(R"([[:alpha:]x]def)"), ElementsAre("def"));
    EXPECT_THAT(required_literals("def(?P<name>ghi)(?P=name)"), ElementsAre("def"));
    EXPECT_THAT(required_literals("(?|abc|abd)(?>xyz)"), UnorderedElementsAre("abc", "abd"));
}

TEST(Literals, WhatIsNotUnderstoodMayMatchAnything)
{
    for (const auto* pattern :
         {"(?x) free money", "(?xi)free money", R"(\Qfree money\E)", "(*UTF)free money", "(free)(?(1) money)",
          "free money(?C1)", "(a)free money\\g{1}", "(?<n>a)free money\\k<n>", "free{,3} money",
          "[[.a.]b]free", "free money(*ACCEPT)", "(?:free(*SKIP)money|x)", R"([\Qa]\E]free money)",
          "(?#comment)free money", "free(?#)?money"}) {
        EXPECT_THAT(required_literals(pattern), IsEmpty()) << pattern;
    }
    EXPECT_THAT(required_literals(std::string(60, '(') + "free money" + std::string(60, ')')), IsEmpty());
}

TEST(Literals, ManyAlternativesAreNotLookedFor)
{
    std::string pattern = "word0";
    for (int i = 1; i < 70; ++i) {
        pattern += "|word" + std::to_string(i);
    }
    EXPECT_THAT(required_literals(pattern), IsEmpty());
}

TEST(Literals, OnlyTwoLettersOutsideAsciiAreEqualToOneInside)
{
    // What the prefilter counts on, asked of PCRE2 for every character there is.
    const Regex letters("[a-z]");
    std::vector<unsigned> equal;
    for (unsigned code = 0x80; code <= 0x10FFFF; ++code) {
        if (code >= 0xD800 && code <= 0xDFFF) {
            continue;
        }
        std::string text;
        const auto append = [&](unsigned byte) { text.push_back(static_cast<char>(byte)); };
        if (code < 0x800) {
            append(0xC0U | code >> 6U);
        } else if (code < 0x10000) {
            append(0xE0U | code >> 12U);
            append(0x80U | (code >> 6U & 0x3FU));
        } else {
            append(0xF0U | code >> 18U);
            append(0x80U | (code >> 12U & 0x3FU));
            append(0x80U | (code >> 6U & 0x3FU));
        }
        append(0x80U | (code & 0x3FU));
        if (letters.search(text) == RegexOutcome::match) {
            equal.push_back(code);
        }
    }
    EXPECT_THAT(equal, ElementsAre(0x17FU, 0x212AU));
}

} // namespace
} // namespace qm::policy
