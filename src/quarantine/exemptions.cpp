#include "quarantine/exemptions.h"

#include <set>

#include <fmt/format.h>

#include "quarantine/error.h"

namespace qm {
namespace {

/// Less than Postfix's milter_command_timeout (30 s).
constexpr std::chrono::seconds kPatience{10};

} // namespace

std::vector<std::optional<WhitelistMatch>> Exemptions::of(policy::QuarantineIndex index,
                                                          std::string_view sender,
                                                          std::span<const std::string_view> recipients)
{
    Whitelist* const whitelist = settings_.quarantines.at(index).whitelist.get();
    if (whitelist == nullptr) {
        return std::vector<std::optional<WhitelistMatch>>(recipients.size());
    }
    std::vector<std::string_view> unknown;
    std::set<std::string_view> seen;
    for (const std::string_view recipient : recipients) {
        if (!answers_.contains({whitelist, recipient}) && seen.insert(recipient).second) {
            unknown.push_back(recipient);
        }
    }
    if (!unknown.empty()) {
        ask(*whitelist, sender, unknown);
    }
    std::vector<std::optional<WhitelistMatch>> rows;
    rows.reserve(recipients.size());
    for (const std::string_view recipient : recipients) {
        rows.push_back(answers_.at({whitelist, recipient}));
    }
    return rows;
}

void Exemptions::ask(Whitelist& whitelist, std::string_view sender,
                     std::span<const std::string_view> recipients)
{
    if (std::chrono::steady_clock::now() > begun_ + kPatience) {
        throw BackendError(
            fmt::format("the whitelists took longer than {} s for one mail", kPatience.count()));
    }
    std::vector<std::optional<WhitelistMatch>> rows = whitelist.find_all(sender, recipients, use_);
    for (std::size_t i = 0; i < recipients.size(); ++i) {
        answers_.emplace(std::pair(&whitelist, recipients[i]), std::move(rows.at(i)));
    }
}

} // namespace qm
