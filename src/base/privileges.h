// From root to the daemon's own user.
#pragma once

#include <string>

namespace qm {

/// Started as root: becomes `user` with its groups and, where given, `extra_group`, for good. Does nothing
/// for user root or when the process is not root. Errors: ConfigError naming the user or group that is
/// missing; BackendError when the kernel refuses.
void become_user(const std::string& user, const std::string& extra_group);

} // namespace qm
