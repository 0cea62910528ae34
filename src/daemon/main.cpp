// quarantine-milter(8)
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/log.h"
#include "base/privileges.h"
#include "base/text.h"
#include "daemon/daemon.h"
#include "daemon/signals.h"
#include "quarantine/check.h"
#include "quarantine/error.h"
#include "quarantine/settings.h"

namespace {

using qm::LoadedSettings;

/// A log that hangs does not keep the program.
constexpr std::chrono::seconds kLastLines{2};
constexpr const char* kDefaultFile = "/etc/quarantine-milter/quarantine-milter.conf";
constexpr const char* kJournalSocket = "/run/systemd/journal/socket";

void print(std::string_view line)
{
    fmt::print(stderr, "{}\n", line);
}

/// What others said: files, databases, the configuration's own words.
std::string shown(std::string_view text)
{
    return qm::text::printable(text, 4000);
}

void print_remarks(const LoadedSettings& loaded)
{
    for (const qm::config::Remark& remark : loaded.remarks) {
        print(remark.str());
    }
}

/// The configuration as the daemon's user sees it: read once to learn the user, then again as that user.
LoadedSettings load_as_user(const std::string& file)
{
    LoadedSettings loaded = qm::load_settings(file);
    if (loaded.has_mistakes() || geteuid() != 0) {
        return loaded;
    }
    qm::become_user(loaded.settings->global.user, loaded.settings->global.socket_group);
    return qm::load_settings(file);
}

/// What only the world can say. Prints everything found; EX_OK, EX_CONFIG or EX_UNAVAILABLE.
int report_world(const qm::Settings& settings, const std::string& socket)
{
    const qm::WorldCheck world = qm::check_places(settings, socket);
    for (const std::vector<std::string>& lines : {world.mistakes, world.unavailable}) {
        for (const std::string& line : lines) {
            print(shown(line));
        }
    }
    if (!world.mistakes.empty()) {
        return EX_CONFIG;
    }
    return world.unavailable.empty() ? EX_OK : EX_UNAVAILABLE;
}

void open_log(const qm::GlobalSettings& global, bool to_stderr)
{
    qm::log::Target target = to_stderr ? qm::log::Target::standard_error : global.log_target;
    if (target == qm::log::Target::journal && access(kJournalSocket, F_OK) != 0) {
        target = qm::log::Target::standard_error;
        print("quarantine-milter: log = journal, but there is no journal here; logging to stderr");
    }
    qm::log::open(target, global.log_level);
}

int run(int argc, char** argv)
{
    CLI::App app("Holds mail that matches header rules, per recipient, behind Postfix or sendmail (milter).",
                 "quarantine-milter");
    qm::daemon::DaemonOptions options;
    options.config_file = kDefaultFile;
    bool check_only = false;
    bool version = false;
    app.add_option("-c,--config", options.config_file, "Configuration file")->capture_default_str();
    app.add_option("-s,--socket", options.socket, "Socket, instead of the configuration's");
    app.add_flag("-t,--check-config", check_only,
                 "Check the configuration and everything it names, then end");
    app.add_flag("-f,--foreground", options.log_to_stderr, "Log to stderr whatever the configuration says");
    app.add_flag("-V,--version", version, "Print the version");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? EX_OK : EX_USAGE;
    }
    if (version) {
        fmt::print("quarantine-milter {}\n", QM_VERSION);
        return EX_OK;
    }
    umask(0077);
    const LoadedSettings loaded = load_as_user(options.config_file);
    print_remarks(loaded);
    if (loaded.has_mistakes()) {
        return EX_CONFIG;
    }
    if (const int code = report_world(*loaded.settings, options.socket); code != EX_OK || check_only) {
        if (code == EX_OK) {
            print(shown(fmt::format("{}: ok", options.config_file)));
        }
        return code;
    }
    open_log(loaded.settings->global, options.log_to_stderr);
    const int code = qm::daemon::run(options, loaded.settings);
    qm::log::wait_until_written(kLastLines);
    return code;
}

} // namespace

int main(int argc, char** argv)
{
    qm::daemon::hold_signals();
    try {
        return run(argc, argv);
    } catch (const qm::ConfigError& error) {
        print(shown(fmt::format("quarantine-milter: {}", error.what())));
        return EX_CONFIG;
    } catch (const std::exception& error) {
        print(shown(fmt::format("quarantine-milter: {}", error.what())));
        return EX_UNAVAILABLE;
    }
}
