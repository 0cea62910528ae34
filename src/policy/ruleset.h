// The rules of all quarantines, in order. Pure: no disk, no network of its own.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mail/headers.h"
#include "policy/network.h"
#include "policy/prefilter.h"
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

/// Which of the recipients (without brackets, as received) are whitelisted in this quarantine for the sender:
/// one answer for each, in their order. May throw BackendError. Asked only about quarantines that matched.
using Exempt = std::function<std::vector<bool>(QuarantineIndex quarantine, std::string_view sender,
                                               std::span<const std::string_view> recipients)>;

/// Watches an evaluation without changing it (`quarantinectl explain`, the log). What it is shown is borrowed
/// for the call.
///
/// First come the rules in list order, each ending with ignored() or searched(); then, quarantine by
/// quarantine, the recipients in envelope order.
class Observer {
  public:
    virtual ~Observer() = default;
    /// False: the observer need not hear of rules that can match in no header of the message.
    virtual bool wants_every_rule() const { return true; }
    /// The rule is not searched: the client is one of Rule::ignored_clients.
    virtual void ignored(const Rule&) {}
    /// The regex gave up on this header: called for each of its spellings (decoded, as received).
    virtual void gave_up(const Rule&, const mail::HeaderField&) {}
    /// The rest of this message is not searched for this rule: it cost too much already (see Ruleset::judge).
    virtual void stopped(const Rule&) {}
    /// The search has ended. The match says on which header; with gave_up that is the first on which the
    /// regex gave up, whatever Rule::on_regex_limit makes of it; with no_match it says nothing.
    virtual void searched(const Rule&, RegexOutcome, const Match&) {}
    /// This recipient (its place in the envelope) was judged by a quarantine that matched.
    virtual void asked(std::size_t /*recipient*/, QuarantineIndex, bool /*exempt*/) {}
};

/// Thread-safety: const members may be called at once from any thread.
class Ruleset {
  public:
    Ruleset() = default;
    explicit Ruleset(std::vector<Rule> rules);

    /// Judges every rule against every header and gives each recipient what the rules say.
    ///
    /// A regex sees `Name: value`, the value without leading blanks: first decoded and on one line, then,
    /// where that differs, as received, with its folds as LF + white space (so that ^ and $ meet the lines of
    /// a folded header). The first header that matches decides the groups.
    ///
    /// A regex that gives up goes on with the next header: a real match further down gives the groups.
    /// Without one, Rule::on_regex_limit decides. A rule that gave up 20 times or took 1 s of CPU time in one
    /// message is not searched further in it, and after 5 s none is: they count as given up. So no message
    /// takes minutes, and none passes unseen because it is expensive.
    ///
    /// `exempt` is asked once for each quarantine that matched, in the order of the list, about the
    /// recipients of whom it is not clear yet where they end. A rule is searched in the headers that the
    /// prefilter leaves it; a header in which it cannot match costs it nothing.
    ///
    /// Throws what `exempt` and `observer` throw, and std::bad_alloc.
    Verdict judge(const Envelope& envelope, const mail::Headers& headers, const Exempt& exempt,
                  Observer* observer = nullptr) const;

    const std::vector<Rule>& rules() const { return rules_; }

  private:
    std::vector<Rule> rules_;
    Prefilter prefilter_; ///< which rules may match a header at all
};

/// The quarantine whose action answers for the whole mail when no recipient remains: first or last in list
/// order among those whose recipients are removed (DISCARD, REJECT) and in which somebody ended. Nothing when
/// there is none. ACCEPT only observes; the recipients of HOLD stay in the envelope, so the question does not
/// arise; TEMPFAIL has answered already.
std::optional<QuarantineIndex> preferred_quarantine(const Verdict& verdict, const std::vector<Rule>& rules,
                                                    Preferred preferred);

} // namespace qm::policy
