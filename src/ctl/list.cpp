// quarantinectl list
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "ctl/exit_code.h"
#include "ctl/id_argument.h"
#include "ctl/json_of.h"
#include "ctl/table.h"
#include "ctl/time_argument.h"
#include "ctl/verbs.h"
#include "quarantine/error.h"

namespace qm::ctl {
namespace {

/// As many as the catalog gives at once.
constexpr std::size_t kPage = 1000;
constexpr std::int64_t kMost = 100000;

RecipientState state_argument(std::string_view text)
{
    std::string names;
    for (const RecipientState state : recipient_states()) {
        if (text::equals_ignoring_case(text, to_string(state))) {
            return state;
        }
        names += names.empty() ? "" : ", ";
        names += to_string(state);
    }
    throw UsageError(fmt::format("--state {}: expected one of {}", harmless_line(text, 40), names));
}

HeldId before_argument(Context& context, Desk& desk)
{
    const std::string& text = context.arguments().before;
    if (!looks_like_id(text)) {
        throw UsageError(fmt::format("--before {}: not an id", harmless_line(text, 40)));
    }
    if (HeldId whole = HeldId::parse(text); !whole.empty()) {
        return whole;
    }
    const auto found = desk.ids_like(text, 2);
    if (found.size() != 1) {
        throw UsageError(fmt::format("--before {}: {}", text,
                                     found.empty() ? "no such message" : "short for several messages"));
    }
    return found.front();
}

HeldFilter filter_of(Context& context, Desk& desk)
{
    const Arguments& arguments = context.arguments();
    HeldFilter filter;
    filter.quarantine = arguments.quarantine;
    if (arguments.from) {
        filter.sender = arguments.from->empty() ? "<>" : *arguments.from;
    }
    filter.recipient = arguments.recipient.value_or("");
    if (!arguments.state.empty()) {
        filter.state = state_argument(arguments.state);
    }
    if (!arguments.since.empty()) {
        filter.since = time_argument("--since", arguments.since, context.now());
    }
    if (!arguments.until.empty()) {
        filter.until = time_argument("--until", arguments.until, context.now());
    }
    if (!arguments.before.empty()) {
        filter.before = before_argument(context, desk);
    }
    return filter;
}

std::vector<HeldMail> find(Desk& desk, HeldFilter filter, std::size_t limit)
{
    std::vector<HeldMail> found;
    while (found.size() < limit) {
        filter.limit = std::min(kPage, limit - found.size());
        std::vector<HeldMail> page = desk.find(filter);
        const bool last = page.size() < filter.limit;
        std::ranges::move(page, std::back_inserter(found));
        if (last) {
            break;
        }
        filter.before = found.back().id;
    }
    return found;
}

/// The state of all recipients, "mixed" when they differ.
std::string common_state(const HeldMail& mail)
{
    const auto differs = [&](const HeldRecipient& one) { return one.state != mail.recipients.front().state; };
    if (mail.recipients.empty()) {
        return "-";
    }
    return std::ranges::any_of(mail.recipients, differs)
               ? "mixed"
               : std::string(to_string(mail.recipients.front().state));
}

std::string who_and_what(const HeldMail& mail, bool with_states)
{
    std::string to;
    for (const HeldRecipient& recipient : mail.recipients) {
        to += to.empty() ? "" : ", ";
        to += harmless_line(recipient.address);
        to += with_states ? fmt::format(" ({})", to_string(recipient.state)) : "";
    }
    const std::string sender = mail.envelope.sender.empty() ? "<>" : harmless_line(mail.envelope.sender);
    return fmt::format("{} -> {}: {}", sender, to, text::one_line(mail.subject));
}

void print(Output& output, const std::vector<HeldMail>& mails)
{
    Table table({3});
    table.row({"ID", "RECEIVED", "STATE", "SIZE", "QUARANTINE"});
    for (const HeldMail& mail : mails) {
        table.row({mail.id.str(), local_time(mail.received), common_state(mail), text::human_size(mail.size),
                   harmless_line(mail.quarantine)});
    }
    const auto lines = table.lines();
    output.line(output.strong(lines.front()));
    for (std::size_t i = 0; i < mails.size(); ++i) {
        output.line(lines[i + 1]);
        output.line("    " +
                    cut_to(who_and_what(mails[i], common_state(mails[i]) == "mixed"), output.width() - 4));
    }
}

void say_if_unknown(Context& context)
{
    const std::string& name = context.arguments().quarantine;
    if (!name.empty() && context.settings()->quarantine(name) == nullptr) {
        context.output().remark(fmt::format("no quarantine is called {}", name));
    }
}

} // namespace

int run_list(Context& context)
{
    Output& output = context.output();
    if (context.arguments().ids_only && output.wants_json()) {
        throw UsageError("--ids and --json exclude each other");
    }
    if (context.arguments().limit < 1 || context.arguments().limit > kMost) {
        throw UsageError(fmt::format("--limit {}: expected 1 to {}", context.arguments().limit, kMost));
    }
    Desk& desk = context.desk(OpenDesk::Mode::read);
    const auto limit = static_cast<std::size_t>(context.arguments().limit);
    std::vector<HeldMail> mails;
    try {
        mails = find(desk, filter_of(context, desk), limit);
    } catch (const ConfigError& error) {
        throw UsageError(error.what());
    }
    const bool more = mails.size() == limit;
    if (output.wants_json()) {
        Json list = Json::array();
        for (const HeldMail& mail : mails) {
            list.push_back(json_of(mail));
        }
        output.json(
            {{"messages", std::move(list)}, {"next", more ? Json(mails.back().id.str()) : Json(nullptr)}});
    } else if (context.arguments().ids_only) {
        for (const HeldMail& mail : mails) {
            output.line(mail.id.str());
        }
    } else if (!mails.empty()) {
        print(output, mails);
        if (more) {
            output.remark(fmt::format("There may be more: --before {}", mails.back().id.str()));
        }
    }
    if (mails.empty()) {
        say_if_unknown(context);
        return kNothingMatched;
    }
    return kDone;
}

} // namespace qm::ctl
