// What the mail server is told about one mail: who leaves the envelope, and the reply. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/verdict.h"
#include "quarantine/mail.h"
#include "quarantine/settings.h"

namespace qm {

struct Answer {
    enum class Reply { accept, discard, reject, tempfail };

    Reply reply = Reply::accept;
    /// RCPT arguments exactly as received; each once. Only with accept.
    std::vector<std::string> remove;
    /// The mail goes to the mail server's own hold queue, for this reason. Only with accept.
    std::optional<std::string> mta_hold;
    /// Behind 554 5.7.0; {QUARANTINE_ID} is still in it.
    std::string reject_reason;
    /// The quarantine whose action this is. Nothing: accept.
    std::optional<policy::QuarantineIndex> by;
};

/// As long as one recipient remains the answer is accept; else the preferred quarantine's action.
Answer answer_for(const Settings& settings, const Envelope& envelope, const policy::Verdict& verdict);

/// The reason as the sender reads it: {QUARANTINE_ID} is `id`, "" where nothing is kept.
std::string reason_with_id(std::string reason, std::string_view id);

} // namespace qm
