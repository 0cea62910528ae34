// Where the mail server reaches us, in libmilter's spelling and in Postfix's.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace qm {

/// `unix:/path` (also `local:/path`), `inet:port@host`, `inet6:port@host`, and Postfix's `inet:host:port`,
/// `inet:[::1]:port`. `inet:port` alone listens on 127.0.0.1 (inet6: ::1); a wildcard must be written
/// (`inet:8891@0.0.0.0`).
class SocketAddress {
  public:
    enum class Family : std::uint8_t { unix_domain, inet, inet6 };

    /// Errors: ConfigError saying what is expected.
    explicit SocketAddress(std::string_view text);

    Family family() const { return family_; }
    const std::string& path() const { return path_; } ///< unix
    const std::string& host() const { return host_; } ///< inet, inet6; without square brackets
    std::uint16_t port() const { return port_; }

    /// As smfi_setconn() wants it.
    std::string for_libmilter() const;

    /// Opens a non-blocking connection to it, within `patience`. Returns the descriptor, or -1 with errno.
    int connect(std::chrono::milliseconds patience) const;

  private:
    void read_internet(std::string_view rest);

    Family family_ = Family::unix_domain;
    std::string path_;
    std::string host_;
    std::uint16_t port_ = 0;
};

} // namespace qm
