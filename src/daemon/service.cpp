#include "daemon/service.h"

#include <cstdint>
#include <ctime>

#include <systemd/sd-daemon.h>

#include <fmt/format.h>

namespace qm::daemon::service {

void ready(const std::string& status)
{
    sd_notify(0, ("READY=1\nSTATUS=" + status).c_str());
}

void status(const std::string& status)
{
    sd_notify(0, ("STATUS=" + status).c_str());
}

void reloading()
{
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const std::int64_t microseconds = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
    sd_notify(0, fmt::format("RELOADING=1\nMONOTONIC_USEC={}", microseconds).c_str());
}

void stopping()
{
    sd_notify(0, "STOPPING=1");
}

void watchdog()
{
    sd_notify(0, "WATCHDOG=1");
}

std::chrono::microseconds watchdog_interval()
{
    std::uint64_t interval = 0;
    if (sd_watchdog_enabled(0, &interval) <= 0) {
        return {};
    }
    return std::chrono::microseconds(static_cast<std::int64_t>(interval));
}

} // namespace qm::daemon::service
