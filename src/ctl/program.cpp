#include "ctl/program.h"

#include <cerrno>
#include <csignal>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/file.h"
#include "base/log.h"
#include "base/privileges.h"
#include "ctl/command_line.h"
#include "ctl/exit_code.h"
#include "quarantine/error.h"

namespace qm::ctl {
namespace {

constexpr const char* kJournalSocket = "/run/systemd/journal/socket";
constexpr std::string_view kSqlite = "sqlite:///";

/// What is done leaves the daemon's lines where the daemon leaves them. Standard error is for people here,
/// so where the configuration names it, or there is no journal, it is syslog.
void open_log(const GlobalSettings& global)
{
    const bool journal = global.log_target == log::Target::journal && access(kJournalSocket, F_OK) == 0;
    log::open(journal ? log::Target::journal : log::Target::syslog, global.log_level);
}

void check_readable(const std::string& file)
{
    if (access(file.c_str(), R_OK) != 0 && errno == EACCES) {
        throw NoPermission(fmt::format("{}: {}; run it as root", file, error_text(EACCES)));
    }
}

/// The file of a SQLite catalog, "" for others.
std::string catalog_file(const Settings& settings)
{
    const std::string& url = settings.global.catalog;
    if (!url.starts_with(kSqlite)) {
        return {};
    }
    const std::string path = url.substr(kSqlite.size());
    return path.starts_with('/') ? path : settings.folder + "/" + path;
}

/// Whoever is neither root nor the daemon's user is told that, and not that a file is missing.
void check_may_use(const Settings& settings)
{
    const std::string file = catalog_file(settings);
    if (!file.empty() && access(file.c_str(), R_OK | W_OK) != 0 && errno == EACCES) {
        throw NoPermission(fmt::format("catalog {}: {}; run it as root or as {}", file, error_text(EACCES),
                                       settings.global.user));
    }
}

int report(Output& output, int code, const std::exception& error)
{
    output.problem(error.what());
    return code;
}

} // namespace

LoadedSettings load_as_user(const std::string& file)
{
    check_readable(file);
    LoadedSettings loaded = load_settings(file);
    if (loaded.has_mistakes() || geteuid() != 0) {
        return loaded;
    }
    become_user(loaded.settings->global.user, "");
    check_readable(file);
    return load_settings(file);
}

std::shared_ptr<const Settings> Program::settings()
{
    if (!settings_) {
        const LoadedSettings loaded = load_as_user(arguments().configuration);
        if (loaded.has_mistakes()) {
            for (const config::Remark& remark : loaded.remarks) {
                if (!remark.warning) {
                    output().remark(remark.str());
                }
            }
            throw ConfigError(fmt::format("{} has mistakes: nothing was done", arguments().configuration));
        }
        settings_ = loaded.settings;
        open_log(settings_->global);
    }
    return settings_;
}

Desk& Program::desk(OpenDesk::Mode mode)
{
    if (!desk_) {
        const auto settings = this->settings();
        if (mode != OpenDesk::Mode::rules) {
            check_may_use(*settings);
        }
        desk_ = std::make_unique<OpenDesk>(settings, mode);
    }
    return desk_->desk();
}

Time Program::now() const
{
    return SystemClock().now();
}

int run_command(const Command& command, Context& context)
{
    Output& output = context.output();
    try {
        return command.run(context);
    } catch (const UsageError& error) {
        return report(output, kUsage, error);
    } catch (const NoPermission& error) {
        return report(output, kNoPermission, error);
    } catch (const ConfigError& error) {
        return report(output, kConfiguration, error);
    } catch (const BackendError& error) {
        return report(output, kUnavailable, error);
    } catch (const std::exception& error) {
        return report(output, kSomeFailed, error);
    }
}

int run_program(int argc, char** argv)
{
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    // Inherited as ignored, it would give the number of a child that has ended to somebody else at once.
    static_cast<void>(std::signal(SIGCHLD, SIG_DFL));
    umask(0077);
    const Streams streams = Streams::of_process();
    CommandLine line;
    try {
        line = parse_command_line(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
    } catch (const UsageError& error) {
        Output output(streams, false);
        return report(output, kUsage, error);
    }
    Output output(streams, line.arguments.json);
    int code = kDone;
    if (line.command != nullptr) {
        Program program(line.arguments, output);
        code = run_command(*line.command, program);
    } else {
        output.write(line.text);
    }
    if (const std::string error = output.finish(); !error.empty()) {
        if (error != error_text(EPIPE)) {
            output.problem("standard output: " + error);
        }
        return code == kDone ? kSomeFailed : code;
    }
    return code;
}

} // namespace qm::ctl
