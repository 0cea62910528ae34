#include "daemon/instance_locks.h"

#include <optional>
#include <set>
#include <utility>

#include <sys/stat.h>

#include <fmt/format.h>

#include "quarantine/error.h"

namespace qm::daemon {

namespace {

/// Which file it is, whatever its name. Nothing when there is none.
std::optional<std::pair<dev_t, ino_t>> identity_of(const std::string& file)
{
    struct stat status {};
    if (stat(file.c_str(), &status) != 0) {
        return std::nullopt;
    }
    return std::pair(status.st_dev, status.st_ino);
}

} // namespace

void InstanceLocks::hold(const std::vector<std::string>& files)
{
    std::map<std::string, FileLock> taken;
    std::set<std::optional<std::pair<dev_t, ino_t>>> identities; // two names of one folder are one lock
    for (const std::string& file : files) {
        const auto identity = identity_of(file);
        if (file.empty() || held_.contains(file) || taken.contains(file) ||
            (identity && identities.contains(identity))) {
            continue;
        }
        std::optional<FileLock> lock = FileLock::try_lock(file);
        if (!lock) {
            throw BackendError(
                fmt::format("{} is locked: another quarantine-milter uses this catalog or folder", file));
        }
        taken.emplace(file, std::move(*lock));
        identities.insert(identity_of(file));
    }
    const std::set<std::string> wanted(files.begin(), files.end());
    std::erase_if(held_, [&](const auto& held) { return !wanted.contains(held.first); });
    held_.merge(taken);
}

} // namespace qm::daemon
