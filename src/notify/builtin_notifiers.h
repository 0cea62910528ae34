// The table of notifiers: one row for each value of notification_type.
#pragma once

#include <span>

#include "quarantine/notifier.h"

namespace qm::notify {

/// In the order of the manual; the first one (NONE) is the default.
std::span<const NotifierType> builtin_notifiers();

} // namespace qm::notify
