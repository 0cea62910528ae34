#include "ctl/interruption.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <string_view>

#include <unistd.h>

namespace qm::ctl {
namespace {

std::atomic<bool> came{false};
static_assert(std::atomic<bool>::is_always_lock_free); // a handler may touch it

constexpr std::string_view kWord = "quarantinectl: finishing what is under way, then stopping\n";

extern "C" void qm_ctl_on_signal(int /*number*/)
{
    if (!came.exchange(true)) {
        const int error_number = errno;
        static_cast<void>(!write(STDERR_FILENO, kWord.data(), kWord.size()));
        errno = error_number;
    }
}

void handle_with(void (*handler)(int))
{
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        sigaction(number, &action, nullptr);
    }
}

} // namespace

Interruption::Interruption()
{
    came.store(false);
    handle_with(qm_ctl_on_signal);
}

Interruption::~Interruption()
{
    handle_with(SIG_DFL);
}

bool Interruption::asked()
{
    return came.load();
}

} // namespace qm::ctl
