#include "quarantine/socket_address.h"

#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fmt/format.h>

#include "base/c_ptr.h"
#include "base/file.h"
#include "base/text.h"
#include "quarantine/error.h"

namespace qm {
namespace {

using AddressList = CPtr<addrinfo, freeaddrinfo>;

constexpr std::string_view kExpected =
    "expected unix:/absolute/path, inet:port@host, inet6:port@host or Postfix's inet:host:port";

ConfigError wrong(std::string_view text, std::string_view what)
{
    return ConfigError(fmt::format("'{}': {}; {}", text::printable(text, 200), what, kExpected));
}

std::optional<std::uint16_t> port_number(std::string_view text)
{
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port == 0) {
        return std::nullopt;
    }
    return port;
}

std::string without_square_brackets(std::string_view host)
{
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    return std::string(host);
}

/// The descriptor, or -1 with errno.
int connected(int family, const sockaddr* address, socklen_t length, std::chrono::milliseconds patience)
{
    FileDescriptor descriptor(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!descriptor) {
        return -1;
    }
    if (::connect(descriptor.get(), address, length) != 0) {
        int error_number = errno;
        if (error_number == EINPROGRESS) {
            pollfd waiting{.fd = descriptor.get(), .events = POLLOUT, .revents = 0};
            socklen_t size = sizeof error_number;
            if (poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) {
                error_number = ETIMEDOUT;
            } else if (getsockopt(descriptor.get(), SOL_SOCKET, SO_ERROR, &error_number, &size) != 0) {
                error_number = errno;
            }
        }
        if (error_number != 0) {
            descriptor.close();
            errno = error_number;
            return -1;
        }
    }
    return descriptor.release();
}

bool is_host(std::string_view host)
{
    return !host.empty() && host.find_first_of(" \t/@[]") == std::string_view::npos && text::is_ascii(host);
}

} // namespace

SocketAddress::SocketAddress(std::string_view text)
{
    const auto colon = text.find(':');
    const std::string scheme = text::to_lower(text.substr(0, colon == std::string_view::npos ? 0 : colon));
    const std::string_view rest = colon == std::string_view::npos ? text : text.substr(colon + 1);
    if (scheme == "unix" || scheme == "local") {
        if (!rest.starts_with('/')) {
            throw wrong(text,
                        "the path must be absolute (in main.cf it may be relative to the queue directory, "
                        "/var/spool/postfix)");
        }
        if (rest.size() >= sizeof(sockaddr_un::sun_path) - 1 || rest.find('\0') != std::string_view::npos) {
            throw wrong(text,
                        fmt::format("the path is longer than {} bytes", sizeof(sockaddr_un::sun_path) - 2));
        }
        path_ = rest;
        return;
    }
    if (scheme == "inet") {
        family_ = Family::inet;
    } else if (scheme == "inet6") {
        family_ = Family::inet6;
    } else {
        throw wrong(text, "is not a socket");
    }
    try {
        read_internet(rest);
    } catch (const ConfigError& error) {
        throw wrong(text, error.what());
    }
}

void SocketAddress::read_internet(std::string_view rest)
{
    std::string_view port = rest;
    std::string_view host = family_ == Family::inet ? "127.0.0.1" : "::1";
    if (const auto at = rest.find('@'); at != std::string_view::npos) {
        port = rest.substr(0, at);
        host = rest.substr(at + 1);
    } else if (const auto last = rest.rfind(':'); last != std::string_view::npos) {
        host = rest.substr(0, last);
        port = rest.substr(last + 1);
    }
    const auto number = port_number(port);
    if (!number) {
        throw ConfigError("the port must be a number from 1 to 65535");
    }
    port_ = *number;
    host_ = without_square_brackets(host);
    if (!is_host(host_)) {
        throw ConfigError("the host is missing or not a host");
    }
    if (host_.find(':') != std::string::npos) {
        family_ = Family::inet6; // Postfix writes inet:[::1]:port
    }
}

std::string SocketAddress::for_libmilter() const
{
    switch (family_) {
    case Family::unix_domain:
        return "unix:" + path_;
    case Family::inet:
        return fmt::format("inet:{}@{}", port_, host_);
    case Family::inet6:
        break;
    }
    // libmilter wants IPv6 literals in square brackets.
    return host_.find(':') == std::string::npos ? fmt::format("inet6:{}@{}", port_, host_)
                                                : fmt::format("inet6:{}@[{}]", port_, host_);
}

int SocketAddress::connect(std::chrono::milliseconds patience) const
{
    if (family_ == Family::unix_domain) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.copy(address.sun_path, sizeof address.sun_path - 1);
        return connected(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address, patience);
    }
    addrinfo hints{};
    hints.ai_family = family_ == Family::inet ? AF_INET : AF_INET6;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (getaddrinfo(host_.c_str(), std::to_string(port_).c_str(), &hints, &found) != 0 || found == nullptr) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    const AddressList list(found);
    return connected(found->ai_family, found->ai_addr, found->ai_addrlen, patience);
}

} // namespace qm
