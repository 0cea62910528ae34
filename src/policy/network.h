// Client addresses and networks (`ignore_hosts`).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace qm::policy {

/// The bytes of a client's address; IPv4 as ::ffff:a.b.c.d.
using AddressBytes = std::array<std::uint8_t, 16>;

/// Reads IPv4 or IPv6 text (an "IPv6:" prefix is understood, IPv4-mapped addresses are IPv4). Nothing for
/// anything else.
std::optional<AddressBytes> parse_address(std::string_view text);

/// A network in CIDR notation, IPv4 or IPv6; an address alone is a network of one.
class Network {
  public:
    /// Errors: ConfigError (host bits set behind the prefix are an error that names the network meant).
    explicit Network(std::string_view text);

    /// An IPv6 network contains no IPv4 address, not even ::/0.
    bool contains(const AddressBytes& address) const;

    /// `address` as for parse_address(). False for anything else.
    bool contains(std::string_view address) const;

  private:
    AddressBytes bytes_{};
    unsigned prefix_ = 128; ///< bits of bytes_
};

} // namespace qm::policy
