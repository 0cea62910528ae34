#include "milter/listener.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <vector>

#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <libmilter/mfapi.h>

#include "base/file.h"
#include "base/log.h"
#include "milter/callbacks.h"
#include "quarantine/error.h"

namespace qm::milter {
namespace {

constexpr int kBacklog = 1024;
constexpr std::chrono::milliseconds kKnock{1000};
constexpr std::chrono::milliseconds kLibmilterEnds{300};
constexpr std::chrono::milliseconds kLibmilterBegins{2000};

gid_t group_id(const std::string& name)
{
    std::vector<char> buffer(16384);
    group entry{};
    group* found = nullptr;
    if (getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
        throw BackendError(fmt::format("socket_group: there is no group '{}'", name));
    }
    return entry.gr_gid;
}

/// Would a SIGTERM to the process be given to this thread? `task` is its folder (proc(5)). A thread in
/// sigwait() is shown as one that does not block what it waits for.
bool takes_sigterm(const std::filesystem::path& task)
{
    constexpr std::string_view kBlocked = "SigBlk:\t";
    std::ifstream status(task / "status");
    for (std::string line; std::getline(status, line);) {
        std::uint64_t blocked = 0;
        if (line.starts_with(kBlocked) &&
            std::from_chars(line.data() + kBlocked.size(), line.data() + line.size(), blocked, 16).ec ==
                std::errc{}) {
            return (blocked >> (SIGTERM - 1U) & 1U) == 0;
        }
    }
    return false;
}

/// libmilter's own thread for signals takes a SIGTERM only in the moment in which it begins to wait, when one
/// is already there for the main thread; libmilter then needs up to 5 s to end. Behind that moment the main
/// thread is asked first.
bool signal_thread_waits()
{
    const std::string main_thread = std::to_string(getpid());
    std::error_code error;
    std::filesystem::directory_iterator task("/proc/self/task", error);
    for (; !error && task != std::filesystem::directory_iterator(); task.increment(error)) {
        if (task->path().filename() != main_thread && takes_sigterm(task->path())) {
            return true;
        }
    }
    return static_cast<bool>(error); // without /proc nobody can tell
}

/// libmilter does not say which descriptor it listens on. On a TCP socket answers of two packets would wait
/// for the peer's delayed ACK; TCP_NODELAY set here is inherited by accepted connections.
void adjust_listening_sockets()
{
    constexpr int kSearched = 256;
    for (int descriptor = 3; descriptor < kSearched; ++descriptor) {
        int listens = 0;
        socklen_t length = sizeof listens;
        if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) != 0 || listens == 0) {
            continue;
        }
        const int on = 1;
        static_cast<void>(
            setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on)); // fails on unix sockets
    }
}

} // namespace

Listener::Listener(ListenerOptions options, Desk& desk, std::function<void()> notices_due)
    : options_(std::move(options)), desk_(desk), notices_due_(std::move(notices_due))
{
}

Listener::~Listener()
{
    if (thread_.joinable()) {
        thread_.detach(); // smfi_main() could not be stopped; the process is about to end
    }
}

void Listener::open()
{
    if (options_.address.family() == SocketAddress::Family::unix_domain) {
        prepare_unix_socket();
    }
    register_callbacks(desk_, notices_due_);
    std::string connection = options_.address.for_libmilter();
    if (smfi_setconn(connection.data()) != MI_SUCCESS || smfi_setbacklog(kBacklog) != MI_SUCCESS) {
        throw BackendError(fmt::format("socket {}: libmilter does not take it", connection));
    }
    errno = 0;
    if (smfi_opensocket(0) != MI_SUCCESS) {
        throw BackendError(fmt::format("socket {}: cannot listen: {}", connection,
                                       errno == 0 ? "is the address free and ours?" : error_text(errno)));
    }
    adjust_listening_sockets();
    adjust_socket();
}

void Listener::prepare_unix_socket() const
{
    const std::string& path = options_.address.path();
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0) {
        return; // nothing there; what else is wrong shows when it is opened
    }
    if (!S_ISSOCK(status.st_mode)) {
        throw BackendError(fmt::format("socket {}: a file that is no socket stands in the way", path));
    }
    const FileDescriptor connection(options_.address.connect(kKnock));
    if (connection || errno == EAGAIN || errno == ETIMEDOUT) {
        throw BackendError(fmt::format("socket {}: another program listens on it", path));
    }
    if (errno != ECONNREFUSED) {
        throw BackendError(fmt::format("socket {}: {}", path, error_text(errno)));
    }
    if (unlink(path.c_str()) != 0) {
        throw BackendError(
            fmt::format("socket {}: cannot remove the stale one: {}", path, error_text(errno)));
    }
}

void Listener::adjust_socket()
{
    if (options_.address.family() != SocketAddress::Family::unix_domain) {
        return;
    }
    const std::string& path = options_.address.path();
    if (!options_.socket_group.empty() &&
        chown(path.c_str(), static_cast<uid_t>(-1), group_id(options_.socket_group)) != 0) {
        throw BackendError(
            fmt::format("socket {}: cannot give it to group {}: {} (is the daemon's user in that group?)",
                        path, options_.socket_group, error_text(errno)));
    }
    struct stat status {};
    if (lstat(path.c_str(), &status) == 0) {
        inode_ = status.st_ino;
    }
    if (chmod(path.c_str(), options_.socket_mode) != 0) {
        throw BackendError(fmt::format("socket {}: chmod: {}", path, error_text(errno)));
    }
}

void Listener::start()
{
    state_->running.store(true);
    // libmilter's threads inherit this: signals are for the main thread.
    sigset_t all{};
    sigset_t before{};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([state = state_] {
        state->failed.store(smfi_main() != MI_SUCCESS);
        state->running.store(false);
    });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    const auto deadline = std::chrono::steady_clock::now() + kLibmilterBegins;
    while (is_running() && !signal_thread_waits() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

bool Listener::stop(std::chrono::milliseconds patience)
{
    const bool alone = close_door(patience);
    if (!thread_.joinable()) {
        return alone;
    }
    // smfi_stop() waits for a mutex that the listening thread gives up only when it sees a connection; now
    // and then libmilter sleeps a second or more first. Nothing of ours runs behind the closed door, so
    // nobody waits for that.
    std::thread stopper([] { smfi_stop(); });
    const auto deadline = std::chrono::steady_clock::now() + kLibmilterEnds;
    while (state_->running.load() && std::chrono::steady_clock::now() < deadline) {
        const FileDescriptor knock(options_.address.connect(kKnock));
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    if (state_->running.load()) {
        stopper.detach();
        thread_.detach();
    } else {
        stopper.join();
        thread_.join();
    }
    remove_socket();
    return alone;
}

/// libmilter removes its socket when it has the time; the file may also be a successor's by now.
void Listener::remove_socket() const
{
    struct stat status {};
    if (options_.address.family() == SocketAddress::Family::unix_domain && inode_ != 0 &&
        lstat(options_.address.path().c_str(), &status) == 0 && status.st_ino == inode_) {
        unlink(options_.address.path().c_str());
    }
}

} // namespace qm::milter
