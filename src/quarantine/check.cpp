#include "quarantine/check.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "quarantine/error.h"
#include "quarantine/socket_address.h"

namespace qm {

WorldCheck check_places(const Settings& settings, const std::string& socket)
{
    WorldCheck world = check_world(settings);
    try {
        const SocketAddress address(socket.empty() ? settings.global.socket : socket);
    } catch (const ConfigError& error) {
        world.mistakes.push_back(fmt::format("[global] socket: {}", error.what()));
    }
    const SystemClock clock;
    try {
        catalog::Catalog(settings.global.catalog, settings.folder, clock).check();
    } catch (const ConfigError& error) {
        world.mistakes.push_back(fmt::format("[global] catalog: {}", error.what()));
    } catch (const BackendError& error) {
        world.unavailable.push_back(fmt::format("[global] {}", error.what()));
    }
    return world;
}

} // namespace qm
