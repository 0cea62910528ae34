#include "daemon/instance_locks.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "quarantine/error.h"

namespace qm::daemon {

void InstanceLocks::hold(const std::vector<std::string>& files)
{
    std::map<std::string, FileLock> taken;
    for (const std::string& file : files) {
        if (file.empty() || held_.contains(file) || taken.contains(file)) {
            continue;
        }
        std::optional<FileLock> lock = FileLock::try_lock(file);
        if (!lock) {
            throw BackendError(
                fmt::format("{} is locked: another quarantine-milter uses this catalog or folder", file));
        }
        taken.emplace(file, std::move(*lock));
    }
    std::erase_if(held_,
                  [&](const auto& held) { return std::ranges::find(files, held.first) == files.end(); });
    held_.merge(taken);
}

} // namespace qm::daemon
