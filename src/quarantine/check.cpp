#include "quarantine/check.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/file.h"
#include "catalog/catalog.h"
#include "quarantine/error.h"
#include "quarantine/socket_address.h"

namespace qm {
namespace {

/// The section that every section has its defaults from.
const std::string kGlobalSection = "global";
/// Made by systemd when the service starts (RuntimeDirectory=), so it may be missing before.
constexpr std::string_view kRuntimeFolder = "/run/quarantine-milter";

/// "" when the socket can be made there.
std::string trouble_of_folder(const SocketAddress& address, const GlobalSettings& global)
{
    if (address.family() != SocketAddress::Family::unix_domain) {
        return {};
    }
    const std::string folder = std::filesystem::path(address.path()).parent_path().string();
    if (faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0) {
        return {};
    }
    const int error = errno;
    if (error == ENOENT && folder == kRuntimeFolder) {
        return {};
    }
    return fmt::format("folder {0}: {1}; expected a folder that {2} may write and the mail server may reach: "
                       "install -d -o {2} -g {3} -m 2750 {0}",
                       folder, error_text(error), global.user,
                       global.socket_group.empty() ? "GROUP" : global.socket_group);
}

bool is_same_folder(const std::string& a, const std::string& b)
{
    std::error_code ignored;
    return !a.empty() && !b.empty() && std::filesystem::equivalent(a, b, ignored) && !ignored;
}

} // namespace

WorldCheck check_world(const Settings& settings)
{
    WorldCheck result;
    const auto note = [&](std::vector<std::string>& lines, const std::string& section,
                          std::string_view option, const std::string& what) {
        const std::string line = settings.config->about(section, option, what).str();
        if (std::ranges::find(lines, line) == lines.end()) {
            lines.push_back(line);
        }
    };
    const auto note_folder = [&](const std::string& section, std::string_view option,
                                 const MessageStore& store, const BackendError& error) {
        note(result.mistakes, section, option,
             fmt::format("{}; expected a folder that {user} may write: install -d -o {user} -m 0700 {}",
                         error.what(), store.folder(), fmt::arg("user", settings.global.user)));
    };
    for (const Quarantine& quarantine : settings.quarantines) {
        try {
            quarantine.store->check();
        } catch (const BackendError& error) {
            note_folder(quarantine.name, "quarantine_directory", *quarantine.store, error);
        }
        if (!quarantine.store->keeps() && quarantine.notifier) {
            try {
                settings.spool->check();
            } catch (const BackendError& error) {
                note_folder(kGlobalSection, "spool_directory", *settings.spool, error);
            }
            for (const Quarantine& other : settings.quarantines) {
                if (is_same_folder(other.store->folder(), settings.spool->folder())) {
                    note(result.mistakes, kGlobalSection, "spool_directory",
                         fmt::format("is the folder of [{}]; expected one of its own", other.name));
                }
            }
        }
        if (!quarantine.whitelist) {
            continue;
        }
        try {
            quarantine.whitelist->check();
        } catch (const BackendError& error) {
            note(result.unavailable, quarantine.name, "whitelist_db_connection", error.what());
        }
    }
    return result;
}

WorldCheck check_places(const Settings& settings, const std::string& socket)
{
    WorldCheck world = check_world(settings);
    const auto line = [&](std::string_view option, std::string_view what) {
        return settings.config->about(kGlobalSection, option, what).str();
    };
    try {
        const SocketAddress address(socket.empty() ? settings.global.socket : socket);
        if (const std::string trouble = trouble_of_folder(address, settings.global); !trouble.empty()) {
            world.unavailable.push_back(line("socket", trouble));
        }
    } catch (const ConfigError& error) {
        world.mistakes.push_back(line("socket", error.what()));
    }
    const SystemClock clock;
    try {
        catalog::Catalog(settings.global.catalog, settings.folder, clock).check();
    } catch (const ConfigError& error) {
        world.mistakes.push_back(line("catalog", error.what()));
    } catch (const BackendError& error) {
        world.unavailable.push_back(line("catalog", error.what()));
    }
    return world;
}

} // namespace qm
