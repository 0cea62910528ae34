// Client addresses and networks (`ignore_hosts`).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace qm::policy {

/// A network in CIDR notation, IPv4 or IPv6; an address alone is a network of one.
class Network {
  public:
    /// Errors: ConfigError (host bits set behind the prefix are an error that names the network meant).
    explicit Network(std::string_view text);

    /// `address` is IPv4 or IPv6 text (an "IPv6:" prefix is understood, IPv4-mapped addresses are IPv4).
    /// False for anything else.
    bool contains(std::string_view address) const;

  private:
    std::array<std::uint8_t, 16> bytes_{}; ///< IPv4 as ::ffff:a.b.c.d
    int prefix_ = 128;
};

} // namespace qm::policy
