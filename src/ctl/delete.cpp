// quarantinectl delete, notify
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "ctl/exit_code.h"
#include "ctl/id_argument.h"
#include "ctl/interruption.h"
#include "ctl/json_of.h"
#include "ctl/verbs.h"
#include "quarantine/error.h"

namespace qm::ctl {
namespace {

using Remind = RemindResult::Outcome;

void tell_deleted(Output& output, const HeldMail& mail, const std::string& asked, const DeleteResult& result,
                  Tally& tally)
{
    if (!result.found) {
        tally.unmatched();
        output.problem(asked.empty()
                           ? fmt::format("{}: no such message", mail.id.str())
                           : fmt::format("{} {}: not held for this recipient", mail.id.str(), asked));
        return;
    }
    for (const std::string& address : result.releasing) {
        tally.put_off();
        output.problem(fmt::format("{} {}: not deleted, a release is under way", mail.id.str(), address));
    }
    if (!result.deleted.empty() || result.releasing.empty()) {
        tally.done();
    }
    if (output.wants_json()) {
        return;
    }
    for (const std::string& address : result.deleted) {
        output.line(fmt::format("{} {}: deleted", mail.id.str(), harmless_line(address)));
    }
    if (result.deleted.empty() && result.releasing.empty()) {
        output.line(
            fmt::format("{}: nothing left to delete, it was deleted or released before", mail.id.str()));
    }
}

/// Deletes for one recipient (all when empty).
Json delete_one(Output& output, Desk& desk, const HeldMail& mail, const std::string& recipient, Tally& tally)
{
    Json json = {{"id", mail.id.str()}};
    try {
        const DeleteResult result = desk.remove(mail.id, recipient);
        tell_deleted(output, mail, recipient, result, tally);
        json["found"] = result.found;
        json["deleted"] = result.deleted;
        json["releasing"] = result.releasing;
        json["bytes_removed"] = result.bytes_removed;
    } catch (const BackendError& error) {
        tally.unavailable();
        output.problem(fmt::format("{}: {}", mail.id.str(), error.what()));
        json["error"] = error.what();
    }
    return json;
}

struct RemindWord {
    Remind outcome;
    std::string_view key;
    std::string_view words;
    void (Tally::*count)();
};

constexpr RemindWord kRemindWords[] = {
    {Remind::due, "due", "the daemon sends the notice within seconds", &Tally::done},
    {Remind::no_message, "no_message", "no such message", &Tally::unmatched},
    {Remind::no_recipient, "no_recipient", "not held for this recipient", &Tally::unmatched},
    {Remind::settled, "settled", "no notice: it was released or deleted", &Tally::failed},
    {Remind::nobody_tells, "nobody_tells", "no notice: its quarantine tells nobody", &Tally::failed},
    {Remind::not_an_address, "not_an_address", "no notice: mail cannot be sent to this address",
     &Tally::failed},
};

const RemindWord& word_for(Remind outcome)
{
    for (const RemindWord& word : kRemindWords) {
        if (word.outcome == outcome) {
            return word;
        }
    }
    throw std::logic_error("asking for a notice ended in a way that has no word");
}

Json tell_reminded(Output& output, const HeldMail& mail, const RemindResult& result, bool daemon_away,
                   Tally& tally)
{
    const RemindWord& word = word_for(result.outcome);
    (tally.*word.count)();
    const bool waits = daemon_away && result.outcome == Remind::due;
    std::string line =
        fmt::format("{} {}: {}", mail.id.str(), harmless_line(result.recipient),
                    waits ? "the daemon is not running; it sends the notice when it runs again" : word.words);
    if (result.send_to != std::vector{result.recipient}) {
        for (const std::string& address : result.send_to) {
            line += fmt::format("{} {}", &address == &result.send_to.front() ? " to" : ",",
                                harmless_line(address));
        }
    }
    if (result.outcome != Remind::due) {
        output.problem(line);
    } else if (!output.wants_json()) {
        output.line(line);
    }
    return {{"id", mail.id.str()},
            {"recipient", result.recipient},
            {"outcome", word.key},
            {"send_to", result.send_to}};
}

/// Those who still wait for it; everybody when nobody does, so that it is said why.
std::vector<std::string> waiting(const HeldMail& mail)
{
    std::vector<std::string> addresses;
    std::vector<std::string> everybody;
    for (const HeldRecipient& recipient : mail.recipients) {
        everybody.push_back(recipient.address);
        if (is_waiting(recipient.state)) {
            addresses.push_back(recipient.address);
        }
    }
    return addresses.empty() ? everybody : addresses;
}

/// Those who still wait for it and whose last notice, to whomever it went, did not go out.
std::vector<std::string> untold(Desk& desk, const HeldMail& mail)
{
    std::map<std::pair<std::string, std::string>, bool> did_not_go; // the last of each pair, in their order
    for (const NoticeRecord& notice : desk.notices_of(mail.id)) {
        did_not_go[{notice.recipient, notice.send_to}] =
            notice.state == "refused" || notice.state == "expired";
    }
    std::vector<std::string> addresses;
    for (const HeldRecipient& recipient : mail.recipients) {
        const auto concerns = [&](const auto& last) {
            return last.second && last.first.first == recipient.address;
        };
        if (is_waiting(recipient.state) && std::ranges::any_of(did_not_go, concerns)) {
            addresses.push_back(recipient.address);
        }
    }
    return addresses;
}

} // namespace

int run_delete(Context& context)
{
    Tally tally;
    Desk& desk = context.desk(OpenDesk::Mode::work);
    const auto mails = find_all_named(context, desk, tally);
    const std::vector<std::string> recipients =
        context.arguments().to.empty() ? std::vector<std::string>{""} : context.arguments().to;
    const Interruption interruption;
    Json results = Json::array();
    for (const HeldMail& mail : mails) {
        if (Interruption::asked()) {
            tally.failed();
            context.output().problem(fmt::format("stopped by a signal before {}", mail.id.str()));
            break;
        }
        for (const std::string& recipient : recipients) {
            results.push_back(delete_one(context.output(), desk, mail, recipient, tally));
        }
    }
    if (context.output().wants_json()) {
        context.output().json({{"results", std::move(results)}});
    }
    return tally.exit_code();
}

int run_notify(Context& context)
{
    const Arguments& arguments = context.arguments();
    // Whoever is named gets it, whatever the configuration says about who is told.
    const bool by_name = !arguments.to.empty();
    if (by_name && arguments.unsent) {
        throw UsageError("--to and --unsent exclude each other");
    }
    Tally tally;
    Output& output = context.output();
    Desk& desk = context.desk(OpenDesk::Mode::work);
    const std::vector<HeldMail> mails = find_all_named(context, desk, tally);
    const bool daemon_away = desk.daemon() == Standing::Daemon::not_running;
    const Interruption interruption;
    Json results = Json::array();
    for (const HeldMail& mail : mails) {
        if (Interruption::asked()) {
            tally.failed();
            output.problem(fmt::format("stopped by a signal before {}", mail.id.str()));
            break;
        }
        const std::vector<std::string> whom = by_name            ? arguments.to
                                              : arguments.unsent ? untold(desk, mail)
                                                                 : waiting(mail);
        if (whom.empty()) {
            tally.unmatched();
            output.problem(fmt::format("{}: no notice of it has failed to go out", mail.id.str()));
        }
        for (const std::string& to : whom) {
            results.push_back(
                tell_reminded(output, mail, desk.remind(mail.id, to, by_name), daemon_away, tally));
        }
    }
    if (output.wants_json()) {
        output.json({{"results", std::move(results)}});
    }
    return tally.exit_code();
}

} // namespace qm::ctl
