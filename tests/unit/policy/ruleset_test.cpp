#include "policy/ruleset.h"

#include <chrono>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quarantine/error.h"
#include "unit/policy/one_by_one.h"

namespace qm::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

// (a+)+$ gives up on this value and on no other header of these tests.
constexpr std::string_view kStubborn = " aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";

Rule rule(std::string_view name, std::string_view regex, Action action)
{
    return Rule{std::string(name), Regex(regex), action, OnRegexLimit::match, {}};
}

mail::Headers headers_of(std::string_view block)
{
    mail::Headers headers;
    mail::parse_headers(block, headers);
    return headers;
}

Envelope envelope_of(std::vector<std::string> recipients, std::string sender = "sender@example.net")
{
    Envelope envelope;
    envelope.sender = std::move(sender);
    envelope.recipients = std::move(recipients);
    return envelope;
}

/// A single rule with this regex, one recipient, nobody whitelisted.
Verdict judge_one(std::string_view regex, std::string_view block)
{
    std::vector<Rule> rules;
    rules.push_back(rule("q", regex, Action::discard));
    return Ruleset(std::move(rules)).judge(envelope_of({"<u@x>"}), headers_of(block), nullptr);
}

/// The recipients as the table writes them: "pass", "q", "a+q" (observed by a, ends in q), "a+pass".
std::string outcome_of(const RecipientVerdict& verdict, const std::vector<Rule>& rules)
{
    std::string text;
    for (const QuarantineIndex index : verdict.observed_by) {
        text += rules.at(index).quarantine + "+";
    }
    return text + (verdict.ends_in ? rules.at(*verdict.ends_in).quarantine : "pass");
}

} // namespace

// ---------------------------------------------------------------------------------------------------------
// Who gets what: headers x quarantines x recipients x whitelist rows -> verdict.

struct Given {
    std::string_view sentence;
    std::string_view headers; ///< names of headers, each with the value "yes"
    std::string_view rules;   ///< "name:header:ACTION"
    std::string_view recipients;
    std::string_view whitelist; ///< "quarantine/recipient"
    std::string_view expected;  ///< one word a recipient
    std::string_view first;     ///< preferred quarantine, "-" for none
    std::string_view last;
    bool tempfail = false;
};

std::vector<std::string> words(std::string_view text)
{
    std::vector<std::string> result;
    std::string word;
    for (const char c : text) {
        if (c != ' ') {
            word += c;
        } else if (!word.empty()) {
            result.push_back(std::move(word));
            word.clear();
        }
    }
    if (!word.empty()) {
        result.push_back(std::move(word));
    }
    return result;
}

Action action_of(std::string_view name)
{
    const std::pair<std::string_view, Action> table[] = {{"ACCEPT", Action::accept},
                                                         {"DISCARD", Action::discard},
                                                         {"REJECT", Action::reject},
                                                         {"TEMPFAIL", Action::tempfail},
                                                         {"HOLD", Action::hold}};
    for (const auto& [word, action] : table) {
        if (word == name) {
            return action;
        }
    }
    throw std::logic_error("no such action");
}

std::vector<Rule> rules_of(std::string_view text)
{
    std::vector<Rule> rules;
    for (const std::string& word : words(text)) {
        const auto header = word.find(':');
        const auto action = word.rfind(':');
        rules.push_back(rule(word.substr(0, header),
                             "^" + word.substr(header + 1, action - header - 1) + ": yes$",
                             action_of(word.substr(action + 1))));
    }
    return rules;
}

void check(const Given& given)
{
    SCOPED_TRACE(given.sentence);
    mail::Headers headers;
    for (const std::string& name : words(given.headers)) {
        headers.add(name, " yes");
    }
    const std::vector<std::string> exempted = words(given.whitelist);
    const Ruleset ruleset(rules_of(given.rules));
    const Exempt exempt =
        test::one_by_one([&](QuarantineIndex index, std::string_view sender, std::string_view recipient) {
            EXPECT_EQ(sender, "sender@example.net");
            const std::string row = ruleset.rules().at(index).quarantine + "/" + std::string(recipient);
            return std::ranges::find(exempted, row) != exempted.end();
        });
    std::vector<std::string> recipients;
    for (const std::string& word : words(given.recipients)) {
        recipients.push_back("<" + word + ">");
    }
    const Verdict verdict = ruleset.judge(envelope_of(recipients), headers, exempt);

    std::string outcome;
    for (const RecipientVerdict& recipient : verdict.recipients) {
        outcome += (outcome.empty() ? "" : " ") + outcome_of(recipient, ruleset.rules());
    }
    EXPECT_EQ(outcome, given.expected);
    EXPECT_EQ(verdict.tempfail, given.tempfail);
    const auto name_of = [&](Preferred preferred) {
        const auto index = preferred_quarantine(verdict, ruleset.rules(), preferred);
        return index ? ruleset.rules().at(*index).quarantine : std::string("-");
    };
    EXPECT_EQ(name_of(Preferred::first), given.first);
    EXPECT_EQ(name_of(Preferred::last), given.last);
    EXPECT_EQ(verdict.concerns_nobody(),
              !given.tempfail && given.expected.find_first_not_of("pas ") == std::string_view::npos);
}

TEST(Verdict, Table)
{
    constexpr std::string_view kTwo = "spam:Spam:DISCARD virus:Virus:REJECT";
    constexpr std::string_view kWatched = "watch:Spam:ACCEPT spam:Spam:DISCARD virus:Virus:REJECT";
    const Given table[] = {
        // sentence                                     headers       rules   recipients whitelist  expected
        {"nothing matches, all pass", "Other", kTwo, "a@x b@x", "", "pass pass", "-", "-"},
        {"no header at all", "", kTwo, "a@x", "", "pass", "-", "-"},
        {"no quarantine at all", "Spam", "", "a@x", "", "pass", "-", "-"},
        {"one matches, all are held", "Spam", kTwo, "a@x b@x", "", "spam spam", "spam", "spam"},
        {"the list's order decides, not the headers'", "Virus Spam", kTwo, "a@x", "", "spam", "spam", "spam"},
        {"whitelisted passes", "Spam", kTwo, "a@x", "spam/a@x", "pass", "-", "-"},
        {"whitelisted in the first lands in the second", "Spam Virus", kTwo, "a@x", "spam/a@x", "virus",
         "virus", "virus"},
        {"mixed recipients", "Spam Virus", kTwo, "a@x b@x c@x", "spam/a@x spam/c@x virus/c@x",
         "virus spam pass", "spam", "virus"},
        {"preferred is the place in the list, not the recipients' order", "Spam Virus", kTwo, "a@x b@x",
         "spam/b@x", "spam virus", "spam", "virus"},
        {"whitelisted elsewhere only does not help", "Spam", kTwo, "a@x", "virus/a@x", "spam", "spam",
         "spam"},
        {"the spelling of the whitelist is not ours to judge", "Spam", kTwo, "A@x", "spam/a@x", "spam",
         "spam", "spam"},
        {"the same recipient twice", "Spam", kTwo, "a@x a@x", "", "spam spam", "spam", "spam"},
        {"no recipient", "Spam", kTwo, "", "", "", "-", "-"},

        {"ACCEPT observes and nobody is held", "Spam", "watch:Spam:ACCEPT", "a@x", "", "watch+pass", "-",
         "-"},
        {"ACCEPT observes, then DISCARD holds", "Spam", kWatched, "a@x", "", "watch+spam", "spam", "spam"},
        {"an observer listed first lets no virus through", "Spam Virus",
         "watch:Spam:ACCEPT virus:Virus:REJECT", "a@x", "", "watch+virus", "virus", "virus"},
        {"whoever is whitelisted is not observed", "Spam", kWatched, "a@x b@x", "watch/a@x spam/b@x",
         "spam watch+pass", "spam", "spam"},
        {"an observer behind the holder sees nothing", "Spam", "spam:Spam:DISCARD watch:Spam:ACCEPT", "a@x",
         "", "spam", "spam", "spam"},
        {"two observers", "Spam", "one:Spam:ACCEPT two:Spam:ACCEPT spam:Spam:DISCARD", "a@x", "two/a@x",
         "one+spam", "spam", "spam"},

        {"HOLD ends it but never answers for the mail", "Spam", "hold:Spam:HOLD virus:Virus:REJECT", "a@x",
         "", "hold", "-", "-"},
        {"HOLD for one, REJECT for the other", "Spam Virus", "hold:Spam:HOLD virus:Virus:REJECT", "a@x b@x",
         "hold/b@x", "hold virus", "virus", "virus"},
        {"TEMPFAIL defers the whole mail", "Spam Virus", "spam:Spam:DISCARD later:Virus:TEMPFAIL", "a@x b@x",
         "spam/b@x", "spam later", "spam", "spam", true},
        {"TEMPFAIL in which nobody ends defers nothing", "Spam Virus",
         "spam:Spam:DISCARD later:Virus:TEMPFAIL", "a@x", "", "spam", "spam", "spam"},
        {"TEMPFAIL with everybody whitelisted", "Virus", "later:Virus:TEMPFAIL", "a@x", "later/a@x", "pass",
         "-", "-"},
        {"ACCEPT, then TEMPFAIL", "Spam", "watch:Spam:ACCEPT later:Spam:TEMPFAIL", "a@x", "", "watch+later",
         "-", "-", true},
        {"three quarantines, first and last", "A B C", "a:A:DISCARD b:B:REJECT c:C:DISCARD", "u@x v@x w@x",
         "a/v@x a/w@x b/w@x", "a b c", "a", "c"},
    };
    for (const Given& given : table) {
        check(given);
    }
}

TEST(Verdict, ExemptIsAskedOnlyWhereItMatters)
{
    std::set<std::string> asked;
    const Ruleset ruleset(rules_of("a:A:ACCEPT b:B:DISCARD none:None:DISCARD c:C:DISCARD"));
    mail::Headers headers;
    headers.add("A", " yes");
    headers.add("B", " yes");
    headers.add("C", " yes");
    const Exempt exempt =
        test::one_by_one([&](QuarantineIndex index, std::string_view, std::string_view recipient) {
            asked.insert(ruleset.rules().at(index).quarantine + "/" + std::string(recipient));
            return recipient == "two@x";
        });
    ruleset.judge(envelope_of({"<one@x>", "<two@x>"}), headers, exempt);
    EXPECT_THAT(asked, ElementsAre("a/one@x", "a/two@x", "b/one@x", "b/two@x", "c/two@x"));
}

TEST(Verdict, ExemptIsAskedOnceForAQuarantineAboutThoseWhoHaveNotEnded)
{
    std::vector<std::string> questions;
    const Ruleset ruleset(rules_of("a:A:ACCEPT b:A:DISCARD c:A:DISCARD d:A:DISCARD"));
    mail::Headers headers;
    headers.add("A", " yes");
    const Exempt exempt = [&](QuarantineIndex index, std::string_view,
                              std::span<const std::string_view> recipients) {
        std::string question = ruleset.rules().at(index).quarantine;
        std::vector<bool> exempted;
        for (const std::string_view recipient : recipients) {
            question += " " + std::string(recipient);
            exempted.push_back(index == 1 && recipient != "one@x");
        }
        questions.push_back(question);
        return exempted;
    };
    ruleset.judge(envelope_of({"<one@x>", "<two@x>", "<two@x>"}), headers, exempt);
    EXPECT_THAT(questions, ElementsAre("a one@x two@x two@x", "b one@x two@x two@x", "c two@x two@x"));
}

TEST(Verdict, ExemptGetsTheAddressWithoutBracketsAndTheNullSenderAsIs)
{
    std::vector<std::string> seen;
    const Exempt exempt =
        test::one_by_one([&](QuarantineIndex, std::string_view sender, std::string_view recipient) {
            seen.push_back(std::string(sender) + "|" + std::string(recipient));
            return false;
        });
    const Ruleset ruleset(rules_of("a:A:DISCARD"));
    mail::Headers headers;
    headers.add("A", " yes");
    const Verdict verdict = ruleset.judge(
        envelope_of({"<User@Example.org>", "<\"a b>\"@x>", "<@r:u@x>", "bare@x"}, ""), headers, exempt);
    EXPECT_THAT(seen, ElementsAre("|User@Example.org", "|\"a b>\"@x", "|u@x", "|bare@x"));
    EXPECT_EQ(verdict.recipients.size(), 4U);
}

TEST(Verdict, WhatExemptThrowsComesThrough)
{
    const Ruleset ruleset(rules_of("a:A:DISCARD"));
    mail::Headers headers;
    headers.add("A", " yes");
    const Exempt exempt = test::one_by_one([](QuarantineIndex, std::string_view, std::string_view) -> bool {
        throw BackendError("the database is away");
    });
    EXPECT_THROW(ruleset.judge(envelope_of({"<a@x>"}), headers, exempt), BackendError);
}

TEST(Verdict, IgnoredClientsAreNotJudgedByTheirRuleOnly)
{
    std::vector<Rule> rules = rules_of("spam:Spam:DISCARD virus:Spam:REJECT");
    rules[0].ignored_clients.emplace_back("192.0.2.0/24");
    rules[0].ignored_clients.emplace_back("2001:db8::/32");
    const Ruleset ruleset(std::move(rules));
    mail::Headers headers;
    headers.add("Spam", " yes");
    const auto held_in = [&](std::string address) {
        Envelope envelope = envelope_of({"<a@x>"});
        envelope.client.address = std::move(address);
        return outcome_of(ruleset.judge(envelope, headers, nullptr).recipients.at(0), ruleset.rules());
    };
    EXPECT_EQ(held_in("192.0.2.9"), "virus");
    EXPECT_EQ(held_in("2001:db8::9"), "virus");
    EXPECT_EQ(held_in("198.51.100.1"), "spam");
    EXPECT_EQ(held_in(""), "spam");
    EXPECT_EQ(held_in("unknown"), "spam");
}

// ---------------------------------------------------------------------------------------------------------
// What a regex sees.

TEST(Subject, IsNameColonBlankValueWhateverTheSpacing)
{
    for (const std::string_view block :
         {"X-Spam: YES\r\n", "X-Spam:YES\r\n", "X-Spam:   YES\r\n", "X-Spam:\t YES\r\n", "X-Spam :YES\r\n",
          "X-Spam:\r\n YES\r\n", "x-spam: yes\r\n"}) {
        EXPECT_EQ(judge_one("^X-Spam: YES$", block).matches.size(), 1U) << block;
    }
    EXPECT_EQ(judge_one("^X-Empty: $", "X-Empty:\r\n").matches.size(), 1U);
    EXPECT_EQ(judge_one("(?-i)^X-Spam: YES$", "x-spam: yes\r\n").matches.size(), 0U);
}

TEST(Subject, DecodedAndAsReceived)
{
    struct Row {
        std::string_view sentence;
        std::string_view block;
        std::string_view regex;
        bool matches;
    };
    for (const Row& row : {
             Row{"decoded", "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n", "^Subject: grüße$", true},
             Row{"as received", "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n", "^Subject: =\\?utf-8\\?", true},
             Row{"split words", "Subject: =?utf-8?B?dmlh?=\r\n =?utf-8?Q?gra?=\r\n", "viagra", true},
             Row{"split character", "Subject: =?utf-8?Q?=C3?= =?utf-8?Q?=BC?=\r\n", "^Subject: ü$", true},
             Row{"unknown charset", "Subject: =?klingon?Q?viagra?=\r\n", "viagra", true},
             Row{"another charset", "Subject: =?koi8-r?B?8NLJ18XU?=\r\n", "^Subject: ПРИВЕТ$", true},
             Row{"decoded controls stay in their line", "Subject: =?utf-8?Q?a=0D=0AX-Spam:_no?=\r\n",
                 "^X-Spam", false},
             Row{"folded, on one line", "X: one\r\n\ttwo\r\n", "one\ttwo", true},
             Row{"folded, as received", "X: one\r\n\ttwo\r\n", "one\n\ttwo", true},
             Row{"folds are LF", "X: one\r\n two\r\n", "one$\\n^ two$", true},
             Row{"MULTILINE meets the lines of a fold", "X: one\r\n two\r\n", "^ two", true},
             Row{"one line is offered first", "X: one\r\n two\r\n", "^X: one two$", true},
             Row{"raw UTF-8", "X: gr\xc3\xbc\xc3\x9f\x65\r\n", "grüße", true},
             Row{"8-bit bytes match nothing", "X: gr\xfc\xdf\x65\r\n", "gr..e", false},
             Row{"8-bit bytes hide nothing", "X: \xff\xfe viagra \xff\r\n", "viagra", true},
             Row{"an invalid word hides nothing", "Subject: =?utf-8?Q?=FF=FE?= =?utf-8?Q?viagra?=\r\n",
                 "viagra", true},
             Row{"a header is searched alone", "A: one\r\nB: two\r\n", "one.*two", false},
         }) {
        EXPECT_EQ(judge_one(row.regex, row.block).matches.size(), row.matches ? 1U : 0U) << row.sentence;
    }
}

TEST(Subject, TheFirstHeaderThatMatchesGivesTheGroups)
{
    const Verdict verdict = judge_one("^X-Rule: (?P<rule>\\w+)(?<rest>.*)",
                                      "Other: 1\r\nX-Rule: FIRST a\r\nX-Rule: SECOND b\r\n");
    ASSERT_EQ(verdict.matches.size(), 1U);
    const Match& match = verdict.matches[0];
    EXPECT_EQ(match.header, 1U);
    EXPECT_EQ(match.line, "X-Rule: FIRST a");
    EXPECT_THAT(match.groups, ElementsAre(Pair("rule", "FIRST"), Pair("rest", " a")));
    EXPECT_FALSE(match.gave_up);
    EXPECT_EQ(verdict.match_of(0), &match);
    EXPECT_EQ(verdict.match_of(1), nullptr);
}

TEST(Subject, TheLineOfTheMatchIsOneLineAndNotEndless)
{
    EXPECT_EQ(judge_one("one\n two", "X: one\r\n two\r\n").matches.at(0).line, "X: one two");
    const std::string header = "X: " + std::string(2000, 'a') + "\r\n";
    EXPECT_EQ(judge_one("^X", header).matches.at(0).line.size(), 1000U);
}

// ---------------------------------------------------------------------------------------------------------
// A regex that gives up.

class Counter : public Observer {
  public:
    void gave_up(const Rule&, const mail::HeaderField& field) override
    {
        ++count;
        last = field.name;
    }
    void stopped(const Rule&) override { ++stops; }

    int count = 0;
    int stops = 0;
    std::string last;
};

class GivingUp : public testing::Test {
  protected:
    Verdict judge(OnRegexLimit on_limit, std::string_view extra = {})
    {
        std::vector<Rule> rules = rules_of("q:unused:DISCARD");
        rules[0].regex = Regex("^X: (?<run>(a+)+)$");
        rules[0].on_regex_limit = on_limit;
        return Ruleset(std::move(rules))
            .judge(envelope_of({"<u@x>"}),
                   headers_of("Other: 1\r\nX:" + std::string(kStubborn) + "\r\n" + std::string(extra)),
                   nullptr, &counter_);
    }
    Counter counter_;
};

TEST_F(GivingUp, IsTakenAsAMatch)
{
    const Verdict verdict = judge(OnRegexLimit::match);
    ASSERT_EQ(verdict.matches.size(), 1U);
    EXPECT_TRUE(verdict.matches[0].gave_up);
    EXPECT_EQ(verdict.matches[0].header, 1U);
    EXPECT_THAT(verdict.matches[0].line, StartsWith("X: aaaa"));
    EXPECT_THAT(verdict.matches[0].groups, ElementsAre(Pair("run", ""), Pair("", "")));
    EXPECT_EQ(verdict.recipients.at(0).ends_in, 0U);
    EXPECT_FALSE(verdict.tempfail);
    EXPECT_EQ(counter_.count, 1);
    EXPECT_EQ(counter_.last, "X");
}

TEST_F(GivingUp, IsIgnoredWhereTheOperatorSaysSo)
{
    const Verdict verdict = judge(OnRegexLimit::no_match);
    EXPECT_TRUE(verdict.concerns_nobody());
    EXPECT_THAT(verdict.matches, IsEmpty());
    EXPECT_EQ(counter_.count, 1);
}

TEST_F(GivingUp, DefersWhereTheOperatorSaysSo)
{
    const Verdict verdict = judge(OnRegexLimit::tempfail);
    EXPECT_TRUE(verdict.tempfail);
    EXPECT_FALSE(verdict.concerns_nobody());
    EXPECT_THAT(verdict.matches, IsEmpty());
    EXPECT_EQ(counter_.count, 1);
}

TEST_F(GivingUp, ARealMatchFurtherDownWins)
{
    for (const OnRegexLimit on_limit :
         {OnRegexLimit::match, OnRegexLimit::no_match, OnRegexLimit::tempfail}) {
        const Verdict verdict = judge(on_limit, "X: aa\r\n");
        ASSERT_EQ(verdict.matches.size(), 1U);
        EXPECT_FALSE(verdict.matches[0].gave_up);
        EXPECT_EQ(verdict.matches[0].header, 2U);
        EXPECT_THAT(verdict.matches[0].groups, ElementsAre(Pair("run", "aa"), Pair("", "aa")));
        EXPECT_FALSE(verdict.tempfail);
    }
}

TEST_F(GivingUp, StopsAfterTwentyTimes)
{
    std::string many;
    for (int i = 0; i < 500; ++i) {
        many += "X:" + std::string(kStubborn) + "\r\n";
    }
    EXPECT_TRUE(judge(OnRegexLimit::match, many).matches.at(0).gave_up);
    EXPECT_EQ(counter_.count, 20);
    EXPECT_EQ(counter_.stops, 1);
}

TEST(Ruleset, TenThousandHeadersAndAThousandRulesTakeSeconds)
{
    mail::Headers headers;
    for (int i = 0; i < 10'000; ++i) {
        headers.add("X-Header-" + std::to_string(i), " =?utf-8?Q?some_value?= of a usual length");
    }
    std::vector<Rule> rules;
    rules.reserve(1'000);
    for (int i = 0; i < 1'000; ++i) {
        rules.push_back(
            rule("q" + std::to_string(i), "^X-Spam-" + std::to_string(i) + ": yes", Action::discard));
    }
    const auto begin = std::chrono::steady_clock::now();
    const Verdict verdict = Ruleset(std::move(rules)).judge(envelope_of({"<u@x>"}), headers, nullptr);
    EXPECT_EQ(verdict.recipients.size(), 1U);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(100));
}

TEST(Ruleset, ExpensiveRulesAreStoppedAndNoMailPassesUnseen)
{
    // Every header costs the regex tens of milliseconds without ever reaching the limit of steps.
    mail::Headers headers;
    for (int i = 0; i < 5'000; ++i) {
        headers.add("X", std::string(10'000, 'a'));
    }
    std::vector<Rule> rules;
    rules.reserve(50);
    for (int i = 0; i < 50; ++i) {
        rules.push_back(rule("q", "(*NO_START_OPT)a+[bd]", Action::discard));
    }
    Counter counter;
    const auto begin = std::chrono::steady_clock::now();
    const Verdict verdict =
        Ruleset(std::move(rules)).judge(envelope_of({"<u@x>"}), headers, nullptr, &counter);
    EXPECT_EQ(verdict.matches.size(), 50U);
    EXPECT_EQ(counter.stops, 50);
    EXPECT_TRUE(verdict.recipients.at(0).ends_in);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(100));
}

} // namespace qm::policy
