#include "daemon/daemon.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "daemon/instance_locks.h"
#include "daemon/service.h"
#include "milter/listener.h"
#include "milter/probe.h"
#include "quarantine/error.h"
#include "quarantine/postman.h"

namespace qm::daemon {
namespace {

constexpr std::chrono::seconds kStopPatience{20};
constexpr std::chrono::seconds kPostmanPatience{10};
constexpr std::chrono::seconds kProbePatience{5};
/// A round of the postman sends a few notices; each may take as long as the SMTP time limits allow.
constexpr std::chrono::minutes kLongestRound{20};

/// Written by signal handlers, read by the main loop.
std::atomic<int> wake_pipe{-1};

extern "C" void qm_on_signal(int number)
{
    const int error_number = errno;
    const auto byte = static_cast<char>(number);
    static_cast<void>(!write(wake_pipe.load(), &byte, 1));
    errno = error_number;
}

/// The pipe between handlers and loop.
class Signals {
  public:
    Signals()
    {
        int ends[2] = {-1, -1};
        if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
            throw BackendError("pipe: " + error_text(errno));
        }
        read_end_ = FileDescriptor(ends[0]);
        write_end_ = FileDescriptor(ends[1]);
        wake_pipe.store(ends[1]);
        struct sigaction action {};
        action.sa_handler = qm_on_signal;
        action.sa_flags = SA_RESTART;
        sigfillset(&action.sa_mask);
        for (const int number : {SIGHUP, SIGTERM, SIGINT, SIGUSR1}) {
            sigaction(number, &action, nullptr);
            sigaddset(&ours_, number);
        }
        static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
        block();
    }

    /// Threads that start now leave our signals to the main thread.
    void block() { pthread_sigmask(SIG_BLOCK, &ours_, nullptr); }
    void unblock() { pthread_sigmask(SIG_UNBLOCK, &ours_, nullptr); }

    /// The next signal, or 0 when `patience` is over.
    int wait(std::chrono::milliseconds patience)
    {
        char number = 0;
        if (read(read_end_.get(), &number, 1) == 1) {
            return number;
        }
        pollfd waiting{.fd = read_end_.get(), .events = POLLIN, .revents = 0};
        if (poll(&waiting, 1, static_cast<int>(patience.count())) > 0 &&
            read(read_end_.get(), &number, 1) == 1) {
            return number;
        }
        return 0;
    }

  private:
    FileDescriptor read_end_;
    FileDescriptor write_end_;
    sigset_t ours_{};
};

void log_remarks(const std::vector<config::Remark>& remarks)
{
    for (const config::Remark& remark : remarks) {
        log::write(remark.warning ? log::Level::warning : log::Level::error, "config",
                   {{"remark", remark.str()}});
    }
}

std::vector<std::string> lock_files(const Settings& settings, const std::string& catalog_file)
{
    std::vector<std::string> files;
    if (catalog_file.empty()) {
        return files; // a server's catalog may be shared by several nodes, and with it the folders
    }
    files.push_back(catalog_file + ".lock");
    for (const Quarantine& quarantine : settings.quarantines) {
        files.push_back(quarantine.store->lock_file());
    }
    return files;
}

void raise_descriptor_limit()
{
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/// Everything that lives as long as the program.
class Program {
  public:
    Program(const DaemonOptions& options, const std::shared_ptr<const Settings>& settings)
        : options_(options), started_with_(settings->global), settings_(settings),
          catalog_(settings->global.catalog, settings->folder, clock_),
          outbox_(catalog_, fmt::format("{}", getpid())), desk_(settings_, catalog_, clock_),
          postman_(settings_, catalog_, outbox_, clock_),
          address_(options.socket.empty() ? settings->global.socket : options.socket),
          listener_({.address = address_,
                     .socket_mode = settings->global.socket_mode,
                     .socket_group = settings->global.socket_group},
                    desk_, [this] { postman_.wake(); })
    {
    }

    void start()
    {
        locks_.hold(lock_files(*settings_.get(), catalog_.file()));
        catalog_.open();
        listener_.open();
        if (!catalog_.file().empty()) {
            if (const std::int64_t released = outbox_.release_claims(); released > 0) {
                log::info("postman", {{"notices", std::to_string(released)}, {"status", "taken-up-again"}});
            }
        }
        postman_.start();
        listener_.start();
        log::info("daemon", {{"version", QM_VERSION},
                             {"socket", address_.for_libmilter()},
                             {"catalog", catalog_.shown()},
                             {"quarantines", std::to_string(settings_.get()->quarantines.size())},
                             {"status", "ready"}});
        service::ready("ready");
    }

    int serve(Signals& signals)
    {
        // Two may be missed before the service manager acts.
        const std::chrono::microseconds interval = service::watchdog_interval() / 4;
        const auto tick = std::chrono::milliseconds(250);
        auto next_pulse = std::chrono::steady_clock::now();
        while (listener_.is_running()) {
            const int number = signals.wait(tick);
            if (number == SIGTERM || number == SIGINT) {
                return EX_OK;
            }
            if (number == SIGHUP) {
                log::info("daemon", {{"signal", "HUP"}, {"status", "ignored, reload with SIGUSR1"}});
            }
            if (number == SIGUSR1) {
                reload();
            }
            const auto now = std::chrono::steady_clock::now();
            if (interval.count() > 0 && now >= next_pulse) {
                next_pulse = now + interval;
                pulse();
            }
            tidy(now);
        }
        log::error("daemon", {{"error", "libmilter ended by itself"}});
        return EX_SOFTWARE;
    }

    /// True when nothing of ours runs any more.
    bool stop()
    {
        service::stopping();
        const bool door_closed = listener_.stop(kStopPatience);
        const bool postman_ended = postman_.stop(kPostmanPatience);
        log::info("daemon",
                  {{"status", door_closed && postman_ended ? "stopped" : "stopped with work under way"}});
        return door_closed && postman_ended;
    }

  private:
    void reload()
    {
        service::reloading();
        const std::shared_ptr<const Settings> current = settings_.get();
        const LoadedSettings loaded = load_settings(options_.config_file, current.get());
        log_remarks(loaded.remarks);
        std::string failure;
        if (loaded.has_mistakes()) {
            failure = "the configuration has mistakes";
        } else if (const WorldCheck world = check_world(*loaded.settings);
                   !world.mistakes.empty() || !world.unavailable.empty()) {
            failure = world.mistakes.empty() ? world.unavailable.front() : world.mistakes.front();
        } else {
            try {
                locks_.hold(lock_files(*loaded.settings, catalog_.file()));
            } catch (const BackendError& error) {
                failure = error.what();
            }
        }
        if (!failure.empty()) {
            log::error("daemon",
                       {{"error", failure}, {"status", "not reloaded, the old configuration stays"}});
            service::ready("ready (the last reload failed, the old configuration is in use)");
            return;
        }
        warn_of_restart(loaded.settings->global);
        log::set_level(loaded.settings->global.log_level);
        settings_.set(loaded.settings);
        log::info("daemon", {{"quarantines", std::to_string(loaded.settings->quarantines.size())},
                             {"status", "reloaded"}});
        service::ready("ready");
    }

    void warn_of_restart(const GlobalSettings& now) const
    {
        const auto changed = [](std::string_view option) {
            log::warning("config", {{"option", std::string(option)}, {"status", "changed, takes a restart"}});
        };
        if (options_.socket.empty() && now.socket != started_with_.socket) {
            changed("socket");
        }
        if (now.catalog != started_with_.catalog) {
            changed("catalog");
        }
        if (now.user != started_with_.user) {
            changed("user");
        }
        if (!options_.log_to_stderr && now.log_target != started_with_.log_target) {
            changed("log");
        }
    }

    /// Fed only by work that passed through the listener and the postman.
    void pulse()
    {
        if (milter::answers(address_, kProbePatience) && postman_.longest_round() < kLongestRound) {
            service::watchdog();
        } else {
            log::error("daemon",
                       {{"error", "the listener or the postman does not answer"}, {"status", "no-pulse"}});
        }
    }

    /// Rows that nobody needs any more go once an hour.
    void tidy(std::chrono::steady_clock::time_point now)
    {
        if (now < next_tidy_) {
            return;
        }
        next_tidy_ = now + std::chrono::hours(1);
        try {
            outbox_.forget_old_own_mail();
        } catch (const BackendError& error) {
            log::warning("daemon", {{"error", error.what()}, {"status", "tidy-later"}});
        }
    }

    DaemonOptions options_;
    GlobalSettings started_with_;
    SystemClock clock_;
    Snapshot<Settings> settings_;
    InstanceLocks locks_;
    catalog::Catalog catalog_;
    catalog::Outbox outbox_;
    Desk desk_;
    Postman postman_;
    milter::SocketAddress address_;
    milter::Listener listener_;
    std::chrono::steady_clock::time_point next_tidy_ =
        std::chrono::steady_clock::now() + std::chrono::hours(1);
};

} // namespace

int run(const DaemonOptions& options, std::shared_ptr<const Settings> settings)
{
    raise_descriptor_limit();
    Signals signals;
    std::optional<Program> program;
    try {
        program.emplace(options, settings);
        settings.reset();
        program->start();
    } catch (const ConfigError& error) {
        log::error("daemon", {{"error", error.what()}, {"status", "not started"}});
        return EX_CONFIG;
    } catch (const BackendError& error) {
        log::error("daemon", {{"error", error.what()}, {"status", "not started"}});
        return EX_UNAVAILABLE;
    }
    signals.unblock();
    const int code = program->serve(signals);
    if (!program->stop()) {
        _exit(code); // threads still use what a destructor would take away
    }
    return code;
}

} // namespace qm::daemon
