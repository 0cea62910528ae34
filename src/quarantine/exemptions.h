// Who is whitelisted where, asked once for one mail.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/verdict.h"
#include "quarantine/settings.h"
#include "quarantine/whitelist.h"

namespace qm {

/// Asks the whitelists for one mail: each question once, and all of them within one deadline, because the
/// mail server waits and libmilter may let other sessions wait with it.
///
/// Thread-safety: none. Lifetime: the settings and the recipients must live longer. Errors: BackendError.
class Exemptions {
  public:
    Exemptions(const Settings& settings, Use use) : settings_(settings), use_(use) {}

    /// The row that exempts each of these recipients (without brackets) in this quarantine, or nothing: one
    /// answer for each, in their order. One mail has one sender.
    std::vector<std::optional<WhitelistMatch>> of(policy::QuarantineIndex index, std::string_view sender,
                                                  std::span<const std::string_view> recipients);

  private:
    void ask(Whitelist& whitelist, std::string_view sender, std::span<const std::string_view> recipients);

    const Settings& settings_;
    const Use use_;
    const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
    std::map<std::pair<Whitelist*, std::string_view>, std::optional<WhitelistMatch>> answers_;
};

} // namespace qm
