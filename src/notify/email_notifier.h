// Tells recipients by mail.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "quarantine/notifier.h"

namespace qm::notify {

/// The options of `notification_type = EMAIL`; the mail server's are smtp::options().
std::span<const Option> email_options();

/// Reads template and images and checks everything that can be checked without a mail server; nothing is
/// connected. With mistakes noted the result may be nullptr.
std::unique_ptr<Notifier> open_email(const Section& section, std::span<const std::string> groups);

} // namespace qm::notify
