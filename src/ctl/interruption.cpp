#include "ctl/interruption.h"

#include <atomic>
#include <csignal>

namespace qm::ctl {
namespace {

std::atomic<bool> came{false};
static_assert(std::atomic<bool>::is_always_lock_free); // a handler may touch it

extern "C" void qm_ctl_on_signal(int /*number*/)
{
    came.store(true);
}

void handle_with(void (*handler)(int))
{
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (const int number : {SIGINT, SIGTERM}) {
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
