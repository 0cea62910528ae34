#include "quarantine/exemptions.h"

#include <fmt/format.h>

#include "quarantine/error.h"

namespace qm {
namespace {

/// Less than Postfix's milter_command_timeout (30 s).
constexpr std::chrono::seconds kPatience{10};

} // namespace

const std::optional<WhitelistMatch>& Exemptions::of(policy::QuarantineIndex index, std::string_view sender,
                                                    std::string_view recipient)
{
    Whitelist* const whitelist = settings_.quarantines.at(index).whitelist.get();
    std::pair key(whitelist, std::string(recipient));
    if (const auto known = answers_.find(key); known != answers_.end()) {
        return known->second;
    }
    std::optional<WhitelistMatch> row;
    if (whitelist != nullptr) {
        if (std::chrono::steady_clock::now() > begun_ + kPatience) {
            throw BackendError(
                fmt::format("the whitelists took longer than {} s for one mail", kPatience.count()));
        }
        row = whitelist->find(sender, recipient, use_);
    }
    return answers_.emplace(std::move(key), std::move(row)).first->second;
}

} // namespace qm
