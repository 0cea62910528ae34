// quarantinectl release, copy
#include <fmt/format.h>

#include "ctl/exit_code.h"
#include "ctl/id_argument.h"
#include "ctl/interruption.h"
#include "ctl/json_of.h"
#include "ctl/verbs.h"
#include "ctl/whitelist_access.h"
#include "quarantine/error.h"
#include "quarantine/mail_facts.h"

namespace qm::ctl {
namespace {

using Outcome = ReleaseResult::Outcome;

/// How an outcome is told and counted.
struct OutcomeWord {
    Outcome outcome;
    std::string_view key;
    std::string_view words;
    void (Tally::*count)();
};

constexpr OutcomeWord kOutcomes[] = {
    {Outcome::released, "released", "released", &Tally::done},
    {Outcome::already_released, "already_released", "already released", &Tally::done},
    {Outcome::deferred, "deferred", "put off by the mail server, try again later", &Tally::put_off},
    {Outcome::refused, "refused", "refused by the mail server", &Tally::failed},
    {Outcome::unknown, "unknown", "sent without an answer: it may have arrived", &Tally::failed},
    {Outcome::under_way, "under_way", "being released by another process", &Tally::put_off},
    {Outcome::needs_again, "needs_again", "not released, --again does it all the same", &Tally::failed},
    {Outcome::deleted, "deleted", "nothing to release", &Tally::failed},
    {Outcome::no_recipient, "no_recipient", "not held for this recipient", &Tally::unmatched},
    {Outcome::no_message, "no_message", "no such message", &Tally::unmatched},
};

/// A copy changes nothing for those the mail is held for: it is not a release.
constexpr OutcomeWord kSent{Outcome::released, "sent", "sent", &Tally::done};

enum class Errand : std::uint8_t { release, copy };

const OutcomeWord& word_for(Outcome outcome, Errand errand)
{
    if (errand == Errand::copy && outcome == Outcome::released) {
        return kSent;
    }
    for (const OutcomeWord& word : kOutcomes) {
        if (word.outcome == outcome) {
            return word;
        }
    }
    throw std::logic_error("a release ended in a way that has no word");
}

/// "released, 250 2.0.0 Ok", "already released (250 ...)"
std::string told(const ReleaseResult& result, const OutcomeWord& word)
{
    const std::string reply = harmless_line(result.reply);
    if (reply.empty()) {
        return std::string(word.words);
    }
    if (result.outcome == Outcome::already_released) {
        return fmt::format("{} ({})", word.words, reply);
    }
    return fmt::format("{}{} {}", word.words, result.outcome == Outcome::released ? "," : ":", reply);
}

/// Prints or gathers the results of one run.
class Report {
  public:
    Report(Output& output, Errand errand) : output_(output), errand_(errand) {}

    void add(const HeldMail& mail, const ReleaseResult& result, Tally& tally)
    {
        const OutcomeWord& word = word_for(result.outcome, errand_);
        (tally.*word.count)();
        const std::string line =
            fmt::format("{} {}: {}", mail.id.str(), harmless_line(result.recipient), told(result, word));
        results_.push_back({{"id", mail.id.str()},
                            {"recipient", result.recipient},
                            {"outcome", word.key},
                            {"reply", result.reply}});
        if (!is_good(result)) {
            output_.problem(line);
        } else if (!output_.wants_json()) {
            output_.line(line);
        }
    }

    /// Nothing is known of how it ended but the reason why it did not go on.
    void failed(const HeldMail& mail, const std::string& recipient, const BackendError& error, Tally& tally)
    {
        tally.unavailable();
        results_.push_back({{"id", mail.id.str()},
                            {"recipient", recipient},
                            {"outcome", "unavailable"},
                            {"reply", error.what()}});
        output_.problem(fmt::format("{} {}: {}", mail.id.str(), recipient, error.what()));
    }

    /// About the result added last.
    void whitelisted(const WhitelistRow& row, const std::string& words)
    {
        results_.back()["whitelist"] = json_of(row);
        if (!output_.wants_json()) {
            output_.line("  " + words);
        }
    }

    void print()
    {
        if (output_.wants_json()) {
            output_.json({{"results", results_}});
        }
    }

    static bool is_good(const ReleaseResult& result)
    {
        return result.outcome == Outcome::released || result.outcome == Outcome::already_released;
    }

  private:
    Output& output_;
    Errand errand_;
    Json results_ = Json::array();
};

struct Step {
    const HeldMail* mail = nullptr;
    std::string recipient;
};

std::string addresses_of(const HeldMail& mail)
{
    std::string words;
    for (const HeldRecipient& recipient : mail.recipients) {
        words += fmt::format("{}{} ({})", words.empty() ? "" : ", ", harmless_line(recipient.address),
                             to_string(recipient.state));
    }
    return words;
}

/// Everybody but those for whom it is deleted; these too when there is nobody else.
std::vector<std::string> all_of(const HeldMail& mail)
{
    std::vector<std::string> addresses;
    std::vector<std::string> deleted;
    for (const HeldRecipient& recipient : mail.recipients) {
        (recipient.state == RecipientState::deleted ? deleted : addresses).push_back(recipient.address);
    }
    return addresses.empty() ? deleted : addresses;
}

std::vector<std::string> failed_of(const HeldMail& mail)
{
    std::vector<std::string> addresses;
    for (const HeldRecipient& recipient : mail.recipients) {
        if (recipient.state == RecipientState::failed) {
            addresses.push_back(recipient.address);
        }
    }
    return addresses;
}

std::vector<Step> plan(const Arguments& arguments, const std::vector<HeldMail>& mails, Output& output,
                       Tally& tally)
{
    std::vector<Step> steps;
    for (const HeldMail& mail : mails) {
        if (arguments.failed) {
            const std::vector<std::string> failed = failed_of(mail);
            if (failed.empty()) {
                tally.unmatched();
                output.problem(fmt::format("{}: no release of it has failed", mail.id.str()));
            }
            for (const std::string& recipient : failed) {
                steps.push_back({&mail, recipient});
            }
            continue;
        }
        if (!arguments.to.empty()) {
            for (const std::string& recipient : arguments.to) {
                steps.push_back({&mail, recipient});
            }
            continue;
        }
        if (!arguments.all && mail.recipients.size() > 1) {
            throw UsageError(
                fmt::format("{} is held for several recipients: choose with --to, or --all; they are {}",
                            mail.id.str(), addresses_of(mail)));
        }
        for (const std::string& recipient : all_of(mail)) {
            steps.push_back({&mail, recipient});
        }
    }
    return steps;
}

/// Whitelists the senders of released mail for the recipients who got it.
class Allowing {
  public:
    /// Refuses what cannot be done before anything is done. Errors: UsageError, BackendError.
    Allowing(const Arguments& arguments, const Settings& settings, const std::vector<HeldMail>& mails)
        : by_domain_(arguments.allow == "domain"), wanted_(!arguments.allow.empty()), settings_(settings)
    {
        if (wanted_ && !by_domain_ && arguments.allow != "address") {
            throw UsageError(
                fmt::format("--allow {}: expected address or domain", harmless_line(arguments.allow, 40)));
        }
        for (const HeldMail& mail : mails) {
            if (wanted_) {
                check(mail);
            }
        }
    }

    void allow(const Step& step, const ReleaseResult& result, Report& report, Tally& tally, Output& output)
    {
        if (!wanted_) {
            return;
        }
        try {
            add(step, result, report);
        } catch (const std::exception& error) {
            tally.failed();
            output.problem(fmt::format("{} {}: released, but not whitelisted: {}", step.mail->id.str(),
                                       result.recipient, error.what()));
        }
    }

  private:
    void check(const HeldMail& mail) const
    {
        const std::string& sender = mail.envelope.sender;
        if (sender.empty() || domain_of(sender).empty()) {
            throw UsageError(
                fmt::format("{}: --allow: the mail has no sender that could be allowed; nothing was done",
                            mail.id.str()));
        }
        if (is_forwarded(sender)) {
            throw UsageError(
                fmt::format("{}: --allow: the sender {} was made by a forwarder, who may have put any "
                            "address into it; use whitelist add. Nothing was done",
                            mail.id.str(), harmless_line(sender)));
        }
        open_whitelist(settings_, mail.quarantine);
    }

    void add(const Step& step, const ReleaseResult& result, Report& report) const
    {
        const auto access = open_whitelist(settings_, step.mail->quarantine);
        const std::string sender = lasting_sender(step.mail->envelope.sender);
        WhitelistRow row =
            access.rows->as_written(new_row(by_domain_ ? "@" + domain_of(sender) : sender, result.recipient,
                                            "released " + step.mail->id.str(), false));
        const auto covering = access.rows->covering(row);
        if (!covering.empty()) {
            report.whitelisted(covering.front(),
                               fmt::format("row {} lets {} through already", covering.front().id,
                                           in_words(covering.front())));
            return;
        }
        if (const auto number = access.rows->add(row)) {
            row.id = *number;
            log_whitelist(*access.quarantine, row, "whitelist-added");
            report.whitelisted(row, fmt::format("row {} added: {} is not held by {} any more", row.id,
                                                in_words(row), harmless_line(access.quarantine->name)));
        }
    }

    bool by_domain_;
    bool wanted_;
    const Settings& settings_;
};

} // namespace

int run_release(Context& context)
{
    const Arguments& arguments = context.arguments();
    if (int{arguments.all} + int{arguments.failed} + int{!arguments.to.empty()} > 1) {
        throw UsageError("--to, --all and --failed exclude each other");
    }
    Tally tally;
    Desk& desk = context.desk(OpenDesk::Mode::work);
    const auto settings = context.settings();
    const std::vector<HeldMail> mails = find_all_named(context, desk, tally);
    Allowing allowing(arguments, *settings, mails);
    const std::vector<Step> steps = plan(arguments, mails, context.output(), tally);
    const Interruption interruption;
    Report report(context.output(), Errand::release);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (Interruption::asked()) {
            tally.failed();
            context.output().problem(fmt::format("stopped by a signal: {} not tried",
                                                 counted(steps.size() - i, "release", "releases")));
            break;
        }
        const Step& step = steps[i];
        try {
            const ReleaseResult result = desk.release(step.mail->id, step.recipient, arguments.again);
            report.add(*step.mail, result, tally);
            if (Report::is_good(result)) {
                allowing.allow(step, result, report, tally, context.output());
            }
        } catch (const BackendError& error) {
            report.failed(*step.mail, step.recipient, error, tally);
        }
    }
    report.print();
    return tally.exit_code();
}

int run_copy(Context& context)
{
    for (const std::string& to : context.arguments().to) {
        if (!is_sendable_address(to)) {
            throw UsageError(fmt::format("--to {}: not an address", harmless_line(to, 60)));
        }
    }
    Tally tally;
    Desk& desk = context.desk(OpenDesk::Mode::work);
    const auto mail = find_named(context, desk, context.arguments().ids.front(), tally);
    if (!mail) {
        return tally.exit_code();
    }
    const Interruption interruption;
    Report report(context.output(), Errand::copy);
    for (const std::string& to : context.arguments().to) {
        if (Interruption::asked()) {
            tally.failed();
            context.output().problem("stopped by a signal");
            break;
        }
        try {
            report.add(*mail, desk.copy(mail->id, to), tally);
        } catch (const BackendError& error) {
            report.failed(*mail, to, error, tally);
        }
    }
    report.print();
    return tally.exit_code();
}

} // namespace qm::ctl
