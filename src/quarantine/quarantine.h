// One configured quarantine with its backends.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "policy/verdict.h"
#include "quarantine/notifier.h"
#include "quarantine/store.h"
#include "quarantine/whitelist.h"

namespace qm {

/// Thread-safety: immutable after loading; the backends lock inside themselves. Quarantines with equal
/// options share a backend.
struct Quarantine {
    std::string name;
    policy::Action action = policy::Action::accept;
    std::string reject_reason; ///< may hold {QUARANTINE_ID}
    std::shared_ptr<MessageStore> store;
    std::shared_ptr<Whitelist> whitelist; ///< nullptr: none
    std::shared_ptr<Notifier> notifier;   ///< nullptr: nobody is told
    std::chrono::seconds notification_retry{};

    /// True when its recipients leave the envelope.
    bool holds() const { return action == policy::Action::discard || action == policy::Action::reject; }
};

/// "ACCEPT" ... as in the configuration and the log.
std::string_view to_string(policy::Action action);

} // namespace qm
