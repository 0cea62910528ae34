#include "milter/probe.h"

#include <array>
#include <cerrno>
#include <cstdint>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"

namespace qm::milter {
namespace {

// Milter protocol, version 6: length (4 bytes, network order), command, data.
constexpr std::array<unsigned char, 17> kNegotiate{0, 0, 0,    13,   'O', 0,    0,    0,   6,
                                                   0, 0, 0x01, 0xff, 0,   0x1f, 0xff, 0xff};
constexpr std::array<unsigned char, 5> kQuit{0, 0, 0, 1, 'Q'};

} // namespace

bool answers(const SocketAddress& address, std::chrono::milliseconds patience)
{
    const FileDescriptor connection(address.connect());
    if (!connection || send(connection.get(), kNegotiate.data(), kNegotiate.size(), MSG_NOSIGNAL) !=
                           static_cast<ssize_t>(kNegotiate.size())) {
        return false;
    }
    const auto deadline = std::chrono::steady_clock::now() + patience;
    std::array<unsigned char, 5> reply{};
    std::size_t got = 0;
    while (got < reply.size()) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd waiting{.fd = connection.get(), .events = POLLIN, .revents = 0};
        if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) <= 0) {
            if (left.count() > 0 && errno == EINTR) {
                continue;
            }
            return false;
        }
        const ssize_t count = recv(connection.get(), reply.data() + got, reply.size() - got, 0);
        if (count <= 0) {
            return false;
        }
        got += static_cast<std::size_t>(count);
    }
    static_cast<void>(send(connection.get(), kQuit.data(), kQuit.size(), MSG_NOSIGNAL));
    return reply[4] == 'O';
}

} // namespace qm::milter
