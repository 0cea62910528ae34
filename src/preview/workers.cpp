#include "preview/workers.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "html/strict.h"
#include "preview/plain.h"
#include "preview/sentences.h"
#include "preview/worker.h"
#include "quarantine/error.h"

namespace qm::preview {
namespace {

using Clock = std::chrono::steady_clock;

/// Of an answer: escaped characters and tags, twice, and what is not text.
constexpr std::uint64_t kMaxForText = 10;
constexpr std::uint64_t kMaxOverhead = 4ULL << 20U;
constexpr std::size_t kMaxLine = 1000;
constexpr std::size_t kMaxName = 255;

/// Something is wrong with this worker.
class Broken final : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// There is no worker to ask; the message has nothing to do with it.
class NoWorker final : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

std::string folder_of(const std::string& path)
{
    return path.substr(0, path.rfind('/'));
}

bool is_program(const std::string& path)
{
    return access(path.c_str(), X_OK) == 0;
}

class SpawnActions {
  public:
    SpawnActions() { posix_spawn_file_actions_init(&actions_); }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;
    ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
    posix_spawn_file_actions_t* get() { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_{};
};

/// No signal is blocked, each has its default; a process group of its own, so that its children can be ended
/// with it, and a key pressed in a terminal does not reach it.
class SpawnAttributes {
  public:
    SpawnAttributes()
    {
        posix_spawnattr_init(&attributes_);
        sigset_t none{};
        sigset_t all{};
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setpgroup(&attributes_, 0);
        posix_spawnattr_setflags(&attributes_,
                                 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
    SpawnAttributes(const SpawnAttributes&) = delete;
    SpawnAttributes& operator=(const SpawnAttributes&) = delete;
    ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
    const posix_spawnattr_t* get() const { return &attributes_; }

  private:
    posix_spawnattr_t attributes_{};
};

/// Nothing of ours, which may have secrets in it.
char** environment()
{
#ifdef QM_SANITIZED // whose runtime has its options there
    return environ;
#else
    static std::array<char*, 1> none = {nullptr};
    return none.data();
#endif
}

/// What came back is made fit for where it is shown, whoever wrote it.
void check(Preview& preview, const Request& request)
{
    if (!html::is_sanitized(preview.html, request.replacement_image)) {
        throw Broken("its HTML has what is not allowed");
    }
    const auto line = [](std::string& value, std::size_t limit) { value = text::one_line(value, limit); };
    line(preview.subject, kMaxLine);
    line(preview.from, kMaxLine);
    line(preview.charset, 40);
    for (mail::Attachment& attachment : preview.attachments) {
        line(attachment.name, kMaxName);
        line(attachment.type, 100);
        if (attachment.name.find_first_of("/\\") != std::string::npos) {
            throw Broken("the name of an attachment has a folder");
        }
    }
    preview.text = plain(preview.text);
}

} // namespace

std::string worker_program()
{
    std::array<char, 4096> self{};
    const ssize_t length = readlink("/proc/self/exe", self.data(), self.size() - 1);
    const std::string folder =
        folder_of(std::string(self.data(), length > 0 ? static_cast<std::size_t>(length) : 0));
    std::string beside = folder + "/quarantine-preview";
    return is_program(beside) ? beside : folder_of(folder) + "/libexec/quarantine-milter/quarantine-preview";
}

/// One process, the socket to its child, and the pipe through which it tells how that has ended.
class Workers::Worker {
  public:
    explicit Worker(const std::string& program)
    {
        std::array<int, 2> ends{};
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
            throw NoWorker("socketpair: " + error_text(errno));
        }
        socket_ = FileDescriptor(ends[0]);
        const FileDescriptor its_socket(ends[1]);
        if (pipe2(ends.data(), O_CLOEXEC) != 0) {
            throw NoWorker("pipe: " + error_text(errno));
        }
        reports_ = FileDescriptor(ends[0]);
        const FileDescriptor its_reports(ends[1]);
        fcntl(socket_.get(), F_SETFL, O_NONBLOCK);
        fcntl(reports_.get(), F_SETFL, O_NONBLOCK);
        SpawnActions actions;
        posix_spawn_file_actions_adddup2(actions.get(), its_socket.get(), STDIN_FILENO);
        posix_spawn_file_actions_adddup2(actions.get(), its_reports.get(), kReports);
        const SpawnAttributes attributes;
        std::string name = "quarantine-preview";
        std::array<char*, 2> arguments = {name.data(), nullptr};
        const int error = posix_spawn(&pid_, program.c_str(), actions.get(), attributes.get(),
                                      arguments.data(), environment());
        if (error != 0) {
            throw NoWorker(fmt::format("{}: {}", program, error_text(error)));
        }
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// It is a child of ours until somebody waits for it, so its number is its own, and its group's.
    ~Worker()
    {
        if (pid_ > 0) {
            kill(-pid_, SIGKILL);
            kill(pid_, SIGKILL);
            while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
            }
        }
    }

    /// False: it has died while it had nothing to do, or says something that nobody has asked for.
    bool is_quiet() const
    {
        std::array<pollfd, 2> both = {pollfd{.fd = socket_.get(), .events = POLLIN, .revents = 0},
                                      pollfd{.fd = reports_.get(), .events = POLLIN, .revents = 0}};
        return poll(both.data(), both.size(), 0) == 0;
    }

    Preview ask(const Request& request, MessageReader& message, std::uint64_t limit,
                Clock::time_point deadline)
    {
        deadline_ = deadline;
        send_frame(written(request));
        send_message(message, limit);
        const auto length = receive_number();
        if (length > kMaxOverhead + kMaxForText * request.max_text) {
            throw Broken("its answer is too long");
        }
        std::string bytes(length, '\0');
        receive(bytes.data(), bytes.size());
        auto preview = read_preview(bytes);
        if (!preview) {
            throw Broken("its answer is none");
        }
        wait_for_its_end();
        return std::move(*preview);
    }

  private:
    void send_number(std::uint32_t number)
    {
        FrameWriter writer;
        writer.number(number, 4);
        send(writer.take());
    }

    void send_frame(const std::string& bytes)
    {
        send_number(static_cast<std::uint32_t>(bytes.size()));
        send(bytes);
    }

    void send_message(MessageReader& message, std::uint64_t limit)
    {
        std::array<char, 65536> buffer{};
        for (std::uint64_t sent = 0;;) {
            std::size_t count = 0;
            try {
                count = message.read(buffer);
            } catch (...) {
                send_number(kForget);
                wait_for_its_end();
                throw;
            }
            const std::size_t fits = std::min<std::uint64_t>(count, limit - sent);
            if (fits > 0) {
                send_frame(std::string(buffer.data(), fits));
                sent += fits;
            }
            if (fits < count || count == 0) {
                send_number(count == 0 ? 0 : kCutHere);
                return;
            }
        }
    }

    /// For the socket, or with 0 for the end of the child.
    void wait_for(short events)
    {
        for (;;) {
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
            std::array<pollfd, 2> both = {
                pollfd{.fd = events == 0 ? -1 : socket_.get(), .events = events, .revents = 0},
                pollfd{.fd = reports_.get(), .events = POLLIN, .revents = 0}};
            const int ready = left <= 0 ? 0 : poll(both.data(), both.size(), static_cast<int>(left) + 1);
            if (ready == 0) {
                throw Broken("it did not answer in time");
            }
            if (ready < 0 && errno != EINTR) {
                throw Broken("poll: " + error_text(errno));
            }
            // What it wrote before its end is there when its end is known.
            if (ready > 0 && (both[0].revents & events) != 0) {
                return;
            }
            if (ready > 0 && events != 0) {
                throw Broken("it has ended" + how());
            }
            if (ready > 0) {
                return;
            }
        }
    }

    /// The child that has answered must be gone before the next message comes, and have said nothing more.
    void wait_for_its_end()
    {
        wait_for(0);
        if (const std::string bad = how(); bad != " with exit code 0") {
            throw Broken("it has ended" + bad);
        }
        if (!is_quiet()) {
            throw Broken("it says more than it was asked");
        }
    }

    void send(std::string_view bytes)
    {
        while (!bytes.empty()) {
            const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count > 0) {
                bytes.remove_prefix(static_cast<std::size_t>(count));
            } else if (errno == EAGAIN) {
                wait_for(POLLOUT);
            } else if (errno != EINTR) {
                throw Broken("it has ended" + how());
            }
        }
    }

    std::uint32_t receive_number()
    {
        std::array<char, 4> bytes{};
        receive(bytes.data(), bytes.size());
        return static_cast<std::uint32_t>(FrameReader({bytes.data(), bytes.size()}).number(4));
    }

    void receive(char* to, std::size_t size)
    {
        while (size > 0) {
            const ssize_t count = recv(socket_.get(), to, size, 0);
            if (count > 0) {
                to += count;
                size -= static_cast<std::size_t>(count);
            } else if (count < 0 && errno == EAGAIN) {
                wait_for(POLLIN);
            } else if (count == 0 || errno != EINTR) {
                throw Broken("it has ended" + how());
            }
        }
    }

    /// " by SIGSYS", as the process tells of its child; " by itself" when it is gone with it.
    std::string how()
    {
        std::array<char, 4> report{};
        if (read(reports_.get(), report.data(), report.size()) != static_cast<ssize_t>(report.size())) {
            return " by itself";
        }
        const auto status = static_cast<int>(FrameReader({report.data(), report.size()}).number(4));
        if (WIFSIGNALED(status)) {
            const char* const name = sigabbrev_np(WTERMSIG(status));
            return fmt::format(" by SIG{}", name == nullptr ? "?" : name);
        }
        return fmt::format(" with exit code {}", WEXITSTATUS(status));
    }

    FileDescriptor socket_;
    FileDescriptor reports_;
    pid_t pid_ = -1;
    Clock::time_point deadline_;
};

Workers::Workers(WorkersOptions options) : options_(std::move(options)) {}

Workers::~Workers() = default;

/// One of the few that may run; it is new, or has nothing left to do.
std::unique_ptr<Workers::Worker> Workers::take(Clock::time_point deadline)
{
    {
        std::unique_lock lock(mutex_);
        if (!free_.wait_until(lock, deadline, [&] { return busy_ < options_.most; })) {
            throw NoWorker("all of them are busy");
        }
        ++busy_;
        while (!idle_.empty()) {
            std::unique_ptr<Worker> worker = std::move(idle_.back());
            idle_.pop_back();
            if (worker->is_quiet()) {
                return worker;
            }
        }
        ++counts_.started;
    }
    try {
        return std::make_unique<Worker>(options_.program.empty() ? worker_program() : options_.program);
    } catch (...) {
        give_back(nullptr);
        throw;
    }
}

/// nullptr: it is no more.
void Workers::give_back(std::unique_ptr<Worker> worker)
{
    {
        const std::lock_guard lock(mutex_);
        --busy_;
        if (worker) {
            idle_.push_back(std::move(worker));
        }
    }
    free_.notify_one();
}

Preview Workers::ask(const Request& request, MessageReader& message, std::uint64_t limit,
                     const std::string& about)
{
    const Clock::time_point deadline = Clock::now() + options_.deadline;
    std::string why;
    try {
        std::unique_ptr<Worker> worker = take(deadline);
        try {
            Preview preview = worker->ask(request, message, limit, deadline);
            check(preview, request);
            give_back(std::move(worker));
            const std::lock_guard lock(mutex_);
            ++counts_.made;
            return preview;
        } catch (const BackendError&) {
            give_back(std::move(worker)); // the reader's failure is not the worker's
            throw;
        } catch (...) {
            worker.reset();
            give_back(nullptr);
            throw;
        }
    } catch (const NoWorker& none) {
        log::error("preview", {{"id", about.empty() ? "-" : about},
                               {"error", std::string("no preview worker: ") + none.what()},
                               {"status", "not-shown"}});
        Preview later = sentence(kLater);
        later.trouble = none.what();
        return later;
    } catch (const Broken& broken) {
        why = broken.what();
    }
    std::uint64_t failed = 0;
    {
        const std::lock_guard lock(mutex_);
        failed = ++counts_.failed;
    }
    log::error("preview", {{"id", about.empty() ? "-" : about},
                           {"error", "the preview worker: " + why},
                           {"failed", std::to_string(failed)},
                           {"status", "not-shown"}});
    return sentence(kUnsafe);
}

Counts Workers::counts() const
{
    const std::lock_guard lock(mutex_);
    return counts_;
}

} // namespace qm::preview
