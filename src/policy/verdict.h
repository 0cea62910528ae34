// What the rules say about one message, recipient by recipient.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quarantine/held_mail.h"

namespace qm::policy {

enum class Action : std::uint8_t { accept, discard, reject, tempfail, hold };
enum class Preferred : std::uint8_t { first, last };
enum class OnRegexLimit : std::uint8_t { match, no_match, tempfail };

/// Position in the `quarantines` list.
using QuarantineIndex = std::size_t;

/// How one quarantine's condition met the message.
struct Match {
    QuarantineIndex quarantine = 0;
    std::size_t header = 0; ///< index of the first header that matched
    std::string line;       ///< that header as searched (`Name: value`), at most 1000 bytes
    MatchGroups groups;
    bool gave_up = false; ///< taken as a match because the regex gave up
};

struct RecipientVerdict {
    /// Quarantines with action ACCEPT that observe this recipient, in list order.
    std::vector<QuarantineIndex> observed_by;
    /// The quarantine this recipient ends in; nothing: they pass.
    std::optional<QuarantineIndex> ends_in;
};

struct Verdict {
    std::vector<Match> matches;               ///< quarantines whose condition matched, in list order
    std::vector<RecipientVerdict> recipients; ///< same order as the envelope's
    /// A regex gave up and `on_regex_limit = tempfail`, or somebody ended in a TEMPFAIL quarantine.
    bool tempfail = false;

    bool concerns_nobody() const; ///< nobody held, nobody observed, no tempfail: the mail can go on at once
    const Match* match_of(QuarantineIndex quarantine) const;
};

} // namespace qm::policy
