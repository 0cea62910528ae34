// Passwords: found where the operator put them, never shown.
#pragma once

#include <string>
#include <string_view>

namespace qm::config {

/// True if the text gives a password away: a URL with `user:password@` or `password=`, or any text that is
/// not a URL. False for `sqlite:///file`.
bool holds_password(std::string_view secret);
/// The same for a text that may be anything: only a URL counts.
bool is_url_with_password(std::string_view text);

/// Where a secret's file is: an absolute name is itself; a relative one is looked for in
/// $CREDENTIALS_DIRECTORY, where systemd puts credentials, then it is below `folder`.
std::string secret_path(const std::string& name, const std::string& folder);

/// The first line of the file without its line end. A program that began as root and became another user
/// gets what root read, where that user may not read the file: so a password that systemd hands to the daemon
/// (LoadCredential=) does not keep root from the other programs. Thread-safety: any thread. Errors:
/// BackendError with the path and the reason.
std::string read_secret(const std::string& path);

/// True if everybody on this machine may read the file.
bool readable_by_all(const std::string& path);

} // namespace qm::config
