// The JSON of what several verbs show. Keys are lower case and stay as they are; times are RFC 3339, UTC.
#pragma once

#include <nlohmann/json.hpp>

#include "quarantine/held_mail.h"
#include "quarantine/whitelist.h"

namespace qm::ctl {

using Json = nlohmann::json;

/// null for the epoch, which stands for "never".
Json json_of(Time time);
Json json_of(const std::optional<Time>& time);
Json json_of(const HeldRecipient& recipient);
Json json_of(const Client& client);
Json json_of(const MatchGroups& groups);
/// Without `digest`, `groups` and the whole envelope.
Json json_of(const HeldMail& mail);
Json json_of(const NoticeRecord& notice);
Json json_of(const WhitelistRow& row);

} // namespace qm::ctl
