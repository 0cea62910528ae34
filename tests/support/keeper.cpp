#include "support/keeper.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace qm::test {

namespace {

// Between fork() and exec() or _exit() only calls that are safe in the child of a process with threads:
// nothing here allocates.

/// Everything the child needs, made before the fork.
struct Launch {
    explicit Launch(const ChildSettings& from) : settings(from)
    {
        for (const std::string& word : settings.command) {
            words.push_back(const_cast<char*>(word.c_str())); // NOLINT: execv's type, execv does not write
        }
        words.push_back(nullptr);
    }
    const ChildSettings& settings;
    std::vector<char*> words;
};

[[noreturn]] void become(const Launch& launch)
{
    const ChildSettings& settings = launch.settings;
    const int input = ::open(settings.input.c_str(), O_RDONLY);
    const int log = ::open(settings.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (input < 0 || log < 0 || ::dup2(input, 0) < 0 || ::dup2(log, 1) < 0 || ::dup2(log, 2) < 0) {
        ::_exit(126);
    }
    ::close_range(3, ~0U, 0);
    if (settings.user != 0 &&
        (::setgroups(0, nullptr) != 0 || ::setgid(settings.group) != 0 || ::setuid(settings.user) != 0)) {
        ::_exit(126);
    }
    // Behind setuid(), which forgets it.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::signal(SIGHUP, SIG_DFL); // NOLINT(cert-err33-c): cannot fail
    if (::chdir("/") == 0) {
        ::execv(launch.words[0], launch.words.data());
    }
    ::_exit(127);
}

/// Kills what was left to us by a server that ended: we inherit its children.
void kill_inherited()
{
    for (;;) {
        char text[4096];
        const int file = ::open("/proc/thread-self/children", O_RDONLY);
        const ssize_t length = file < 0 ? 0 : ::read(file, text, sizeof text - 1);
        ::close(file);
        pid_t process = 0;
        for (ssize_t i = 0; i < length; ++i) {
            if (text[i] >= '0' && text[i] <= '9') {
                process = process * 10 + (text[i] - '0');
            } else if (process != 0) {
                ::kill(process, SIGKILL);
                process = 0;
            }
        }
        if (::waitpid(-1, nullptr, 0) < 0 && errno == ECHILD) {
            return;
        }
    }
}

[[noreturn]] void keep(const Launch& launch, int lifeline)
{
    // Interrupting the test from the terminal must not end us before our work is done.
    ::setpgid(0, 0);
    // The kernel's word to a group of processes that is orphaned while some of them are stopped.
    ::signal(SIGHUP, SIG_IGN); // NOLINT(cert-err33-c): cannot fail
    if (lifeline != 3) {
        ::dup2(lifeline, 3);
    }
    ::close_range(4, ~0U, 0);
    const int nothing = ::open("/dev/null", O_RDWR);
    ::dup2(nothing, 0);
    ::dup2(nothing, 1);
    ::dup2(nothing, 2);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    const pid_t server = ::fork();
    if (server == 0) {
        become(launch);
    }
    const int ended = static_cast<int>(::syscall(SYS_pidfd_open, server, 0));
    pollfd waits[2] = {{3, 0, 0}, {ended, POLLIN, 0}};
    while (server > 0 && ::poll(waits, 2, -1) < 0 && errno == EINTR) {
    }
    if (server > 0) {
        ::kill(server, SIGKILL);
    }
    kill_inherited();
    ::_exit(0);
}

} // namespace

int run_and_wait(const ChildSettings& settings)
{
    const Launch launch(settings);
    const pid_t child = ::fork();
    if (child < 0) {
        throw std::runtime_error("fork");
    }
    if (child == 0) {
        become(launch);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

pid_t start_kept(const ChildSettings& settings, int lifeline)
{
    const Launch launch(settings);
    const pid_t keeper = ::fork();
    if (keeper < 0) {
        throw std::runtime_error("fork");
    }
    if (keeper == 0) {
        keep(launch, lifeline);
    }
    return keeper;
}

std::vector<pid_t> children_of(pid_t process)
{
    std::vector<pid_t> found;
    std::error_code gone;
    for (const auto& thread :
         std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task", gone)) {
        std::ifstream children(thread.path() / "children");
        pid_t child = 0;
        while (children >> child) {
            found.push_back(child);
        }
    }
    return found;
}

} // namespace qm::test
