#include "daemon/daemon.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <iterator>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "daemon/instance_locks.h"
#include "daemon/service.h"
#include "daemon/signals.h"
#include "milter/listener.h"
#include "milter/probe.h"
#include "quarantine/check.h"
#include "quarantine/error.h"
#include "quarantine/janitor.h"
#include "quarantine/postman.h"

namespace qm::daemon {
namespace {

constexpr std::chrono::seconds kStopPatience{20};
/// Behind the listener's: it has been asked at the same time.
constexpr std::chrono::seconds kPostmanPatience{5};
/// Then we go, whatever is under way: below TimeoutStopSec of the unit.
constexpr std::chrono::seconds kLongestStop{40};
constexpr std::chrono::seconds kProbePatience{5};
/// A round of the postman sends a few notices; each may take as long as the SMTP time limits allow.
constexpr std::chrono::minutes kLongestRound{20};

void log_remarks(const std::vector<config::Remark>& remarks)
{
    for (const config::Remark& remark : remarks) {
        log::write(remark.warning ? log::Level::warning : log::Level::error, "config",
                   {{"remark", remark.str()}});
    }
}

/// Of a server's catalog there is none: it may be shared by several nodes, and with it the folders.
std::vector<std::string> lock_files(const std::string& catalog_file)
{
    return catalog_file.empty() ? std::vector<std::string>() : std::vector{catalog_file + ".lock"};
}

std::vector<std::string> lock_files(const Settings& settings, const std::string& catalog_file)
{
    std::vector<std::string> files = lock_files(catalog_file);
    if (!files.empty()) {
        std::ranges::move(settings.lock_files(), std::back_inserter(files));
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

/// A name that no other process has, on whatever machine, now or later; for people to read too.
std::string claimant()
{
    std::array<char, 256> host{};
    if (gethostname(host.data(), host.size() - 1) != 0) {
        host.fill('\0');
    }
    std::string name = fmt::format("{}:{}:", host.data(), getpid());
    for (const char byte : random_bytes(8)) {
        name += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    }
    return name;
}

/// Everything that lives as long as the program.
class Program {
  public:
    Program(const DaemonOptions& options, const std::shared_ptr<const Settings>& settings)
        : options_(options), started_with_(settings->global), settings_(settings),
          catalog_(settings->global.catalog, settings->folder, clock_), outbox_(catalog_, claimant()),
          desk_(settings_, catalog_, clock_), postman_(settings_, catalog_, outbox_, clock_),
          janitor_(desk_, catalog_, clock_, [this] { postman_.wake(); }),
          address_(options.socket.empty() ? settings->global.socket : options.socket),
          listener_({.address = address_,
                     .socket_mode = settings->global.socket_mode,
                     .socket_group = settings->global.socket_group},
                    desk_, [this] { postman_.wake(); })
    {
    }

    void start(Signals& signals)
    {
        locks_.hold(lock_files(catalog_.file()));
        catalog_.open();
        desk_.expect_stores(*settings_.get());
        locks_.hold(lock_files(*settings_.get(), catalog_.file()));
        desk_.resolve_left_releases();
        listener_.open();
        if (!catalog_.file().empty()) {
            if (const std::int64_t released = outbox_.release_claims(); released > 0) {
                log::info("postman", {{"notices", std::to_string(released)}, {"status", "taken-up-again"}});
            }
        }
        postman_.start();
        janitor_.start();
        // libmilter waits for HUP, TERM and INT in a thread of its own: this one must be able to take them
        // first.
        signals.unblock();
        listener_.start();
        log::info("daemon", {{"version", QM_VERSION},
                             {"socket", address_.for_libmilter()},
                             {"catalog", catalog_.shown()},
                             {"quarantines", std::to_string(settings_.get()->quarantines.size())},
                             {"status", "ready"}});
        say_ready("ready");
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
            if (number == SIGUSR1) {
                guarded("reload", [&] { reload(); });
            }
            const auto now = std::chrono::steady_clock::now();
            if (interval.count() > 0 && now >= next_pulse) {
                next_pulse = now + interval;
                guarded("pulse", [&] { pulse(); });
            }
            guarded("tidy", [&] { tidy(now); });
            count_previews();
        }
        if (listener_.failed()) {
            log::error("daemon", {{"error", "libmilter ended by itself"}});
            return EX_SOFTWARE;
        }
        return EX_OK; // libmilter took the signal to stop
    }

    /// True when nothing of ours runs any more.
    bool stop()
    {
        service::stopping();
        postman_.stop(std::chrono::seconds(0)); // beside the listener
        const bool door_closed = listener_.stop(kStopPatience);
        const bool postman_ended = postman_.stop(kPostmanPatience);
        janitor_.stop();
        log::info("daemon",
                  {{"status", door_closed && postman_ended ? "stopped" : "stopped with work under way"}});
        return door_closed && postman_ended;
    }

  private:
    /// A failure beside the mail path is logged; the mail goes on.
    template <typename Work>
    static void guarded(const char* what, Work work)
    {
        try {
            work();
        } catch (const std::exception& error) {
            log::error("daemon", {{"at", what}, {"error", error.what()}, {"status", "failed"}});
        }
    }

    void reload()
    {
        service::reloading();
        const std::shared_ptr<const Settings> current = settings_.get();
        const LoadedSettings loaded = load_settings(options_.config_file, current.get());
        log_remarks(loaded.remarks);
        std::string failure;
        if (loaded.has_mistakes()) {
            failure = "the configuration has mistakes";
        } else if (const WorldCheck world = check_places(*loaded.settings, options_.socket);
                   !world.mistakes.empty() || !world.unavailable.empty()) {
            failure = world.mistakes.empty() ? world.unavailable.front() : world.mistakes.front();
        } else {
            try {
                desk_.expect_stores(*loaded.settings);
                locks_.hold(lock_files(*loaded.settings, catalog_.file()));
            } catch (const BackendError& error) {
                failure = error.what();
            }
        }
        if (!failure.empty()) {
            log::error("daemon",
                       {{"error", failure}, {"status", "not reloaded, the old configuration stays"}});
            say_ready("ready (the last reload failed, the old configuration is in use)");
            return;
        }
        warn_of_restart(loaded.settings->global);
        log::set_level(loaded.settings->global.log_level);
        // The old settings end here, not in the session that lets go of them last: closing databases takes
        // time.
        retired_.push_back(settings_.set(loaded.settings));
        log::info("daemon", {{"quarantines", std::to_string(loaded.settings->quarantines.size())},
                             {"status", "reloaded"}});
        say_ready("ready");
    }

    void say_ready(std::string status)
    {
        status_ = std::move(status);
        service::ready(status_ + previews_not_shown_);
    }

    /// Each has a line in the log; how many there are stands where one looks first.
    void count_previews()
    {
        const std::uint64_t failed = Desk::previews_not_shown();
        if (failed != failed_previews_) {
            failed_previews_ = failed;
            previews_not_shown_ = fmt::format("; messages that could not be shown safely: {}", failed);
            service::status(status_ + previews_not_shown_);
        }
    }

    void warn_of_restart(const GlobalSettings& now) const
    {
        const auto changed = [](std::string_view option) {
            log::warning("config", {{"option", std::string(option)}, {"status", "changed, takes a restart"}});
        };
        if (options_.socket.empty() && now.socket != started_with_.socket) {
            changed("socket");
        }
        if (now.socket_mode != started_with_.socket_mode) {
            changed("socket_mode");
        }
        if (now.socket_group != started_with_.socket_group) {
            changed("socket_group");
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

    /// Settings that no mail uses any more go at once, rows that nobody needs once an hour.
    void tidy(std::chrono::steady_clock::time_point now)
    {
        std::erase_if(retired_, [](const auto& settings) { return settings.use_count() == 1; });
        if (now < next_tidy_) {
            return;
        }
        next_tidy_ = now + std::chrono::hours(1);
        outbox_.forget_old_own_mail();
    }

    DaemonOptions options_;
    GlobalSettings started_with_;
    std::string status_; ///< what the service manager was told last
    std::string previews_not_shown_;
    std::uint64_t failed_previews_ = 0;
    SystemClock clock_;
    Snapshot<Settings> settings_;
    std::vector<std::shared_ptr<const Settings>> retired_;
    InstanceLocks locks_;
    catalog::Catalog catalog_;
    catalog::Outbox outbox_;
    Desk desk_;
    Postman postman_;
    Janitor janitor_;
    SocketAddress address_;
    milter::Listener listener_;
    std::chrono::steady_clock::time_point next_tidy_ =
        std::chrono::steady_clock::now() + std::chrono::hours(1);
};

/// A disk or a database that hangs must not have us killed: what is not on record by then is found at the
/// next start, as after a crash.
void end_at_the_latest(int code)
{
    std::thread([code] {
        std::this_thread::sleep_for(kLongestStop);
        _exit(code); // without a word: it may be the log that hangs
    }).detach();
}

} // namespace

int run(const DaemonOptions& options, std::shared_ptr<const Settings> settings)
{
    raise_descriptor_limit();
    Signals signals;
    std::optional<Program> program;
    int code = EX_OK;
    try {
        program.emplace(options, settings);
        settings.reset();
        program->start(signals);
        code = program->serve(signals);
    } catch (const ConfigError& error) {
        log::error("daemon", {{"error", error.what()}, {"status", "not started"}});
        code = EX_CONFIG;
    } catch (const std::exception& error) {
        log::error("daemon", {{"error", error.what()}, {"status", "not started"}});
        code = EX_UNAVAILABLE;
    }
    end_at_the_latest(code);
    if (program && !program->stop()) {
        _exit(code); // threads still use what a destructor would take away
    }
    return code;
}

} // namespace qm::daemon
