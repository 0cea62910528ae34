// Why a mail would be held or not: the judgement of the rules with everything it looked at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/verdict.h"
#include "quarantine/answer.h"
#include "quarantine/whitelist.h"

namespace qm {

/// How one quarantine's condition met the mail.
struct RuleFinding {
    enum class Outcome : std::uint8_t {
        no_match,
        match,
        gave_up, ///< a regex gave up and no header matched: `on_limit` says what that means
        ignored, ///< the client is one of ignore_hosts: not searched
    };
    std::string quarantine;
    Outcome outcome = Outcome::no_match;
    std::string action;                  ///< ACCEPT, DISCARD ...
    std::size_t header = 0;              ///< with match and gave_up: which header, counted from 0
    std::string line;                    ///< that header as searched; any bytes
    MatchGroups groups;                  ///< with match
    std::string on_limit;                ///< with gave_up: match, no_match or tempfail
    std::vector<std::string> gave_up_on; ///< names of headers on which the regex gave up
    bool stopped = false;                ///< the search was ended early because it cost too much
};

/// What happens to one recipient.
struct RecipientFinding {
    std::string recipient; ///< without brackets
    /// One entry for each quarantine that matched and was asked for this recipient, in list order.
    struct Step {
        std::string quarantine;
        std::optional<WhitelistMatch> exempt; ///< the row that exempts them here
        bool has_whitelist = true;            ///< false: nobody can be exempt here
        bool observes = false;                ///< not exempt, but the quarantine only observes
    };
    std::vector<Step> steps;
    std::string held_by; ///< the quarantine they end in; "" when the mail is delivered to them
};

struct Explanation {
    std::vector<RuleFinding> rules;           ///< every quarantine, in list order
    std::vector<RecipientFinding> recipients; ///< in envelope order
    Answer answer;                            ///< what the mail server would be told
    std::string answer_text;                  ///< "ACCEPT", "DISCARD", "554 5.7.0 ...", "451 4.7.1", "HOLD"
    bool somebody_held = false;               ///< held, deferred or rejected for at least one recipient
};

} // namespace qm
