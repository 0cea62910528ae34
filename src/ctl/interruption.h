// SIGINT, SIGTERM and SIGHUP (a lost terminal) during work that changes something: the item at hand is
// finished, then it stops.
#pragma once

namespace qm::ctl {

/// From its construction on, these signals only set a mark; the first one is answered with a word on
/// standard error. One object a process.
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
