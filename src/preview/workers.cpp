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
#include "preview/sentences.h"
#include "quarantine/error.h"

extern char** environ;

namespace qm::preview {
namespace {

using Clock = std::chrono::steady_clock;

/// A worker's heap is as large as its largest message: now and then a new one.
constexpr std::size_t kMessagesOfOne = 1000;
constexpr std::uint64_t kLargeMessage = 8ULL << 20U;
/// Of an answer, besides twice the text.
constexpr std::uint64_t kMaxOverhead = 4ULL << 20U;
constexpr std::size_t kMaxLine = 1000;
constexpr std::size_t kMaxName = 255;

/// Something is wrong with this worker.
class Broken final : public std::runtime_error {
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

/// No signal is blocked, each has its default.
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
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
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
    preview.text = text::to_valid_utf8(preview.text);
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

/// One process and the socket to it.
class Workers::Worker {
  public:
    explicit Worker(const std::string& program)
    {
        std::array<int, 2> ends{};
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
            throw Broken("socketpair: " + error_text(errno));
        }
        ours_ = FileDescriptor(ends[0]);
        const FileDescriptor theirs(ends[1]);
        fcntl(ours_.get(), F_SETFL, O_NONBLOCK);
        SpawnActions actions;
        posix_spawn_file_actions_adddup2(actions.get(), theirs.get(), STDIN_FILENO);
        const SpawnAttributes attributes;
        std::string name = "quarantine-preview";
        std::array<char*, 2> arguments = {name.data(), nullptr};
        const int error = posix_spawn(&pid_, program.c_str(), actions.get(), attributes.get(),
                                      arguments.data(), environment());
        if (error != 0) {
            throw Broken(fmt::format("{}: {}", program, error_text(error)));
        }
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// It is a child of ours until somebody waits for it, so its number is its own.
    ~Worker()
    {
        if (pid_ > 0) {
            kill(pid_, SIGKILL);
            while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
            }
        }
    }

    /// False: this one should not be used again.
    bool is_fresh() const { return messages_ < kMessagesOfOne && largest_ < kLargeMessage; }

    Preview ask(const Request& request, MessageReader& message, std::uint64_t limit,
                Clock::time_point deadline)
    {
        ++messages_;
        deadline_ = deadline;
        send_frame(written(request));
        send_message(message, limit);
        const auto length = receive_number();
        if (length > kMaxOverhead + 4 * request.max_text) {
            throw Broken("its answer is too long");
        }
        std::string bytes(length, '\0');
        receive(bytes.data(), bytes.size());
        auto preview = read_preview(bytes);
        if (!preview) {
            throw Broken("its answer is none");
        }
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
                throw;
            }
            const std::size_t fits = std::min<std::uint64_t>(count, limit - sent);
            if (fits > 0) {
                send_frame(std::string(buffer.data(), fits));
                sent += fits;
                largest_ = std::max(largest_, sent);
            }
            if (fits < count || count == 0) {
                send_number(count == 0 ? 0 : kCutHere);
                return;
            }
        }
    }

    void wait_for(short events)
    {
        for (;;) {
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
            pollfd poller{.fd = ours_.get(), .events = events, .revents = 0};
            const int ready = left <= 0 ? 0 : poll(&poller, 1, static_cast<int>(left) + 1);
            if (ready > 0) {
                return;
            }
            if (ready == 0) {
                throw Broken("it did not answer in time");
            }
            if (errno != EINTR) {
                throw Broken("poll: " + error_text(errno));
            }
        }
    }

    void send(std::string_view bytes)
    {
        while (!bytes.empty()) {
            const ssize_t count = ::send(ours_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
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
            const ssize_t count = recv(ours_.get(), to, size, 0);
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

    /// " by SIGSYS"; it has closed its socket, so it is about to end if it has not.
    std::string how()
    {
        int status = 0;
        kill(pid_, SIGKILL); // does nothing to one that has ended already
        const pid_t done = waitpid(pid_, &status, 0);
        pid_ = done == pid_ ? -1 : pid_;
        if (done > 0 && WIFSIGNALED(status)) {
            return fmt::format(" by SIG{}", sigabbrev_np(WTERMSIG(status)));
        }
        return done > 0 && WIFEXITED(status) ? fmt::format(" with exit code {}", WEXITSTATUS(status)) : "";
    }

    FileDescriptor ours_;
    pid_t pid_ = -1;
    std::size_t messages_ = 0;
    std::uint64_t largest_ = 0; ///< message, bytes
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
            throw Broken("all of them are busy");
        }
        ++busy_;
        if (!idle_.empty()) {
            std::unique_ptr<Worker> worker = std::move(idle_.back());
            idle_.pop_back();
            return worker;
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
        if (worker && worker->is_fresh()) {
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
    } catch (const Broken& broken) {
        why = broken.what();
    }
    std::uint64_t failed = 0;
    {
        const std::lock_guard lock(mutex_);
        failed = ++counts_.failed;
    }
    log::error("preview", {{"id", about},
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
