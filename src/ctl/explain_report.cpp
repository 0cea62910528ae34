#include "ctl/explain_report.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "ctl/table.h"
#include "ctl/whitelist_access.h"

namespace qm::ctl {
namespace {

using Found = RuleFinding::Outcome;

std::string_view key_of(Found outcome)
{
    switch (outcome) {
    case Found::no_match:
        return "no_match";
    case Found::match:
        return "match";
    case Found::gave_up:
        return "gave_up";
    case Found::ignored:
        break;
    }
    return "ignored";
}

std::string joined(const std::vector<std::string>& names)
{
    std::string words;
    for (const std::string& name : names) {
        words += words.empty() ? "" : ", ";
        words += harmless_line(name, 100);
    }
    return words;
}

/// What the regex made of the mail, in one line.
std::string found_words(const RuleFinding& rule, std::size_t headers)
{
    switch (rule.outcome) {
    case Found::no_match:
        return fmt::format("none of {} matches", counted(headers, "header", "headers"));
    case Found::match:
        return fmt::format("header {} of {} matches: {}", rule.header + 1, headers,
                           text::one_line(rule.line, 300));
    case Found::gave_up:
        return fmt::format("gave up on header {} of {}, which means {}: {}", rule.header + 1, headers,
                           harmless_line(rule.on_limit), text::one_line(rule.line, 100));
    case Found::ignored:
        break;
    }
    return "not searched: the client is one of ignore_hosts";
}

/// What stands below a rule's line, each in a line of its own.
std::vector<std::string> details_of(const RuleFinding& rule)
{
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < rule.groups.size(); ++i) {
        const auto& [name, text] = rule.groups[i];
        lines.push_back(fmt::format("group {}: {}",
                                    name.empty() ? std::to_string(i + 1) : harmless_line(name, 60),
                                    text::one_line(text, 300)));
    }
    if (rule.outcome != Found::gave_up && !rule.gave_up_on.empty()) {
        lines.push_back("the regex gave up on " + joined(rule.gave_up_on));
    }
    if (rule.stopped) {
        lines.emplace_back("the search was ended early: it took too long");
    }
    return lines;
}

void print_rules(Output& output, const std::vector<RuleFinding>& rules, std::size_t headers)
{
    Table table;
    for (const RuleFinding& rule : rules) {
        table.row({harmless_line(rule.quarantine), harmless_line(rule.action), found_words(rule, headers)});
        for (const std::string& line : details_of(rule)) {
            table.row({"", "", "  " + line});
        }
    }
    output.write(table.str(2));
}

void print_recipient(Output& output, const RecipientFinding& recipient)
{
    output.line(fmt::format("  {}  {}", harmless_line(recipient.recipient),
                            recipient.held_by.empty()
                                ? "delivered"
                                : output.strong("held by " + harmless_line(recipient.held_by))));
    for (const auto& step : recipient.steps) {
        const std::string name = harmless_line(step.quarantine);
        if (step.exempt) {
            output.line(fmt::format("      {}: row {} lets {} through", name, step.exempt->row,
                                    in_words(*step.exempt)));
        } else if (step.observes) {
            output.line(fmt::format("      {}: only observes", name));
        } else {
            output.line(fmt::format("      {}: {}", name,
                                    step.has_whitelist ? "no row of its whitelist" : "has no whitelist"));
        }
    }
}

void print_envelope(Output& output, const AskedMail& asked)
{
    std::string to;
    for (const std::string& recipient : asked.envelope.recipients) {
        to += to.empty() ? "" : ", ";
        to += harmless_line(recipient, 300);
    }
    Table table;
    table.row({"Mail", harmless_line(asked.name)});
    table.row({"Subject", text::one_line(asked.facts.subject)});
    table.row(
        {"From", fmt::format("<{}> ({})", harmless_line(asked.envelope.sender, 300), asked.sender_source)});
    table.row({"To", fmt::format("{} ({})", to, asked.recipients_source)});
    const std::string& client = asked.envelope.client.address;
    table.row({"Client", client.empty()
                             ? "not known (--client)"
                             : fmt::format("{} ({})", harmless_line(client), asked.client_source)});
    output.write(table.str());
}

Json json_of(const RecipientFinding& recipient)
{
    Json steps = Json::array();
    for (const auto& step : recipient.steps) {
        Json row = nullptr;
        if (step.exempt) {
            row = {
                {"row", step.exempt->row}, {"from", step.exempt->mailfrom}, {"to", step.exempt->recipient}};
        }
        steps.push_back({{"quarantine", step.quarantine},
                         {"exempt", std::move(row)},
                         {"observes", step.observes},
                         {"has_whitelist", step.has_whitelist}});
    }
    return {{"recipient", recipient.recipient},
            {"steps", std::move(steps)},
            {"held_by", recipient.held_by.empty() ? Json(nullptr) : Json(recipient.held_by)}};
}

Json json_of(const RuleFinding& rule)
{
    const bool has_header = rule.outcome == Found::match || rule.outcome == Found::gave_up;
    return {{"quarantine", rule.quarantine},
            {"outcome", key_of(rule.outcome)},
            {"action", rule.action},
            {"header", has_header ? Json(rule.header + 1) : Json(nullptr)},
            {"line", rule.line},
            {"groups", ctl::json_of(rule.groups)},
            {"on_limit", rule.on_limit},
            {"gave_up_on", rule.gave_up_on},
            {"stopped", rule.stopped}};
}

} // namespace

void print_explanation(Output& output, const AskedMail& asked, const Explanation& explanation)
{
    print_envelope(output, asked);
    output.line("\n" + output.strong("Quarantines"));
    print_rules(output, explanation.rules, asked.facts.headers.size());
    output.line("\n" + output.strong("Recipients"));
    for (const RecipientFinding& recipient : explanation.recipients) {
        print_recipient(output, recipient);
    }
    output.line(fmt::format("\nAnswer to the mail server: {}", harmless_line(explanation.answer_text)));
}

Json json_of(const AskedMail& asked, const Explanation& explanation)
{
    Json rules = Json::array();
    for (const RuleFinding& rule : explanation.rules) {
        rules.push_back(json_of(rule));
    }
    Json recipients = Json::array();
    for (const RecipientFinding& recipient : explanation.recipients) {
        recipients.push_back(json_of(recipient));
    }
    return {{"mail", asked.name},
            {"subject", asked.facts.subject},
            {"sender", asked.envelope.sender},
            {"sender_source", asked.sender_source},
            {"recipients_source", asked.recipients_source},
            {"client", ctl::json_of(asked.envelope.client)},
            {"client_source", asked.client_source},
            {"headers", asked.facts.headers.size()},
            {"quarantines", std::move(rules)},
            {"recipients", std::move(recipients)},
            {"answer", explanation.answer_text},
            {"somebody_held", explanation.somebody_held}};
}

void ExplainSummary::add(const AskedMail& asked, const Explanation& explanation)
{
    ++mails_;
    if (!explanation.somebody_held) {
        return;
    }
    Held held{.name = asked.name,
              .subject = asked.facts.subject,
              .quarantines = {},
              .answer = explanation.answer_text};
    for (const RecipientFinding& recipient : explanation.recipients) {
        if (!recipient.held_by.empty() &&
            std::ranges::find(held.quarantines, recipient.held_by) == held.quarantines.end()) {
            held.quarantines.push_back(recipient.held_by);
            ++by_quarantine_[recipient.held_by];
        }
    }
    deferred_ += held.quarantines.empty() ? 1 : 0;
    held_.push_back(std::move(held));
}

void ExplainSummary::skipped(const std::string& name, const std::string& why)
{
    skipped_.emplace_back(name, why);
}

void ExplainSummary::print(Output& output) const
{
    std::string words;
    for (const auto& [name, number] : by_quarantine_) {
        words += fmt::format("{}{} {}", words.empty() ? ": " : ", ", harmless_line(name), grouped(number));
    }
    if (deferred_ > 0) {
        words += fmt::format("{}put off {}", words.empty() ? ": " : ", ", grouped(deferred_));
    }
    output.line(fmt::format("of {} {} would be held{}", counted(mails_, "mail", "mails"),
                            grouped(held_.size()), words));
    Table table;
    for (const Held& held : held_) {
        table.row({harmless_line(held.name),
                   held.quarantines.empty() ? harmless_line(held.answer) : joined(held.quarantines),
                   text::one_line(held.subject, 200)});
    }
    for (const std::string& line : table.lines()) {
        output.line("  " + cut_to(line, output.width() - 2));
    }
}

Json ExplainSummary::json() const
{
    Json messages = Json::array();
    for (const Held& held : held_) {
        messages.push_back({{"mail", held.name},
                            {"subject", held.subject},
                            {"quarantines", held.quarantines},
                            {"answer", held.answer}});
    }
    Json skipped = Json::array();
    for (const auto& [name, why] : skipped_) {
        skipped.push_back({{"mail", name}, {"why", why}});
    }
    Json quarantines = Json::object();
    for (const auto& [name, number] : by_quarantine_) {
        quarantines[name] = number;
    }
    return {{"mails", mails_},
            {"held", held_.size()},
            {"quarantines", std::move(quarantines)},
            {"put_off", deferred_},
            {"messages", std::move(messages)},
            {"skipped", std::move(skipped)}};
}

} // namespace qm::ctl
