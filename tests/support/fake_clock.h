// Time that stands still until a test moves it.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace qm::test {

class FakeClock final : public Clock {
  public:
    explicit FakeClock(Time start = Time(std::chrono::seconds(1'785'849'600))) : now_(start) {}

    Time now() const override { return now_.load(); }
    void advance(std::chrono::microseconds by) { now_.store(now_.load() + by); }

  private:
    std::atomic<Time> now_;
};

} // namespace qm::test
