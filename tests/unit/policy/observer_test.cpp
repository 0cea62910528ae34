// What an observer of a judgement is shown, and that it changes nothing.
#include "policy/ruleset.h"
#include "unit/policy/one_by_one.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qm::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr std::string_view kStubborn = " aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";

/// Writes down every call as a line.
class Diary : public Observer {
  public:
    void ignored(const Rule& rule) override { lines.push_back(rule.quarantine + " ignored"); }
    void gave_up(const Rule& rule, const mail::HeaderField& field) override
    {
        lines.push_back(fmt::format("{} gave up on {}", rule.quarantine, field.name));
    }
    void stopped(const Rule& rule) override { lines.push_back(rule.quarantine + " stopped"); }
    void searched(const Rule& rule, RegexOutcome outcome, const Match& match) override
    {
        constexpr std::array<std::string_view, 3> kOutcomes{"no match", "match", "gave up"};
        std::string line =
            fmt::format("{} {}", rule.quarantine, kOutcomes.at(static_cast<std::size_t>(outcome)));
        if (outcome != RegexOutcome::no_match) {
            line += fmt::format(" ({}) in header {}: {}", match.quarantine, match.header, match.line);
        }
        lines.push_back(std::move(line));
        groups.insert(groups.end(), match.groups.begin(), match.groups.end());
    }
    void asked(std::size_t recipient, QuarantineIndex quarantine, bool exempt) override
    {
        lines.push_back(fmt::format("recipient {} in {}{}", recipient, quarantine, exempt ? " exempt" : ""));
    }

    std::vector<std::string> lines;
    MatchGroups groups;
};

Rule rule(std::string_view name, std::string_view regex, Action action = Action::discard,
          OnRegexLimit on_limit = OnRegexLimit::match)
{
    return Rule{std::string(name), Regex(regex), action, on_limit, {}};
}

class ObserverTest : public testing::Test {
  protected:
    void add(Rule rule) { rules_.push_back(std::move(rule)); }
    Verdict judge(Observer* observer, const Exempt& exempt = nullptr)
    {
        return Ruleset(std::exchange(rules_, {})).judge(envelope_, headers_, exempt, observer);
    }

    Envelope envelope_{.sender = "sender@example.net", .recipients = {"<u@x>"}, .queue_id = {}, .client = {}};
    mail::Headers headers_;
    Diary diary_;

  private:
    std::vector<Rule> rules_;
};

bool is_same(const Verdict& a, const Verdict& b)
{
    const auto match_text = [](const Match& match) {
        std::string text =
            fmt::format("{} {} {} {}", match.quarantine, match.header, match.line, match.gave_up);
        for (const auto& [name, value] : match.groups) {
            text += fmt::format(" {}={}", name, value);
        }
        return text;
    };
    const auto is_same_recipient = [](const RecipientVerdict& one, const RecipientVerdict& other) {
        return one.observed_by == other.observed_by && one.ends_in == other.ends_in;
    };
    return a.tempfail == b.tempfail && std::ranges::equal(a.matches, b.matches, {}, match_text, match_text) &&
           std::ranges::equal(a.recipients, b.recipients, is_same_recipient);
}

} // namespace

TEST_F(ObserverTest, EveryRuleEndsWithItsOutcomeInListOrder)
{
    headers_.add("X-Spam", " yes 7");
    headers_.add("X-Virus", " none");
    envelope_.client.address = "192.0.2.9";
    add(rule("virus", "^X-Virus: found"));
    Rule local = rule("local", "^X-Spam");
    local.ignored_clients.emplace_back("192.0.2.0/24");
    add(std::move(local));
    add(rule("spam", "^X-Spam: (?<flag>\\w+) (\\d)"));
    judge(&diary_);
    EXPECT_THAT(diary_.lines, ElementsAre("virus no match", "local ignored",
                                          "spam match (2) in header 0: X-Spam: yes 7", "recipient 0 in 2"));
    EXPECT_THAT(diary_.groups, ElementsAre(Pair("flag", "yes"), Pair("", "7")));
}

TEST_F(ObserverTest, GivingUpIsAnOutcomeWhateverTheOperatorMakesOfIt)
{
    headers_.add("Other", " 1");
    headers_.add("X", kStubborn);
    add(rule("a", "^X: (a+)+$", Action::discard, OnRegexLimit::match));
    add(rule("b", "^X: (a+)+$", Action::discard, OnRegexLimit::no_match));
    add(rule("c", "^X: (a+)+$", Action::discard, OnRegexLimit::tempfail));
    judge(&diary_);
    const std::string line = "in header 1: X:" + std::string(kStubborn);
    EXPECT_THAT(diary_.lines, ElementsAre("a gave up on X", "a gave up (0) " + line, "b gave up on X",
                                          "b gave up (1) " + line, "c gave up on X", "c gave up (2) " + line,
                                          "recipient 0 in 0"));
}

TEST_F(ObserverTest, AMatchBehindAHeaderThatWasGivenUpIsAMatch)
{
    headers_.add("X", kStubborn);
    headers_.add("X", " aa");
    add(rule("a", "^X: (a+)+$"));
    judge(&diary_);
    EXPECT_THAT(diary_.lines,
                ElementsAre("a gave up on X", "a match (0) in header 1: X: aa", "recipient 0 in 0"));
}

TEST_F(ObserverTest, ARuleThatIsStoppedSaysSoBeforeItsOutcome)
{
    for (int i = 0; i < 30; ++i) {
        headers_.add("X", kStubborn);
    }
    add(rule("a", "^X: (a+)+$", Action::discard, OnRegexLimit::no_match));
    judge(&diary_);
    ASSERT_EQ(diary_.lines.size(), 22U);
    EXPECT_EQ(diary_.lines[19], "a gave up on X");
    EXPECT_EQ(diary_.lines[20], "a stopped");
    EXPECT_THAT(diary_.lines[21], testing::StartsWith("a gave up (0) in header 0: X: aaa"));
}

TEST_F(ObserverTest, EveryQuestionAboutARecipientIsShownAlsoOfOneWhoIsThereTwice)
{
    headers_.add("X-Spam", " yes");
    envelope_.recipients = {"<a@x>", "<b@x>", "<a@x>"};
    add(rule("watch", "^X-Spam", Action::accept));
    add(rule("spam", "^X-Spam"));
    add(rule("later", "^X-Spam"));
    const Exempt exempt =
        test::one_by_one([](QuarantineIndex quarantine, std::string_view, std::string_view recipient) {
            return quarantine == 1 && recipient == "b@x";
        });
    judge(&diary_, exempt);
    EXPECT_THAT(std::vector(diary_.lines.begin() + 3, diary_.lines.end()),
                ElementsAre("recipient 0 in 0", "recipient 1 in 0", "recipient 2 in 0", "recipient 0 in 1",
                            "recipient 1 in 1 exempt", "recipient 2 in 1", "recipient 1 in 2"));
}

TEST_F(ObserverTest, NothingThatMatchesAsksAboutNobody)
{
    headers_.add("X", " 1");
    add(rule("spam", "^X-Spam"));
    judge(&diary_);
    EXPECT_THAT(diary_.lines, ElementsAre("spam no match"));
    diary_.lines.clear();
    judge(&diary_);
    EXPECT_THAT(diary_.lines, IsEmpty()) << "no rule";
}

TEST_F(ObserverTest, TheVerdictIsTheSameWithAndWithoutOne)
{
    headers_.add("X", kStubborn);
    headers_.add("X-Spam", " =?utf-8?Q?yes?=");
    envelope_.recipients = {"<a@x>", "<b@x>"};
    envelope_.client.address = "192.0.2.9";
    const auto add_rules = [&] {
        add(rule("a", "^X: (?<run>a+)+$", Action::accept));
        add(rule("b", "^X: (a+)+$", Action::discard, OnRegexLimit::tempfail));
        Rule local = rule("c", "^X-Spam");
        local.ignored_clients.emplace_back("192.0.2.9");
        add(std::move(local));
        add(rule("d", "^X-Spam: yes"));
        add(rule("e", "never"));
    };
    const Exempt exempt = test::one_by_one(
        [](QuarantineIndex, std::string_view, std::string_view recipient) { return recipient == "b@x"; });
    add_rules();
    const Verdict alone = judge(nullptr, exempt);
    add_rules();
    const Verdict watched = judge(&diary_, exempt);
    EXPECT_TRUE(is_same(alone, watched));
    EXPECT_FALSE(diary_.lines.empty());
    EXPECT_EQ(alone.matches.size(), 2U);
}

TEST_F(ObserverTest, WhatItThrowsComesThrough)
{
    class Angry final : public Observer {
        void searched(const Rule&, RegexOutcome, const Match&) override { throw std::runtime_error("no"); }
    } angry;
    headers_.add("X", " 1");
    add(rule("a", "^X"));
    EXPECT_THROW(judge(&angry), std::runtime_error);
}

} // namespace qm::policy
