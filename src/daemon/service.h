// What systemd is told (sd_notify(3)). Without systemd all of it does nothing.
#pragma once

#include <chrono>
#include <string>

namespace qm::daemon::service {

void ready(const std::string& status);
/// The line that `systemctl status` shows.
void status(const std::string& status);
void reloading();
void stopping();
void watchdog();

/// How often the service manager wants to hear from us; zero: never.
std::chrono::microseconds watchdog_interval();

} // namespace qm::daemon::service
