// quarantinectl list
#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <vector>

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
constexpr std::int64_t kScreenful = 50;

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
    filter.unsent = arguments.unsent;
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

/// Hands them over page by page; how many there were.
std::size_t find(Desk& desk, HeldFilter filter, std::size_t limit,
                 const std::function<void(std::vector<HeldMail>)>& take)
{
    std::size_t found = 0;
    while (found < limit) {
        filter.limit = std::min(kPage, limit - found);
        std::vector<HeldMail> page = desk.find(filter);
        found += page.size();
        const bool last = page.size() < filter.limit;
        if (!page.empty()) {
            filter.before = page.back().id;
            take(std::move(page));
        }
        if (last) {
            break;
        }
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
    const bool ids_only = context.arguments().ids_only;
    if (ids_only && output.wants_json()) {
        throw UsageError("--ids and --json exclude each other");
    }
    const std::int64_t asked = context.arguments().limit.value_or(kScreenful);
    if (asked < 1 || asked > kMost) {
        throw UsageError(fmt::format("--limit {}: expected 1 to {}", asked, kMost));
    }
    Desk& desk = context.desk(OpenDesk::Mode::read);
    // Ids go to another command, which must not be left with less than there is.
    const auto limit = ids_only && !context.arguments().limit ? std::numeric_limits<std::size_t>::max()
                                                              : static_cast<std::size_t>(asked);
    std::vector<HeldMail> mails;
    HeldId last;
    const auto take = [&](std::vector<HeldMail> page) {
        last = page.back().id;
        if (!ids_only) {
            std::ranges::move(page, std::back_inserter(mails));
            return;
        }
        for (const HeldMail& mail : page) {
            output.line(mail.id.str());
        }
    };
    std::size_t found = 0;
    try {
        found = find(desk, filter_of(context, desk), limit, take);
    } catch (const ConfigError& error) {
        throw UsageError(error.what());
    }
    const bool more = found == limit;
    if (output.wants_json()) {
        Json list = Json::array();
        for (const HeldMail& mail : mails) {
            list.push_back(json_of(mail));
        }
        output.json({{"messages", std::move(list)}, {"next", more ? Json(last.str()) : Json(nullptr)}});
    } else if (!mails.empty()) {
        print(output, mails);
    }
    if (more && !output.wants_json()) {
        output.remark(fmt::format("There may be more: --before {}", last.str()));
    }
    if (found == 0) {
        say_if_unknown(context);
        return kNothingMatched;
    }
    return kDone;
}

} // namespace qm::ctl
