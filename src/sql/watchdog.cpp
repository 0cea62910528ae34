#include "sql/watchdog.h"

#include <sys/socket.h>

namespace qm::sql {

Watchdog& Watchdog::of_process()
{
    static Watchdog watchdog;
    return watchdog;
}

Watchdog::Watchdog() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

Watchdog::~Watchdog()
{
    thread_.request_stop();
    thread_.join();
}

void Watchdog::run(const std::stop_token& stop)
{
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        const Clock::time_point now = Clock::now();
        while (!watches_.empty() && watches_.begin()->first <= now) {
            Watch& late = *watches_.begin()->second;
            late.fired_ = true;
            ::shutdown(late.socket_, SHUT_RDWR);
            watches_.erase(watches_.begin());
        }
        // A watch that ended early is not announced: the thread then wakes once for nothing, which is cheaper
        // than waking it for every statement.
        const Clock::time_point next = watches_.empty() ? Clock::time_point::max() : watches_.begin()->first;
        wakes_ = next;
        const auto earlier = [this, next] { return wakes_ < next; };
        if (next == Clock::time_point::max()) {
            changed_.wait(lock, stop, earlier);
        } else {
            changed_.wait_until(lock, stop, next, earlier);
        }
    }
}

Watchdog::Watch::Watch(int socket, Clock::time_point deadline) : socket_(socket)
{
    if (socket_ < 0) {
        return;
    }
    Watchdog& dog = of_process();
    const std::lock_guard lock(dog.mutex_);
    place_ = dog.watches_.emplace(deadline, this);
    if (deadline < dog.wakes_) {
        dog.wakes_ = deadline;
        dog.changed_.notify_one();
    }
}

Watchdog::Watch::~Watch()
{
    if (socket_ < 0) {
        return;
    }
    Watchdog& dog = of_process();
    const std::lock_guard lock(dog.mutex_);
    if (!fired_) {
        dog.watches_.erase(place_);
    }
}

bool Watchdog::Watch::fired() const
{
    if (socket_ < 0) {
        return false;
    }
    const std::lock_guard lock(of_process().mutex_);
    return fired_;
}

} // namespace qm::sql
