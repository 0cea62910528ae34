// Asks our own listener whether mail still passes.
#pragma once

#include <chrono>

#include "quarantine/socket_address.h"

namespace qm::milter {

/// Connects to our socket and hands in the headers of a mail without recipients, as a mail server would. True
/// when an answer to the end of headers came within `patience`: the listener accepts, a worker is free, the
/// callbacks run, the desk judges. (451 is an answer too: a database that is away does not make the program
/// hang.)
bool answers(const SocketAddress& address, std::chrono::milliseconds patience);

} // namespace qm::milter
