#include "base/privileges.h"

#include <cerrno>
#include <optional>
#include <vector>

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"
#include "quarantine/error.h"

namespace qm {
namespace {

constexpr std::size_t kEntry = 16384;

std::vector<gid_t> groups_of(const std::string& user, gid_t primary)
{
    std::vector<gid_t> groups(64);
    int count = static_cast<int>(groups.size());
    while (getgrouplist(user.c_str(), primary, groups.data(), &count) < 0) {
        groups.resize(static_cast<std::size_t>(count));
    }
    groups.resize(static_cast<std::size_t>(count));
    return groups;
}

gid_t group_id(const std::string& name)
{
    std::vector<char> buffer(kEntry);
    group entry{};
    group* found = nullptr;
    if (getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
        throw ConfigError(
            fmt::format("[global] socket_group: there is no group '{}'", text::printable(name, 60)));
    }
    return entry.gr_gid;
}

} // namespace

void become_user(const std::string& user, const std::string& extra_group)
{
    if (geteuid() != 0 || user == "root") {
        return;
    }
    std::vector<char> buffer(kEntry);
    passwd entry{};
    passwd* found = nullptr;
    if (getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
        throw ConfigError(fmt::format(
            "[global] user: there is no user '{}'; create it (adduser --system --group {}) or name "
            "another one",
            text::printable(user, 60), text::printable(user, 60)));
    }
    std::vector<gid_t> groups = groups_of(user, entry.pw_gid);
    if (!extra_group.empty()) {
        groups.push_back(group_id(extra_group));
    }
    if (setgroups(groups.size(), groups.data()) != 0 || setgid(entry.pw_gid) != 0 ||
        setuid(entry.pw_uid) != 0) {
        throw BackendError(fmt::format("becoming user {}: {}", user, error_text(errno)));
    }
    if (setuid(0) == 0) {
        throw BackendError("becoming user " + user + ": root rights could be taken back");
    }
}

} // namespace qm
