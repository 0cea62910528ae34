#include "quarantine/explanation.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <utility>

#include "mail/address.h"
#include "quarantine/desk.h"
#include "quarantine/exemptions.h"

namespace qm {
namespace {

using Outcome = RuleFinding::Outcome;

Outcome outcome_of(policy::RegexOutcome outcome)
{
    switch (outcome) {
    case policy::RegexOutcome::match:
        return Outcome::match;
    case policy::RegexOutcome::gave_up:
        return Outcome::gave_up;
    case policy::RegexOutcome::no_match:
        break;
    }
    return Outcome::no_match;
}

std::string_view to_string(policy::OnRegexLimit on_limit)
{
    switch (on_limit) {
    case policy::OnRegexLimit::no_match:
        return "no_match";
    case policy::OnRegexLimit::tempfail:
        return "tempfail";
    case policy::OnRegexLimit::match:
        break;
    }
    return "match";
}

/// Writes down what a judgement looks at.
class Findings final : public policy::Observer {
  public:
    Findings(const Settings& settings, const Envelope& envelope)
        : settings_(settings), exemptions_(settings, Use::look)
    {
        for (const std::string& argument : envelope.recipients) {
            recipients.push_back(
                {.recipient = std::string(mail::without_brackets(argument)), .steps = {}, .held_by = {}});
        }
    }

    std::vector<bool> exempts(policy::QuarantineIndex quarantine, std::string_view sender,
                              std::span<const std::string_view> addresses)
    {
        auto rows = exemptions_.of(quarantine, sender, addresses);
        std::vector<bool> exempted(rows.size());
        std::transform(rows.begin(), rows.end(), exempted.begin(),
                       [](const auto& row) { return row.has_value(); });
        rows_.assign(std::move_iterator(rows.begin()), std::move_iterator(rows.end()));
        return exempted;
    }

    void ignored(const policy::Rule& rule) override { add(rule, Outcome::ignored); }

    void gave_up(const policy::Rule&, const mail::HeaderField& field) override
    {
        // Once for a header, in however many spellings it was searched.
        if (std::exchange(last_given_up_, field.name.data()) != field.name.data()) {
            next_.gave_up_on.emplace_back(field.name);
        }
    }

    void stopped(const policy::Rule&) override { next_.stopped = true; }

    void searched(const policy::Rule& rule, policy::RegexOutcome outcome, const policy::Match& match) override
    {
        if (outcome != policy::RegexOutcome::no_match) {
            next_.header = match.header;
            next_.line = match.line;
        }
        if (outcome == policy::RegexOutcome::match) {
            next_.groups = match.groups;
        }
        if (outcome == policy::RegexOutcome::gave_up) {
            next_.on_limit = to_string(rule.on_regex_limit);
        }
        add(rule, outcome_of(outcome));
    }

    void asked(std::size_t recipient, policy::QuarantineIndex quarantine, bool /*exempt*/) override
    {
        const Quarantine& asked = settings_.quarantines.at(quarantine);
        recipients.at(recipient).steps.push_back({.quarantine = asked.name,
                                                  .exempt = std::move(rows_.front()),
                                                  .has_whitelist = asked.whitelist != nullptr,
                                                  .observes = false});
        rows_.pop_front();
    }

    /// Who ends where, when all is judged.
    void conclude(const policy::Verdict& verdict)
    {
        for (std::size_t i = 0; i < verdict.recipients.size(); ++i) {
            const policy::RecipientVerdict& end = verdict.recipients.at(i);
            RecipientFinding& finding = recipients.at(i);
            if (end.ends_in) {
                finding.held_by = settings_.quarantines.at(*end.ends_in).name;
            }
            for (const policy::QuarantineIndex index : end.observed_by) {
                const std::string& name = settings_.quarantines.at(index).name;
                std::ranges::find(finding.steps, name, &RecipientFinding::Step::quarantine)->observes = true;
            }
        }
    }

    std::vector<RuleFinding> rules;
    std::vector<RecipientFinding> recipients;

  private:
    void add(const policy::Rule& rule, Outcome outcome)
    {
        next_.quarantine = rule.quarantine;
        next_.outcome = outcome;
        next_.action = qm::to_string(rule.action);
        rules.push_back(std::exchange(next_, {}));
        last_given_up_ = nullptr;
    }

    const Settings& settings_;
    Exemptions exemptions_;
    std::deque<std::optional<WhitelistMatch>> rows_; ///< for whom asked() has not come yet
    RuleFinding next_;                               ///< of the rule that is being searched
    const char* last_given_up_ = nullptr;
};

std::string text_of(const Answer& answer, const Settings& settings)
{
    switch (answer.reply) {
    case Answer::Reply::accept:
        return answer.mta_hold ? "HOLD" : "ACCEPT";
    case Answer::Reply::discard:
        return "DISCARD";
    case Answer::Reply::reject: {
        const bool kept = settings.quarantines.at(*answer.by).store->keeps();
        return "554 5.7.0 " + reason_with_id(answer.reject_reason, kept ? "(id)" : "");
    }
    case Answer::Reply::tempfail:
        break;
    }
    return "451 4.7.1";
}

} // namespace

Explanation Desk::explain(const Envelope& envelope, const mail::Headers& headers)
{
    const std::shared_ptr<const Settings> settings = settings_.get();
    Findings findings(*settings, envelope);
    const auto exempt = [&](policy::QuarantineIndex index, std::string_view sender,
                            std::span<const std::string_view> recipients) {
        return findings.exempts(index, sender, recipients);
    };
    const policy::Verdict verdict = settings->ruleset.judge(envelope, headers, exempt, &findings);
    findings.conclude(verdict);
    Explanation explanation;
    explanation.answer = answer_for(*settings, envelope, verdict);
    explanation.answer_text = text_of(explanation.answer, *settings);
    explanation.somebody_held =
        verdict.tempfail || std::ranges::any_of(findings.recipients,
                                                [](const auto& finding) { return !finding.held_by.empty(); });
    explanation.rules = std::move(findings.rules);
    explanation.recipients = std::move(findings.recipients);
    return explanation;
}

} // namespace qm
