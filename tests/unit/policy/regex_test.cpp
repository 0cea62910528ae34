#include "policy/regex.h"

#include <chrono>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quarantine/error.h"

namespace qm::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

bool matches(std::string_view pattern, std::string_view subject)
{
    return Regex(pattern).search(subject) == RegexOutcome::match;
}

std::string mistake_in(std::string_view pattern)
{
    try {
        const Regex regex(pattern);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "no error";
}

} // namespace

TEST(Regex, Options)
{
    struct Row {
        std::string_view pattern;
        std::string_view subject;
        bool matches;
    };
    for (const Row& row : {
             Row{"spam", "X: This is SPAM!", true},         // unanchored, CASELESS
             Row{"(?-i)spam", "X: SPAM", false},            //
             Row{"(?-i)spam", "X: spam", true},             //
             Row{"a.b", "a\nb", true},                      // DOTALL
             Row{"(?-s)a.b", "a\nb", false},                //
             Row{"^b$", "a\nb\nc", true},                   // MULTILINE
             Row{"(?-m)^b$", "a\nb\nc", false},             //
             Row{"^\\w+$", "Gr\xc3\xbc\xc3\x9f\x65", true}, // UCP
             Row{"\\bß", "aß", false},                      //
             Row{"\\d", "٣", true},                         //
             Row{"GRÜSSE|ГРУППА", "группа", true},          // caseless beyond ASCII
             Row{"^.$", "€", true},                         // UTF
             Row{"a\\x{ff}", "a\xff", false},               // an invalid byte is no character
             Row{"^X: .*evil", "X: \xff\xfe evil", false},  // nothing matches across one
             Row{"evil", "X: \xff\xfe evil \xc3", true},    // but around it
             Row{"b\\z",
                 "a\xff"
                 "b",
                 true},
             Row{"", "", true},
         }) {
        if (!row.pattern.empty()) {
            EXPECT_EQ(matches(row.pattern, row.subject), row.matches) << row.pattern << " on " << row.subject;
        }
    }
    EXPECT_TRUE(matches("a\\x00b", std::string_view("a\0b", 3)));
    EXPECT_TRUE(matches("^$", std::string_view()));
}

TEST(Regex, GroupsOfBothSyntaxesAndThoseThatTookNoPart)
{
    const Regex regex("(?P<rule>\\w+)=(?<score>[\\d.]+)(x)?(?:;(y))?(z)?");
    EXPECT_THAT(regex.group_names(), ElementsAre("rule", "score", "", "", ""));
    MatchGroups groups;
    ASSERT_EQ(regex.search("X-Spam: BAYES=3.5;y", &groups), RegexOutcome::match);
    EXPECT_THAT(groups, ElementsAre(Pair("rule", "BAYES"), Pair("score", "3.5"), Pair("", ""), Pair("", "y"),
                                    Pair("", "")));
    EXPECT_EQ(regex.search("nothing", &groups), RegexOutcome::no_match);
    EXPECT_EQ(groups.size(), 5U);
}

TEST(Regex, MistakesNameTheOffset)
{
    EXPECT_THAT(mistake_in("ab(c"), HasSubstr("offset 4"));
    EXPECT_THAT(mistake_in("ab(c"), HasSubstr("parenthesis"));
    EXPECT_THAT(mistake_in("a\xff"), HasSubstr("UTF-8"));
    EXPECT_THAT(mistake_in(""), HasSubstr("empty"));
    EXPECT_THAT(mistake_in("a\\Cb"), HasSubstr("\\C"));
    EXPECT_THAT(mistake_in("(?P<a>x)(?P<a>y)"), HasSubstr("offset"));
}

TEST(Regex, PatternIsKept)
{
    Regex regex("a+");
    const Regex moved = std::move(regex);
    EXPECT_EQ(moved.pattern(), "a+");
    EXPECT_EQ(moved.search("xaa"), RegexOutcome::match);
}

TEST(Regex, GivingUpIsNotNoMatch)
{
    const std::string subject = "X: " + std::string(40, 'a') + "!";
    EXPECT_EQ(Regex("(a+)+$").search(subject), RegexOutcome::gave_up);
    EXPECT_EQ(Regex("(*NO_JIT)(a+)+$").search(subject), RegexOutcome::gave_up);
}

TEST(Regex, JitStackOverflowGoesToTheInterpreter)
{
    // Every repetition of the group needs stack; the JIT's does not hold this many.
    const std::string subject = std::string(30'000, 'a') + "b";
    const RegexOutcome outcome = Regex("^(?:(a)|b)+$").search(subject);
#ifdef __SANITIZE_THREAD__
    // Which makes the interpreter's memory so dear that it may take longer than a search may.
    EXPECT_NE(outcome, RegexOutcome::no_match);
#else
    EXPECT_EQ(outcome, RegexOutcome::match);
#endif
}

TEST(Regex, LongSubjectsAreSearchedLikeShortOnes)
{
    const std::string filler(9'000, 'x');
    MatchGroups groups;
    ASSERT_EQ(Regex("(?<=x)(needle)$").search(filler + "needle", &groups), RegexOutcome::match);
    EXPECT_THAT(groups, ElementsAre(Pair("", "needle")));
    EXPECT_FALSE(matches("(?-m)^needle", filler + "needle"));
    EXPECT_FALSE(matches("\\Bneedle\\B", filler + " needle"));
    EXPECT_TRUE(matches("^x+needle$", filler + "needle"));
    EXPECT_FALSE(matches("needle", filler));
    // Where the guarded code takes over.
    for (std::size_t offset = 250; offset < 265; ++offset) {
        std::string umlauts(offset % 2, 'x');
        while (umlauts.size() < offset) {
            umlauts += "ü";
        }
        EXPECT_TRUE(matches("(?<=[üx])n\\z", umlauts + "n")) << offset;
        std::string both = umlauts;
        both.append("é").append(umlauts);
        EXPECT_TRUE(matches("é", both)) << offset;
        EXPECT_TRUE(matches("\\z", umlauts)) << offset;
    }
}

TEST(Regex, NoSearchTakesLong)
{
    // Below the match limit at every single position, with quadratic or cubic work over all of them.
    const auto begin = std::chrono::steady_clock::now();
    const std::string subject = std::string(60'000, 'a') + "c";
    for (const std::string_view pattern :
         {"a+b", "a*a*[bd]", "(?:a|aa)+[bd]", "(a*)*[bd]", "(?:\\w+\\s?)+[!;]", "(*NO_JIT)a*a*[bd]",
          "(*NO_START_OPT)a+b", "(.*)(.*)(.*)x"}) {
        EXPECT_NE(Regex(pattern).search(subject), RegexOutcome::match) << pattern;
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

TEST(Regex, OneRegexServesManyThreads)
{
    const Regex regex("(?<n>\\d+)$");
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&regex, t] {
            for (int i = 0; i < 500; ++i) {
                const std::string number = std::to_string(t * 1000 + i);
                MatchGroups groups;
                ASSERT_EQ(regex.search("X: " + number, &groups), RegexOutcome::match);
                ASSERT_EQ(groups.at(0).second, number);
            }
        });
    }
}

} // namespace qm::policy
