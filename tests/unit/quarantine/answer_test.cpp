// Who leaves the envelope and what the mail server is told.
#include "quarantine/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qm {
namespace {

using policy::Action;
using testing::ElementsAre;
using testing::IsEmpty;

/// Quarantines with these actions; recipient i ends in `ends_in[i]` (-1: passes).
Answer answer(const std::vector<Action>& actions, const std::vector<int>& ends_in,
              policy::Preferred preferred = policy::Preferred::first)
{
    Settings settings;
    settings.preferred = preferred;
    std::vector<policy::Rule> rules;
    Envelope envelope;
    policy::Verdict verdict;
    for (std::size_t i = 0; i < actions.size(); ++i) {
        Quarantine quarantine;
        quarantine.name = "q" + std::to_string(i);
        quarantine.action = actions[i];
        quarantine.reject_reason = "reason " + std::to_string(i);
        settings.quarantines.push_back(std::move(quarantine));
        rules.push_back({.quarantine = "q" + std::to_string(i),
                         .regex = policy::Regex("x"),
                         .action = actions[i],
                         .on_regex_limit = policy::OnRegexLimit::match,
                         .ignored_clients = {}});
    }
    settings.ruleset = policy::Ruleset(std::move(rules));
    for (std::size_t i = 0; i < ends_in.size(); ++i) {
        envelope.recipients.push_back("<r" + std::to_string(i) + "@example.org>");
        policy::RecipientVerdict recipient;
        if (ends_in[i] >= 0) {
            recipient.ends_in = static_cast<std::size_t>(ends_in[i]);
            verdict.tempfail = verdict.tempfail || actions[*recipient.ends_in] == Action::tempfail;
        }
        verdict.recipients.push_back(recipient);
    }
    return answer_for(settings, envelope, verdict);
}

} // namespace

TEST(Answer, ARemainingRecipientAlwaysMeansAccept)
{
    const Answer mixed = answer({Action::reject}, {0, -1, 0});
    EXPECT_EQ(mixed.reply, Answer::Reply::accept);
    EXPECT_THAT(mixed.remove, ElementsAre("<r0@example.org>", "<r2@example.org>"));
}

TEST(Answer, NobodyLeftGivesThePreferredAction)
{
    EXPECT_EQ(answer({Action::reject, Action::discard}, {1, 0}).reply, Answer::Reply::reject);
    EXPECT_EQ(answer({Action::reject, Action::discard}, {0, 1}, policy::Preferred::last).reply,
              Answer::Reply::discard);
    EXPECT_EQ(answer({Action::reject, Action::discard}, {1, 1}).reply, Answer::Reply::discard);
    EXPECT_EQ(answer({Action::reject, Action::reject}, {1, 0}, policy::Preferred::last).reject_reason,
              "reason 1");
}

TEST(Answer, HoldKeepsItsRecipientsAndSendsTheOthersAway)
{
    const Answer held = answer({Action::hold, Action::discard}, {0, 1, -1});
    EXPECT_EQ(held.reply, Answer::Reply::accept);
    EXPECT_EQ(held.mta_hold, "q0");
    EXPECT_THAT(held.remove, ElementsAre("<r1@example.org>"));
}

TEST(Answer, OneTempfailDefersTheWholeMail)
{
    const Answer deferred = answer({Action::tempfail, Action::discard}, {1, 0, -1});
    EXPECT_EQ(deferred.reply, Answer::Reply::tempfail);
    EXPECT_THAT(deferred.remove, IsEmpty());
}

TEST(Answer, TheReasonNamesTheId)
{
    EXPECT_EQ(reason_with_id("see {QUARANTINE_ID}, {QUARANTINE_ID}", "k3v9"), "see k3v9, k3v9");
    EXPECT_EQ(reason_with_id("{QUARANTINE_ID}100%", ""), "100%");
    EXPECT_EQ(reason_with_id("{QUARANTINE_ID}", "{QUARANTINE_ID}"), "{QUARANTINE_ID}") << "once is enough";
    EXPECT_EQ(reason_with_id("{QUARANTINE_ID", "x"), "{QUARANTINE_ID");
}

} // namespace qm
