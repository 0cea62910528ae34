#include "policy/network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

#include <fmt/format.h>

#include "base/text.h"
#include "quarantine/error.h"

namespace qm::policy {
namespace {

constexpr unsigned kBits = 128;
constexpr unsigned kMappedBits = 96; // ::ffff:0:0/96 holds the IPv4 addresses
constexpr AddressBytes kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

bool is_ipv4(const AddressBytes& address)
{
    return std::equal(kMapped.begin(), kMapped.begin() + kMappedBits / 8, address.begin());
}

std::string to_text(const AddressBytes& address)
{
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    const bool four = is_ipv4(address);
    inet_ntop(four ? AF_INET : AF_INET6, address.data() + (four ? kMappedBits / 8 : 0), buffer.data(),
              buffer.size());
    return buffer.data();
}

/// The bits of the byte at `index` that belong to the network.
std::uint8_t mask(unsigned prefix, std::size_t index)
{
    const auto before = static_cast<unsigned>(index * 8);
    const unsigned bits = prefix <= before ? 0U : std::min(8U, prefix - before);
    return static_cast<std::uint8_t>(0xFF00U >> bits);
}

AddressBytes masked(AddressBytes address, unsigned prefix)
{
    for (std::size_t i = 0; i < address.size(); ++i) {
        address.at(i) = static_cast<std::uint8_t>(address.at(i) & mask(prefix, i));
    }
    return address;
}

} // namespace

std::optional<AddressBytes> parse_address(std::string_view text)
{
    constexpr std::string_view kPrefix = "IPv6:";
    if (text::starts_with_ignoring_case(text, kPrefix)) {
        text.remove_prefix(kPrefix.size());
    }
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    if (text.size() >= buffer.size() || text.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    std::ranges::copy(text, buffer.begin());
    AddressBytes address = kMapped;
    if (inet_pton(AF_INET, buffer.data(), address.data() + kMappedBits / 8) == 1 ||
        inet_pton(AF_INET6, buffer.data(), address.data()) == 1) {
        return address;
    }
    return std::nullopt;
}

Network::Network(std::string_view text)
{
    text = text::trim(text);
    const auto slash = text.find('/');
    const std::string_view host = text.substr(0, slash);
    const auto address = parse_address(host);
    if (!address) {
        throw ConfigError(
            fmt::format("\"{}\" is no address or network; expected is something like 192.0.2.7, "
                        "192.0.2.0/24 or 2001:db8::/32",
                        text::printable(text, 100)));
    }
    bytes_ = *address;
    if (slash == std::string_view::npos) {
        return;
    }
    const bool four = host.find(':') == std::string_view::npos;
    const unsigned longest = four ? kBits - kMappedBits : kBits;
    const std::string_view digits = text.substr(slash + 1);
    unsigned prefix = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (error != std::errc{} || end != digits.data() + digits.size() || prefix > longest) {
        throw ConfigError(fmt::format("\"{}\": the prefix behind the slash is a number from 0 to {}",
                                      text::printable(text, 100), longest));
    }
    prefix_ = four ? prefix + kMappedBits : prefix;
    const AddressBytes network = masked(bytes_, prefix_);
    if (network != bytes_) {
        throw ConfigError(fmt::format("\"{}\" has bits set behind its prefix; the network is {}/{}",
                                      text::printable(text, 100), to_text(network),
                                      is_ipv4(network) ? prefix_ - kMappedBits : prefix_));
    }
}

bool Network::contains(const AddressBytes& address) const
{
    if (is_ipv4(address) && prefix_ < kMappedBits) {
        return false;
    }
    return masked(address, prefix_) == bytes_;
}

bool Network::contains(std::string_view address) const
{
    const auto bytes = parse_address(address);
    return bytes && contains(*bytes);
}

} // namespace qm::policy
