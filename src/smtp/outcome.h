// From a conversation to a truth about one message.
#pragma once

#include <string>

#include "quarantine/notifier.h"
#include "smtp/dialogue.h"

namespace qm::smtp {

/// How a conversation ended, apart from what was said in it.
struct End {
    std::string trouble;   ///< what the network or the library reported; "" for nothing
    bool all_sent = false; ///< the whole message was handed to the network
    bool no_tls = false;   ///< broken off because there was no TLS as required
};

/// `delivered` needs the final 2xx. A 5xx to MAIL, RCPT, DATA or the message is `refused`; a 4xx, a failed
/// login, missing TLS and no connection are `deferred`; silence behind the whole message is `unknown`.
Delivery outcome_of(const Dialogue& dialogue, const End& end);

} // namespace qm::smtp
