#include "load/address.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace qm::load {

Address::Address(const std::string& text)
{
    const auto refuse = [&]() -> std::runtime_error {
        return std::runtime_error("'" + text + "' is neither unix:/path nor inet:port@address");
    };
    const std::size_t colon = text.find(':');
    const std::string family = text.substr(0, colon);
    const std::string rest = colon == std::string::npos ? "" : text.substr(colon + 1);
    if (family == "unix" || family == "local") {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (rest.empty() || rest.size() >= sizeof address.sun_path) {
            throw refuse();
        }
        std::memcpy(address.sun_path, rest.c_str(), rest.size() + 1);
        length_ = sizeof address;
        std::memcpy(&address_, &address, sizeof address);
        return;
    }
    const std::size_t at = rest.find('@');
    if (at == std::string::npos) {
        throw refuse();
    }
    const std::string host = rest.substr(at + 1);
    const auto port = htons(static_cast<std::uint16_t>(std::stoul(rest.substr(0, at))));
    if (sockaddr_in address{}; family == "inet" && inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1) {
        address.sin_family = AF_INET;
        address.sin_port = port;
        length_ = sizeof address;
        std::memcpy(&address_, &address, sizeof address);
    } else if (sockaddr_in6 address6{};
               family == "inet6" && inet_pton(AF_INET6, host.c_str(), &address6.sin6_addr) == 1) {
        address6.sin6_family = AF_INET6;
        address6.sin6_port = port;
        length_ = sizeof address6;
        std::memcpy(&address_, &address6, sizeof address6);
    } else {
        throw refuse();
    }
}

FileDescriptor Address::connect() const
{
    FileDescriptor made(socket(address_.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!made) {
        return {};
    }
    if (::connect(made.get(), reinterpret_cast<const sockaddr*>(&address_), length_) != 0 &&
        errno != EINPROGRESS) {
        const int reason = errno;
        made.close();
        errno = reason;
        return {};
    }
    return made;
}

} // namespace qm::load
