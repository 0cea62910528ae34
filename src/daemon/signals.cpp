#include "daemon/signals.h"

#include <atomic>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "quarantine/error.h"

namespace qm::daemon {
namespace {

std::atomic<int> wake_pipe{-1};

extern "C" void qm_on_signal(int number)
{
    const int error_number = errno;
    const auto byte = static_cast<char>(number);
    static_cast<void>(!write(wake_pipe.load(), &byte, 1));
    errno = error_number;
}

sigset_t handled_signals()
{
    sigset_t set{};
    sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGUSR1}) {
        sigaddset(&set, number);
    }
    return set;
}

} // namespace

void hold_signals()
{
    static_cast<void>(std::signal(SIGHUP, SIG_IGN));
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    static_cast<void>(std::signal(SIGCHLD, SIG_DFL));
    const sigset_t set = handled_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Signals::Signals()
{
    hold_signals();
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        throw BackendError("pipe: " + error_text(errno));
    }
    read_end_ = FileDescriptor(ends[0]);
    write_end_ = FileDescriptor(ends[1]);
    wake_pipe.store(ends[1]);
    struct sigaction action {};
    action.sa_handler = qm_on_signal;
    action.sa_flags = SA_RESTART | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    for (const int number : {SIGTERM, SIGINT, SIGUSR1}) {
        sigaction(number, &action, nullptr);
    }
}

Signals::~Signals()
{
    wake_pipe.store(-1);
}

void Signals::unblock()
{
    const sigset_t set = handled_signals();
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

int Signals::wait(std::chrono::milliseconds patience)
{
    char number = 0;
    if (read(read_end_.get(), &number, 1) == 1) {
        return number;
    }
    pollfd waiting{.fd = read_end_.get(), .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, static_cast<int>(patience.count())) > 0 && read(read_end_.get(), &number, 1) == 1) {
        return number;
    }
    return 0;
}

} // namespace qm::daemon
