// Held mails, and what came with them, made to break the notice about them.
#pragma once

#include <string>
#include <vector>

#include "quarantine/notifier.h"

namespace qm::test {

struct HostileMail {
    std::string name;
    std::string message; ///< as it is held
    std::string sender = "bounce@mailer.example";
    std::string recipient = "u@our.example";
    std::string why = "X-Spam-Flag: YES";
    std::string group = "9.5"; ///< of the regex that matched
};

const std::vector<HostileMail>& hostile_mails();

/// As the desk makes it of a mail that comes in.
Notice notice_about(const HostileMail& mail, std::int64_t number);

} // namespace qm::test
