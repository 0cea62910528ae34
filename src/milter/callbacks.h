// The C callbacks of libmilter, and the only door from them into our code.
#pragma once

#include <chrono>
#include <functional>

#include "quarantine/desk.h"

namespace qm::milter {

/// Registers the callbacks with libmilter. `desk` must stay until close_door() returned true. Errors:
/// BackendError.
void register_callbacks(Desk& desk, std::function<void()> notices_due);

/// From now on every callback answers 451 without touching anything of ours; waits until the running ones
/// have ended, at most `patience`. True when none runs any more.
bool close_door(std::chrono::milliseconds patience);

} // namespace qm::milter
