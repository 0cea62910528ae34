#include "daemon/instance_locks.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "quarantine/error.h"

namespace qm::daemon {

namespace {

/// Two names of one folder are one lock.
bool is_one_of(const std::string& file, const std::map<std::string, FileLock>& locks)
{
    return std::ranges::any_of(locks, [&](const auto& lock) {
        std::error_code ignored;
        return std::filesystem::equivalent(file, lock.first, ignored) && !ignored;
    });
}

} // namespace

void InstanceLocks::hold(const std::vector<std::string>& files)
{
    std::map<std::string, FileLock> taken;
    for (const std::string& file : files) {
        if (file.empty() || held_.contains(file) || taken.contains(file) || is_one_of(file, taken)) {
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
