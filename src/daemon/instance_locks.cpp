#include "daemon/instance_locks.h"

#include <set>

#include <sys/stat.h>

#include <fmt/format.h>

#include "quarantine/error.h"

namespace qm::daemon {

void InstanceLocks::hold(const std::vector<std::string>& files)
{
    std::map<Identity, FileLock> taken;
    std::set<Identity> wanted;
    for (const std::string& file : files) {
        if (file.empty()) {
            continue;
        }
        std::optional<Identity> identity = identity_of(file);
        if (!identity || (!held_.contains(*identity) && !taken.contains(*identity))) {
            std::optional<FileLock> lock = FileLock::try_lock(file);
            identity = identity_of(file);
            if (!lock || !identity) {
                throw BackendError(
                    fmt::format("{} is locked: another quarantine-milter uses this catalog or folder", file));
            }
            taken.emplace(*identity, std::move(*lock));
        }
        wanted.insert(*identity);
    }
    std::erase_if(held_, [&](const auto& held) { return !wanted.contains(held.first); });
    held_.merge(taken);
}

/// Nothing when there is no such file.
std::optional<InstanceLocks::Identity> InstanceLocks::identity_of(const std::string& file)
{
    struct stat status {};
    if (stat(file.c_str(), &status) != 0) {
        return std::nullopt;
    }
    return Identity(status.st_dev, status.st_ino);
}

} // namespace qm::daemon
