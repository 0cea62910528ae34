// Asks our own listener whether it still answers.
#pragma once

#include <chrono>

#include "milter/socket_address.h"

namespace qm::milter {

/// Connects to our socket, negotiates as a mail server does and leaves again. True when our negotiation
/// callback answered within `patience`: the listener accepts, a worker is free, the callback runs.
bool answers(const SocketAddress& address, std::chrono::milliseconds patience);

} // namespace qm::milter
