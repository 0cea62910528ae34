// The rules of all quarantines, in order. Pure: no disk, no network of its own.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "mail/headers.h"
#include "policy/network.h"
#include "policy/regex.h"
#include "policy/verdict.h"
#include "quarantine/mail.h"

namespace qm::policy {

/// The condition and the consequence of one quarantine.
struct Rule {
    std::string quarantine;
    Regex regex;
    Action action = Action::accept;
    OnRegexLimit on_regex_limit = OnRegexLimit::match;
    std::vector<Network> ignored_clients; ///< mail of these is not judged by this rule
};

/// True if the recipient (without brackets, as received) is whitelisted in this quarantine for the sender.
/// May throw BackendError. Asked only about quarantines that matched.
using Exempt =
    std::function<bool(QuarantineIndex quarantine, std::string_view sender, std::string_view recipient)>;

/// Watches an evaluation without changing it (`quarantinectl explain`, the log).
class Observer {
  public:
    virtual ~Observer() = default;
    virtual void gave_up(const Rule&, const mail::HeaderField&) {}
};

/// Thread-safety: const members may be called at once from any thread.
class Ruleset {
  public:
    Ruleset() = default;
    explicit Ruleset(std::vector<Rule> rules);

    /// Judges every rule against every header (behaviour: see docs/architecture.md) and gives each recipient
    /// what the rules say. Throws only what `exempt` throws.
    Verdict judge(const Envelope& envelope, const mail::Headers& headers, const Exempt& exempt,
                  Observer* observer = nullptr) const;

    const std::vector<Rule>& rules() const { return rules_; }

  private:
    std::vector<Rule> rules_;
};

/// The quarantine whose action answers for the whole mail when no recipient remains: first or last in list
/// order among those that somebody was held in. Nothing when nobody was.
std::optional<QuarantineIndex> preferred_quarantine(const Verdict& verdict, const std::vector<Rule>& rules,
                                                    Preferred preferred);

} // namespace qm::policy
