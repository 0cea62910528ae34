#include "policy/prefilter.h"

#include <optional>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/ruleset.h"
#include "quarantine/error.h"

namespace qm::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<Prefilter::Index> found_in(const Prefilter& prefilter, std::string_view text)
{
    std::vector<Prefilter::Index> found;
    prefilter.search(text, found);
    return found;
}

TEST(Prefilter, NamesTheRegexesWhoseTextIsThere)
{
    const std::vector<std::string_view> patterns = {"viagra", "^Subject: .*(viagra|cialis)", ".*", "lottery"};
    const Prefilter prefilter(patterns);
    EXPECT_THAT(prefilter.always(), ElementsAre(2));
    EXPECT_THAT(found_in(prefilter, "Subject: cheap ViAgRa"), ElementsAre(0, 1));
    EXPECT_THAT(found_in(prefilter, "Subject: CIALIS"), ElementsAre(1));
    EXPECT_THAT(found_in(prefilter, "lotter"), IsEmpty());
    EXPECT_THAT(found_in(prefilter, "LOTTERY"), ElementsAre(3));
    EXPECT_THAT(found_in(prefilter, ""), IsEmpty());
}

TEST(Prefilter, TwoLettersOutsideAsciiCountAsTheirLikes)
{
    const std::vector<std::string_view> patterns = {"pass", "keys", "winner"};
    const Prefilter prefilter(patterns);
    EXPECT_THAT(found_in(prefilter, "Subject: pa\xC5\xBF\xC5\xBF"), Contains(0));
    EXPECT_THAT(found_in(prefilter, "Subject: \xE2\x84\xAA"
                                    "eys"),
                Contains(1));
    EXPECT_THAT(found_in(prefilter, "Subject: gr\xC3\xBC\xC3\x9F"
                                    "e, WINNER"),
                ElementsAre(2));
}

TEST(Prefilter, FindsALiteralAtBothEndsAndBesideItself)
{
    const std::vector<std::string_view> patterns = {"aaaab", "abc", "bca"};
    const Prefilter prefilter(patterns);
    EXPECT_THAT(found_in(prefilter, "aaaaaaaab"), ElementsAre(0));
    EXPECT_THAT(found_in(prefilter, "abca"), ElementsAre(1, 2));
    EXPECT_THAT(found_in(prefilter, "abc"), ElementsAre(1));
}

/// Makes regexes, each with a text that it is likely to match.
class Maker {
  public:
    explicit Maker(unsigned seed) : random_(seed) {}

    struct Pair {
        std::string pattern;
        std::string text;
    };

    Pair make() { return alternatives(3); }

    /// Another case, something before and behind it, now and then something else in it.
    std::string spoilt(std::string text)
    {
        for (char& c : text) {
            if (below(3) == 0 && c >= 'a' && c <= 'z') {
                c = static_cast<char>(c - 'a' + 'A');
            }
        }
        if (below(8) == 0) {
            const std::string odd =
                std::vector<std::string>{"\xC5\xBF", "\xE2\x84\xAA", "\xFF", "\n ", "\xC3\xA4"}.at(below(5));
            const std::size_t at = below(text.size() + 1);
            text.replace(at, std::min<std::size_t>(below(2), text.size() - at), odd);
        }
        const std::string around = std::vector<std::string>{"", "Subject: ", "X: y ", "..."}.at(below(4));
        return around + text + std::vector<std::string>{"", " z", "!"}.at(below(3));
    }

    std::size_t below(std::size_t limit)
    {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
    }

  private:
    Pair alternatives(int depth)
    {
        std::vector<Pair> all(below(4) == 0 ? 2 + below(2) : 1);
        Pair result;
        for (Pair& one : all) {
            one = sequence(depth);
            result.pattern += (&one == &all.front() ? "" : "|") + one.pattern;
        }
        result.text = all.at(below(all.size())).text;
        return result;
    }

    Pair sequence(int depth)
    {
        Pair result;
        for (std::size_t i = 0, count = 1 + below(5); i < count; ++i) {
            Pair one = item(depth);
            if (below(10) == 0) {
                one.pattern += between();
            }
            const std::size_t kind = below(10);
            if (kind == 0) {
                one = {one.pattern + '*', below(2) == 0 ? "" : one.text + one.text};
            } else if (kind == 1) {
                one = {one.pattern + '?', below(2) == 0 ? "" : one.text};
            } else if (kind == 2) {
                one = {one.pattern + (below(2) == 0 ? "+" : "{1,3}"), one.text + one.text};
            } else if (kind == 3) {
                one = {one.pattern + "{2}", one.text + one.text};
            } else if (kind == 4) {
                one = {one.pattern + "{0,1}?", below(2) == 0 ? "" : one.text};
            } else if (kind == 5 && below(3) == 0) {
                one = {one.pattern + "{2}{0,2}", below(2) == 0 ? "" : one.text + one.text};
            }
            if (kind < 6 && below(20) == 0) {
                one = {one.pattern + between() + "?", below(2) == 0 ? "" : one.text};
            }
            result.pattern += one.pattern;
            result.text += one.text;
        }
        return result;
    }

    /// What may stand between an item and its quantifier, if PCRE2 lets it.
    std::string between()
    {
        return std::vector<std::string>{"(?#comment)", "(?#)", "(?#a)(?#b)", "\\E", "\\Q\\E", "(?i)"}.at(
            below(6));
    }

    Pair item(int depth)
    {
        static const std::vector<Pair> kItems = {{"skin", "skin"},
                                                 {"a", "a"},
                                                 {"b", "b"},
                                                 {"s", "s"},
                                                 {"kk", "kk"},
                                                 {"xyz", "xyz"},
                                                 {" ", " "},
                                                 {"offer", "offer"},
                                                 {"\\.", "."},
                                                 {"\\-", "-"},
                                                 {".", "q"},
                                                 {"[abc]", "b"},
                                                 {"[^abc]", "x"},
                                                 {"[Ss]", "s"},
                                                 {"[]x]", "]"},
                                                 {"[[:alpha:]-]", "-"},
                                                 {"[\\d.]", "."},
                                                 {"\\d", "7"},
                                                 {"\\s", " "},
                                                 {"\\w", "w"},
                                                 {"\\x41", "A"},
                                                 {"\\x{62}", "b"},
                                                 {"\\060", "0"},
                                                 {"\\b", ""},
                                                 {"\\B", ""},
                                                 {"^", ""},
                                                 {"$", ""},
                                                 {"(?i)", ""},
                                                 {"(?-i)", ""},
                                                 {"(?=a)", ""},
                                                 {"(?!z)", ""},
                                                 {"(?<=b)", ""},
                                                 {"(?<!z)", ""},
                                                 {"\\p{L}", "m"},
                                                 {"\\N", "n"},
                                                 {"(?#comment)", ""},
                                                 {"\\K", ""},
                                                 {"\\R", "\n"},
                                                 {"\xC3\xA4", "\xC3\xA4"},
                                                 {"{", "{"},
                                                 {"}", "}"},
                                                 {"]", "]"},
                                                 {"-", "-"},
                                                 {"(?:)", ""},
                                                 {"(?s)", ""}};
        if (depth > 0 && below(4) == 0) {
            const Pair inner = alternatives(depth - 1);
            const std::string open =
                std::vector<std::string>{"(", "(?:", "(?>", "(?i:", "(?|", "(?:(?i)", "(?=", "(?!"}.at(
                    below(8));
            const bool looks = open == "(?=" || open == "(?!";
            return {open + inner.pattern + ")", looks ? "" : inner.text};
        }
        static const std::vector<Pair> kRare = {{"\\Qa.b\\E", "a.b"},
                                                {"\\Q\\E", ""},
                                                {"\\E", ""},
                                                {"(?x: o f # c\n f)", "off"},
                                                {"(?^:offer)", "offer"},
                                                {"(?^)", ""},
                                                {"(?C1)", ""},
                                                {"(?*off)", ""},
                                                {"(?(?=x)xyz|abc)", "abc"},
                                                {"(?(DEFINE)xyz)", ""},
                                                {"(*atomic:abc)", "abc"},
                                                {"(*pla:b)", ""},
                                                {"(*ACCEPT)", ""},
                                                {"(?'n'off)\\k'n'", "offoff"},
                                                {"(?<m>xyz)(?&m)", "xyzxyz"},
                                                {"(?>abc|)", ""},
                                                {"[[:<:]]", ""},
                                                {"[\\Qab\\E]", "a"},
                                                {"\\o{142}", "b"},
                                                {"\\cA", "\x01"},
                                                {"\\N{U+61}", "a"},
                                                {"\\G", ""},
                                                {"\\Z", ""},
                                                {"\\X", "x"},
                                                {"\\h", " "},
                                                {"{,2}", "{,2}"},
                                                {"a{,2}", "a{,2}"}};
        if (below(25) == 0) {
            return kRare.at(below(kRare.size()));
        }
        return kItems.at(below(kItems.size()));
    }

    std::mt19937 random_;
};

std::optional<Regex> compiled(const std::string& pattern)
{
    try {
        return Regex(pattern);
    } catch (const ConfigError&) {
        return std::nullopt; // a look behind of no fixed length, nothing to repeat
    }
}

TEST(Prefilter, NeverLosesAMatch)
{
    Maker maker(20261121);
    int matches = 0;
    int left_out = 0;
    for (int i = 0; i < 30'000; ++i) {
        const Maker::Pair pair = maker.make();
        const std::optional<Regex> regex = compiled(pair.pattern);
        if (!regex) {
            continue;
        }
        const std::string_view pattern = regex->pattern();
        const Prefilter prefilter(std::span(&pattern, 1));
        for (int attempt = 0; attempt < 3; ++attempt) {
            const std::string text = maker.spoilt(pair.text);
            const bool is_candidate = !prefilter.always().empty() || !found_in(prefilter, text).empty();
            if (regex->search(text) == RegexOutcome::no_match) {
                left_out += is_candidate ? 0 : 1;
                continue;
            }
            ++matches;
            ASSERT_TRUE(is_candidate) << pattern << "\nmatches\n" << text;
        }
    }
    // That is: the test would have seen something.
    EXPECT_GT(matches, 20'000);
    EXPECT_GT(left_out, 300);
}

/// PCRE2 drops some syntax before it looks for a quantifier, which then belongs to what stands before.
TEST(Prefilter, AQuantifierBelongsToWhatPcre2GivesItTo)
{
    int matches = 0;
    for (const std::string item :
         {"d", "[d]", "(?:d)", "(d)", "(?:bcd)", "\\x64", "d+", "d{2}", "(?:d?)", "\\."}) {
        for (const std::string between :
             {"",         "(?#c)",       "(?#)",       "(?#c)(?#c)", "\\E",     "\\Q\\E",    "\\E(?#c)",
              "(?#c)\\E", "(?i)",        "(?-i)",      "(?s)",       "(?:)",    "(?=)",      "(?!)",
              "(?<=)",    "(?>)",        "^",          "$",          "\\b",     "\\B",       "\\A",
              "\\Z",      "\\G",         "\\K",        "(?C1)",      "(?(?=))", "(?|)",      "(?^)",
              "(?x) ",    "(?x)#c\n",    "(?xx) ",     "(*ACCEPT)",  "(*F)",    "(*MARK:a)", "[[:<:]]",
              "[[:>:]]",  "(?(DEFINE))", "()",         "(?#c)+",     "+(?#c)",  "+",         "?",
              "{2}",      "{0}",         "{0,1}(?#c)", "{1(?#c)",    "(?#c){1}"}) {
            for (const std::string quantifier :
                 {"", "?", "*", "+", "??", "?+", "{0}", "{0,1}", "{0,}", "{2}", "{,2}", "{ 0 }"}) {
                const std::string written = "abc" + item + between + quantifier + "efgh";
                const std::optional<Regex> regex = compiled(written);
                if (!regex) {
                    continue;
                }
                const std::string_view pattern = regex->pattern();
                const Prefilter prefilter(std::span(&pattern, 1));
                for (const std::string_view text :
                     {"abcefgh", "abcdefgh", "abcddefgh", "abcdddefgh", "abcddddefgh", "abcbcdefgh",
                      "abc.efgh", "abcbcdbcdefgh", "efgh", "abc", "abcd", "abcd{,2}efgh", "abcd efgh"}) {
                    if (regex->search(text) == RegexOutcome::match) {
                        ++matches;
                        EXPECT_TRUE(!prefilter.always().empty() || !found_in(prefilter, text).empty())
                            << pattern << "\nmatches\n"
                            << text;
                    }
                }
            }
        }
    }
    EXPECT_GT(matches, 1'000);
}

/// What judge() says must not depend on the other rules, which change what the prefilter looks for.
TEST(Prefilter, ManyRulesTogetherSayWhatEachSaysAlone)
{
    Maker maker(7);
    std::vector<Rule> rules;
    std::vector<std::string> texts;
    while (rules.size() < 300) {
        const Maker::Pair pair = maker.make();
        if (compiled(pair.pattern)) {
            rules.push_back({"q" + std::to_string(rules.size()),
                             Regex(pair.pattern),
                             Action::accept,
                             OnRegexLimit::match,
                             {}});
            texts.push_back(pair.text);
        }
    }
    Envelope envelope;
    envelope.recipients = {"<u@our.example>"};
    mail::Headers headers;
    for (std::size_t i = 0; i < texts.size(); i += 10) {
        headers.add("X-Text", " " + maker.spoilt(texts[i]));
    }
    std::vector<std::pair<QuarantineIndex, std::size_t>> alone;
    for (QuarantineIndex i = 0; i < rules.size(); ++i) {
        std::vector<Rule> one;
        one.push_back({"q", Regex(rules[i].regex.pattern()), Action::accept, OnRegexLimit::match, {}});
        for (const Match& match : Ruleset(std::move(one)).judge(envelope, headers, nullptr).matches) {
            alone.emplace_back(i, match.header);
        }
    }
    std::vector<std::pair<QuarantineIndex, std::size_t>> together;
    for (const Match& match : Ruleset(std::move(rules)).judge(envelope, headers, nullptr).matches) {
        together.emplace_back(match.quarantine, match.header);
    }
    EXPECT_EQ(together, alone);
    EXPECT_GT(together.size(), 50U);
}

} // namespace
} // namespace qm::policy
