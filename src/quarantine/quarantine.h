// One configured quarantine with its backends.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "policy/verdict.h"
#include "quarantine/notifier.h"
#include "quarantine/store.h"
#include "quarantine/whitelist.h"
#include "smtp/client.h"

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
    std::chrono::seconds keep{};             ///< quarantine_days; 0: no end
    std::uint64_t max_size = 0;              ///< quarantine_max_size, bytes of all its messages; 0: no limit
    std::chrono::seconds whitelist_expire{}; ///< rows not used for so long go; 0: they stay
    std::uint64_t preview_max_size = 0;      ///< bytes of a message's text that are shown
    smtp::Server mail_server;                ///< takes released mail

    /// The moment after which the message is deleted; nothing: it is kept. (That it may go earlier when
    /// max_size is reached nobody can foresee.)
    std::optional<Time> expires(const HeldMail& mail) const
    {
        return keep.count() > 0 ? std::optional(mail.received + keep) : std::nullopt;
    }

    /// True when its recipients leave the envelope.
    bool holds() const { return action == policy::Action::discard || action == policy::Action::reject; }
};

/// "ACCEPT" ... as in the configuration and the log.
std::string_view to_string(policy::Action action);

} // namespace qm
