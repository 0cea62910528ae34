#include "bench/searches.h"

#include <algorithm>
#include <functional>
#include <string_view>

#include "mail/address.h"

namespace qm::bench {
namespace {

struct Choice {
    std::string name;
    std::function<void(HeldFilter&)> apply;
};
using Choices = std::vector<Choice>;

Choice nothing()
{
    return {.name = {}, .apply = [](HeldFilter&) {}};
}

Choice text(std::string HeldFilter::*field, const std::string& name, const std::string& value)
{
    return {.name = name, .apply = [=](HeldFilter& filter) { filter.*field = value; }};
}

Choice state(RecipientState state)
{
    return {.name = "state=" + std::string(to_string(state)),
            .apply = [=](HeldFilter& filter) { filter.state = state; }};
}

/// All combinations of what there is with one more choice.
std::vector<NamedFilter> combined(const std::vector<NamedFilter>& with, const Choices& choices)
{
    std::vector<NamedFilter> all;
    for (const NamedFilter& one : with) {
        for (const Choice& choice : choices) {
            NamedFilter next = one;
            choice.apply(next.filter);
            next.name += (next.name.empty() || choice.name.empty() ? "" : ", ") + choice.name;
            all.push_back(std::move(next));
        }
    }
    return all;
}

bool fits(std::string_view asked, std::string_view address)
{
    const std::string key = mail::key(address);
    return asked.empty() || (asked == "<>" && key.empty()) ||
           (asked.starts_with('@') ? mail::domain(key) == asked.substr(1) : key == mail::key(asked));
}

} // namespace

std::vector<NamedFilter> every_combination(const Sample& sample, std::uint64_t count)
{
    const std::string heavy = std::string("@") + Sample::kHeavyDomain;
    const std::string shunned = std::string("@") + Sample::kShunned;
    const auto moment = [&](std::uint64_t of_10) { return sample.time_of(count / 10 * of_10); };
    std::vector<NamedFilter> all{{}};
    all = combined(all, {nothing(), text(&HeldFilter::quarantine, "quarantine=spam", "spam"),
                         text(&HeldFilter::quarantine, "quarantine=policy", "policy")});
    all = combined(all, {nothing(), text(&HeldFilter::sender, "from=heavy domain", heavy),
                         text(&HeldFilter::sender, "from=light domain", "@d2999.example"),
                         text(&HeldFilter::sender, "from=heavy sender", "NEWS0@big.example"),
                         text(&HeldFilter::sender, "from=light sender", "sender19000@d1000.example"),
                         text(&HeldFilter::sender, "from=<>", "<>"),
                         text(&HeldFilter::sender, "from=nobody", "nobody@example.org")});
    all = combined(all, {nothing(), text(&HeldFilter::recipient, "to=heavy domain", "@our0.example.net"),
                         text(&HeldFilter::recipient, "to=shunned domain", shunned),
                         text(&HeldFilter::recipient, "to=heavy recipient", "user0@our0.example.net"),
                         text(&HeldFilter::recipient, "to=light recipient", "user4999@our7.example.net")});
    all = combined(all, {nothing(), state(RecipientState::held), state(RecipientState::copied),
                         state(RecipientState::failed), state(RecipientState::releasing)});
    all = combined(all, {nothing(),
                         {.name = "since=the future",
                          .apply = [=](HeldFilter& f) { f.since = moment(10) + std::chrono::hours(1); }},
                         {.name = "until=before all",
                          .apply = [=](HeldFilter& f) { f.until = moment(0) - std::chrono::hours(1); }},
                         {.name = "since..until=the middle",
                          .apply = [=](HeldFilter& f) { f.since = moment(5), f.until = moment(6); }},
                         {.name = "before=a deep page", .apply = [=](HeldFilter& f) {
                              f.before = HeldId(moment(2), std::string(10, '\0'));
                          }}});
    return all;
}

void sort_newest_first(std::vector<HeldMail>& mails)
{
    std::ranges::sort(mails, std::greater<>(), [](const HeldMail& mail) { return mail.id.str(); });
}

bool chooses(const HeldFilter& filter, const HeldMail& mail)
{
    return (filter.quarantine.empty() || filter.quarantine == mail.quarantine) &&
           fits(filter.sender, mail.envelope.sender) && (!filter.since || mail.received >= *filter.since) &&
           (!filter.until || mail.received < *filter.until) &&
           (filter.before.empty() || mail.id.str() < filter.before.str()) &&
           std::ranges::any_of(mail.recipients, [&](const HeldRecipient& recipient) {
               return fits(filter.recipient, recipient.address) &&
                      (!filter.state || *filter.state == recipient.state);
           });
}

} // namespace qm::bench
