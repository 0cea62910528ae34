// How things stand, for an operator's glance.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "quarantine/held_mail.h"

namespace qm {

struct Standing {
    struct State {
        RecipientState state = RecipientState::held;
        std::int64_t recipients = 0;
    };
    struct QuarantineStanding {
        std::string name = {};
        bool configured = true; ///< false: only on record
        std::vector<State> states = {};
        std::int64_t messages = 0; ///< with bytes in the store
        std::uint64_t bytes = 0;
        Time oldest{};            ///< of these; epoch when there is none
        std::string trouble = {}; ///< why its store or whitelist does not answer; "" when all is well
    };
    std::string catalog = {}; ///< where it is, without password
    std::vector<QuarantineStanding> quarantines = {};
    std::int64_t notices_due = 0;
    Time oldest_due{};                ///< epoch when none is due
    std::int64_t notices_refused = 0; ///< the last that was due to somebody who could still get the mail
    std::int64_t notices_expired = 0; ///< the same
    enum class Daemon : std::uint8_t { running, not_running, unknown };
    Daemon daemon = Daemon::unknown; ///< unknown: the catalog is on a server
};

} // namespace qm
