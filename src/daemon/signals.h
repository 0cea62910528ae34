// The signals of the daemon: TERM and INT stop it, USR1 reloads, HUP does nothing.
#pragma once

#include <chrono>
#include <csignal>

#include "base/file.h"

namespace qm::daemon {

/// Call first in main(): what comes before the daemon is ready waits (USR1, TERM, INT) or does nothing (HUP).
/// Children are ours until we have asked how they ended, whatever our parent thought of its own: the number
/// of one that the kernel has taken away may be somebody else's.
void hold_signals();

/// Takes signals to the main loop through a pipe.
///
/// libmilter waits for HUP, TERM and INT in a thread of its own, and stops on any of them. It loses as long
/// as this thread has them unblocked at every moment: so no handler blocks any signal, and HUP is ignored,
/// which the kernel does for a whole process whose first thread does not block it.
///
/// Thread-safety: used by the main thread.
class Signals {
  public:
    /// Errors: BackendError.
    Signals();
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    /// From now on this thread takes them. Threads started before leave them alone.
    void unblock();

    /// The next signal, or 0 when `patience` is over.
    int wait(std::chrono::milliseconds patience);

  private:
    FileDescriptor read_end_;
    FileDescriptor write_end_;
};

} // namespace qm::daemon
