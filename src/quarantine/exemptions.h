// Who is whitelisted where, asked once for one mail.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "policy/verdict.h"
#include "quarantine/settings.h"
#include "quarantine/whitelist.h"

namespace qm {

/// Asks the whitelists for one mail: each question once, and all of them within one deadline, because the
/// mail server waits and libmilter may let other sessions wait with it.
///
/// Thread-safety: none. Lifetime: the settings must live longer. Errors: BackendError.
class Exemptions {
  public:
    Exemptions(const Settings& settings, Use use) : settings_(settings), use_(use) {}

    /// The row that exempts this recipient (without brackets) in this quarantine, or nothing. One mail has
    /// one sender.
    const std::optional<WhitelistMatch>& of(policy::QuarantineIndex index, std::string_view sender,
                                            std::string_view recipient);

  private:
    const Settings& settings_;
    const Use use_;
    const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
    std::map<std::pair<Whitelist*, std::string>, std::optional<WhitelistMatch>> answers_;
};

} // namespace qm
