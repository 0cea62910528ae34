// SIGINT and SIGTERM during work that changes something: the item at hand is finished, then it stops.
#pragma once

namespace qm::ctl {

/// From its construction on, the two signals only set a mark. One object a process.
class Interruption {
  public:
    Interruption();
    ~Interruption();
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;

    /// True when one of the signals came.
    static bool asked();
};

} // namespace qm::ctl
