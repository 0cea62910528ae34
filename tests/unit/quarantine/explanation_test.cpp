// Why a mail would be held or not, as the desk explains it.
#include "quarantine/explanation.h"

#include <filesystem>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "quarantine/desk.h"
#include "quarantine/error.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"

namespace qm {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using Outcome = RuleFinding::Outcome;

constexpr std::string_view kStubborn = " aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";

/// A desk whose catalog is never opened: explaining must not need it.
class ExplanationTest : public testing::Test {
  protected:
    Explanation explain(const std::string& list, const std::string& sections, const std::string& global = "")
    {
        const std::string whitelist =
            global.find("whitelist_type") == std::string::npos ? "whitelist_type = NONE\n" : "";
        const std::string text = "[global]\nquarantines = " + list +
                                 "\npreferred_quarantine_action = first\n"
                                 "quarantine_type = FILE\nquarantine_directory = store\n"
                                 "notification_type = NONE\n" +
                                 whitelist + global + "\n" + sections;
        const LoadedSettings loaded = load_settings_text(folder_ / "test.conf", text);
        if (loaded.has_mistakes()) {
            throw std::logic_error("the test's configuration: " + loaded.remarks.at(0).str());
        }
        settings_.set(loaded.settings);
        return desk_.explain(envelope_, headers_);
    }

    /// A row in the whitelist that kDb names.
    void allow(const std::string& mailfrom, const std::string& recipient)
    {
        explain("w", "[w]\nregex = ^never\naction = DISCARD\n", kDb);
        settings_.get()->quarantines.at(0).whitelist->rows()->add({.id = 0,
                                                                   .mailfrom = mailfrom,
                                                                   .recipient = recipient,
                                                                   .created = "",
                                                                   .last_used = "",
                                                                   .comment = "",
                                                                   .permanent = false});
    }
    static constexpr const char* kDb = "whitelist_type = DB\nwhitelist_db_connection = sqlite:///white.db\n";

    test::TempDir folder_;
    test::FakeClock clock_;
    Envelope envelope_{
        .sender = "sender@example.org", .recipients = {"<u@our.example>"}, .queue_id = {}, .client = {}};
    mail::Headers headers_;

  private:
    Snapshot<Settings> settings_{nullptr};
    catalog::Catalog catalog_{"sqlite:///catalog.db", folder_.path(), clock_};
    Desk desk_{settings_, catalog_, clock_};
};

constexpr const char* kTwo = "[virus]\nregex = ^X-Virus: yes\naction = REJECT\n"
                             "reject_reason = Virus, reference {QUARANTINE_ID}!\n"
                             "[spam]\nregex = ^X-Spam: (?<flag>\\w+)( [0-9]+)?\naction = DISCARD\n";

} // namespace

TEST_F(ExplanationTest, AMailThatNothingMatchesIsAccepted)
{
    headers_.add("Subject", " hello");
    const Explanation explanation = explain("virus, spam", kTwo);
    ASSERT_EQ(explanation.rules.size(), 2U);
    EXPECT_EQ(explanation.rules[0].quarantine, "virus");
    EXPECT_EQ(explanation.rules[0].action, "REJECT");
    EXPECT_EQ(explanation.rules[1].action, "DISCARD");
    for (const RuleFinding& rule : explanation.rules) {
        EXPECT_EQ(rule.outcome, Outcome::no_match);
        EXPECT_EQ(rule.line, "");
    }
    ASSERT_EQ(explanation.recipients.size(), 1U);
    EXPECT_EQ(explanation.recipients[0].recipient, "u@our.example");
    EXPECT_THAT(explanation.recipients[0].steps, IsEmpty());
    EXPECT_EQ(explanation.recipients[0].held_by, "");
    EXPECT_EQ(explanation.answer_text, "ACCEPT");
    EXPECT_FALSE(explanation.somebody_held);
}

TEST_F(ExplanationTest, TheHeaderThatMatchedIsNamedWithItsGroups)
{
    headers_.add("Subject", " hello");
    headers_.add("X-Spam", " =?utf-8?Q?y=C3=A9s?= 7");
    const Explanation explanation = explain("virus, spam", kTwo);
    const RuleFinding& spam = explanation.rules.at(1);
    EXPECT_EQ(spam.outcome, Outcome::match);
    EXPECT_EQ(spam.header, 1U);
    EXPECT_EQ(spam.line, "X-Spam: y\u00E9s 7");
    EXPECT_THAT(spam.groups, ElementsAre(Pair("flag", "y\u00E9s"), Pair("", " 7")));
    EXPECT_EQ(explanation.recipients.at(0).held_by, "spam");
    ASSERT_EQ(explanation.recipients[0].steps.size(), 1U);
    EXPECT_EQ(explanation.recipients[0].steps[0].quarantine, "spam");
    EXPECT_FALSE(explanation.recipients[0].steps[0].exempt);
    EXPECT_FALSE(explanation.recipients[0].steps[0].observes);
    EXPECT_EQ(explanation.answer_text, "DISCARD");
    EXPECT_TRUE(explanation.somebody_held);
}

TEST_F(ExplanationTest, EveryRecipientHasItsRowOrItsQuarantine)
{
    allow("@example.org", "anna@our.example");
    headers_.add("X-Spam", " yes");
    headers_.add("X-Virus", " yes");
    envelope_.recipients = {"<Anna@our.example>", "<bob@our.example>", "<Anna@our.example>",
                            "<@route.example:bob@our.example>"};
    const Explanation explanation = explain("spam, virus", kTwo, kDb);
    ASSERT_EQ(explanation.recipients.size(), 4U);
    for (const std::size_t anna : {0U, 2U}) {
        const RecipientFinding& finding = explanation.recipients.at(anna);
        EXPECT_EQ(finding.recipient, "Anna@our.example");
        EXPECT_EQ(finding.held_by, "");
        ASSERT_EQ(finding.steps.size(), 2U);
        for (const RecipientFinding::Step& step : finding.steps) {
            ASSERT_TRUE(step.exempt);
            EXPECT_EQ(step.exempt->mailfrom, "@example.org");
            EXPECT_EQ(step.exempt->recipient, "anna@our.example");
        }
        EXPECT_EQ(finding.steps[0].quarantine, "spam");
        EXPECT_EQ(finding.steps[1].quarantine, "virus");
    }
    for (const std::size_t bob : {1U, 3U}) {
        EXPECT_EQ(explanation.recipients.at(bob).recipient, "bob@our.example");
        EXPECT_EQ(explanation.recipients.at(bob).held_by, "spam");
        EXPECT_EQ(explanation.recipients.at(bob).steps.size(), 1U) << "virus was not asked any more";
        EXPECT_FALSE(explanation.recipients.at(bob).steps[0].exempt);
    }
    EXPECT_EQ(explanation.answer_text, "ACCEPT") << "somebody remains";
    EXPECT_THAT(explanation.answer.remove,
                ElementsAre("<bob@our.example>", "<@route.example:bob@our.example>"));
    EXPECT_TRUE(explanation.somebody_held);
}

TEST_F(ExplanationTest, ARowInOneWhitelistDoesNotExemptInAnother)
{
    allow("sender@example.org", "");
    headers_.add("X-Spam", " yes");
    headers_.add("X-Virus", " yes");
    const Explanation explanation =
        explain("spam, virus", std::string(kTwo) + kDb /* the last section, spam, has the whitelist */);
    ASSERT_EQ(explanation.recipients.at(0).steps.size(), 2U);
    EXPECT_TRUE(explanation.recipients[0].steps[0].exempt);
    EXPECT_FALSE(explanation.recipients[0].steps[1].exempt);
    EXPECT_EQ(explanation.recipients[0].held_by, "virus");
    EXPECT_EQ(explanation.answer_text, "554 5.7.0 Virus, reference (id)!");
}

TEST_F(ExplanationTest, ObserversAreStepsThatHoldNobody)
{
    headers_.add("X-Spam", " yes");
    const Explanation watched =
        explain("watch", "[watch]\nregex = ^X-Spam\naction = ACCEPT\nquarantine_type = NONE\n");
    ASSERT_EQ(watched.recipients.at(0).steps.size(), 1U);
    EXPECT_TRUE(watched.recipients[0].steps[0].observes);
    EXPECT_EQ(watched.recipients[0].held_by, "");
    EXPECT_EQ(watched.answer_text, "ACCEPT");
    EXPECT_FALSE(watched.somebody_held);
    const Explanation held = explain(
        "watch, spam", std::string("[watch]\nregex = ^X-Spam\naction = ACCEPT\nquarantine_type = NONE\n"
                                   "[spam]\nregex = ^X-Spam\naction = DISCARD\n"));
    ASSERT_EQ(held.recipients.at(0).steps.size(), 2U);
    EXPECT_TRUE(held.recipients[0].steps[0].observes);
    EXPECT_FALSE(held.recipients[0].steps[1].observes);
    EXPECT_EQ(held.recipients[0].held_by, "spam");
}

TEST_F(ExplanationTest, TheAnswerIsWhatTheMailServerIsTold)
{
    headers_.add("X", " 1");
    const auto answer = [&](const std::string& options) {
        const Explanation explanation = explain("q", "[q]\nregex = ^X\n" + options);
        EXPECT_TRUE(explanation.somebody_held) << options;
        EXPECT_EQ(explanation.recipients.at(0).held_by, "q") << options;
        return explanation.answer_text;
    };
    EXPECT_EQ(answer("action = DISCARD\n"), "DISCARD");
    EXPECT_EQ(answer("action = HOLD\n"), "HOLD");
    EXPECT_EQ(answer("action = TEMPFAIL\n"), "451 4.7.1");
    const std::string reject = "action = REJECT\nreject_reason = {QUARANTINE_ID} 100% {QUARANTINE_ID}\n";
    EXPECT_EQ(answer(reject), "554 5.7.0 (id) 100% (id)");
    EXPECT_EQ(answer(reject + "quarantine_type = NONE\n"), "554 5.7.0  100% ") << "nothing is kept";
}

TEST_F(ExplanationTest, OneTempfailDefersTheMailForEverybody)
{
    allow("sender@example.org", "anna@our.example");
    headers_.add("X", " 1");
    envelope_.recipients = {"<anna@our.example>", "<bob@our.example>"};
    const Explanation explanation = explain("q", "[q]\nregex = ^X\naction = TEMPFAIL\n", kDb);
    EXPECT_EQ(explanation.recipients.at(0).held_by, "");
    EXPECT_EQ(explanation.recipients.at(1).held_by, "q");
    EXPECT_EQ(explanation.answer_text, "451 4.7.1");
    EXPECT_TRUE(explanation.somebody_held);
}

TEST_F(ExplanationTest, ARegexThatGivesUpSaysWhereAndWhatThatMeans)
{
    headers_.add("Other", " 1");
    headers_.add("X", kStubborn);
    headers_.add("X", std::string(kStubborn) + "\r\n folded"); // searched in two spellings
    struct Case {
        std::string on_limit, held_by, answer;
    };
    for (const Case& expected :
         {Case{"match", "q", "DISCARD"}, Case{"no_match", "", "ACCEPT"}, Case{"tempfail", "", "451 4.7.1"}}) {
        const Explanation explanation = explain(
            "q", "[q]\nregex = ^X: (?<run>(a+)+)$\naction = DISCARD\non_regex_limit = " + expected.on_limit +
                     "\n");
        const RuleFinding& rule = explanation.rules.at(0);
        EXPECT_EQ(rule.outcome, Outcome::gave_up);
        EXPECT_EQ(rule.on_limit, expected.on_limit);
        EXPECT_EQ(rule.header, 1U);
        EXPECT_THAT(rule.line, HasSubstr("X: aaaa"));
        EXPECT_THAT(rule.groups, IsEmpty());
        EXPECT_THAT(rule.gave_up_on, ElementsAre("X", "X")) << "each header once";
        EXPECT_FALSE(rule.stopped);
        EXPECT_EQ(explanation.recipients.at(0).held_by, expected.held_by);
        EXPECT_EQ(explanation.answer_text, expected.answer);
        EXPECT_EQ(explanation.somebody_held, expected.on_limit != "no_match");
    }
}

TEST_F(ExplanationTest, EveryRuleHasItsOwnHeadersThatItGaveUpOn)
{
    headers_.add("X", kStubborn);
    const Explanation explanation = explain("q, other", "[q]\nregex = ^X: (a+)+$\naction = DISCARD\n"
                                                        "[other]\nregex = ^X: (a+)+$\naction = REJECT\n");
    for (const RuleFinding& rule : explanation.rules) {
        EXPECT_THAT(rule.gave_up_on, ElementsAre("X")) << rule.quarantine;
    }
}

TEST_F(ExplanationTest, AMatchBehindAHeaderThatWasGivenUpKeepsBoth)
{
    headers_.add("X", kStubborn);
    headers_.add("X", " aa");
    const Explanation explanation = explain("q, other", "[q]\nregex = ^X: (a+)+$\naction = DISCARD\n"
                                                        "[other]\nregex = ^Other\naction = DISCARD\n");
    EXPECT_EQ(explanation.rules.at(0).outcome, Outcome::match);
    EXPECT_THAT(explanation.rules[0].gave_up_on, ElementsAre("X"));
    EXPECT_EQ(explanation.rules[0].on_limit, "");
    EXPECT_EQ(explanation.rules[0].header, 1U);
    EXPECT_THAT(explanation.rules.at(1).gave_up_on, IsEmpty()) << "of the first rule only";
}

TEST_F(ExplanationTest, ASearchThatCostsTooMuchIsSaidToBeStopped)
{
    for (int i = 0; i < 30; ++i) {
        headers_.add("X", kStubborn);
    }
    const Explanation explanation = explain("q", "[q]\nregex = ^X: (a+)+$\naction = DISCARD\n");
    EXPECT_TRUE(explanation.rules.at(0).stopped);
    EXPECT_EQ(explanation.rules[0].gave_up_on.size(), 20U);
    EXPECT_EQ(explanation.recipients.at(0).held_by, "q");
}

TEST_F(ExplanationTest, AnIgnoredClientIsAnOutcome)
{
    headers_.add("X-Spam", " yes");
    envelope_.client.address = "192.0.2.9";
    const Explanation explanation =
        explain("spam", "[spam]\nregex = ^X-Spam\naction = DISCARD\nignore_hosts = 192.0.2.0/24\n");
    EXPECT_EQ(explanation.rules.at(0).outcome, Outcome::ignored);
    EXPECT_THAT(explanation.recipients.at(0).steps, IsEmpty());
    EXPECT_EQ(explanation.answer_text, "ACCEPT");
}

TEST_F(ExplanationTest, NothingIsMarkedKeptOrCreated)
{
    headers_.add("X-Spam", " yes");
    const Explanation missing = explain("spam", "[spam]\nregex = ^X-Spam\naction = DISCARD\n", kDb);
    EXPECT_EQ(missing.recipients.at(0).held_by, "spam") << "no whitelist yet: nobody is exempt";
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(ExplanationTest, AWhitelistThatCannotBeAskedIsAnErrorAsForTheMail)
{
    headers_.add("X-Spam", " yes");
    EXPECT_THROW(explain("spam", "[spam]\nregex = ^X-Spam\naction = DISCARD\n",
                         "whitelist_type = DB\nwhitelist_db_connection = "
                         "postgresql://u:p@127.0.0.1:1/db\n"),
                 BackendError);
    headers_.clear();
    EXPECT_EQ(explain("spam", "[spam]\nregex = ^X-Spam\naction = DISCARD\n",
                      "whitelist_type = DB\nwhitelist_db_connection = "
                      "postgresql://u:p@127.0.0.1:1/db\n")
                  .answer_text,
              "ACCEPT")
        << "nobody is asked where nothing matches";
}

TEST_F(ExplanationTest, NoRecipientIsNoFinding)
{
    headers_.add("X-Spam", " yes");
    envelope_.recipients.clear();
    const Explanation explanation = explain("virus, spam", kTwo);
    EXPECT_EQ(explanation.rules.at(1).outcome, Outcome::match);
    EXPECT_THAT(explanation.recipients, IsEmpty());
    EXPECT_EQ(explanation.answer_text, "ACCEPT");
    EXPECT_FALSE(explanation.somebody_held);
}

} // namespace qm
