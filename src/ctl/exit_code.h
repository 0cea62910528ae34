// How the program ends, for scripts: numbers of <sysexits.h> where there is one.
#pragma once

#include <stdexcept>
#include <string>

namespace qm::ctl {

constexpr int kDone = 0;
constexpr int kSomeFailed = 1;
constexpr int kNothingMatched = 2;
constexpr int kSomebodyHeld = 10; ///< explain
constexpr int kUsage = 64;
constexpr int kUnavailable = 69;
constexpr int kTryAgain = 75;
constexpr int kNoPermission = 77;
constexpr int kConfiguration = 78;

/// A command line that says nothing sensible.
class UsageError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// What only root or the daemon's user may do.
class NoPermission : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// What became of the items of one run, for the exit code.
///
/// Thread-safety: none.
class Tally {
  public:
    void done() { ++done_; }
    void failed() { ++failed_; }
    /// Failed, and another try may do better.
    void put_off() { ++put_off_; }
    /// There was nothing of that name.
    void unmatched() { ++unmatched_; }
    /// Catalog, store or database could not be asked.
    void unavailable() { ++unavailable_; }

    /// Failures of one kind have their own code; where several kinds came together it is kSomeFailed.
    int exit_code() const
    {
        if (failed_ > 0) {
            return kSomeFailed;
        }
        if (unavailable_ > 0) {
            return done_ + put_off_ + unmatched_ > 0 ? kSomeFailed : kUnavailable;
        }
        if (unmatched_ > 0) {
            return done_ + put_off_ > 0 ? kSomeFailed : kNothingMatched;
        }
        return put_off_ > 0 ? kTryAgain : kDone;
    }

  private:
    int done_ = 0;
    int failed_ = 0;
    int put_off_ = 0;
    int unmatched_ = 0;
    int unavailable_ = 0;
};

} // namespace qm::ctl
