#include "milter/probe.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"

namespace qm::milter {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

constexpr std::size_t kMaxPacket = 65536;

/// Milter protocol: length (4 bytes, network order) of what follows, a command, its data.
std::string packet(char command, const std::string& data = {})
{
    const std::size_t length = data.size() + 1;
    std::string bytes;
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        bytes.push_back(static_cast<char>(length >> shift & 0xFFU));
    }
    return bytes + command + data;
}

/// Version 6, the actions to remove recipients and hold, every step of the protocol including "no reply".
std::string negotiation()
{
    return packet('O', {"\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff", 12});
}

bool send_all(int connection, const std::string& bytes)
{
    return send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

std::optional<std::string> receive(int connection, std::size_t count, Deadline deadline)
{
    std::string bytes(count, '\0');
    std::size_t got = 0;
    while (got < count) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd waiting{.fd = connection, .events = POLLIN, .revents = 0};
        if (left.count() <= 0) {
            return std::nullopt;
        }
        if (poll(&waiting, 1, static_cast<int>(left.count())) < 0 && errno != EINTR) {
            return std::nullopt;
        }
        const ssize_t read = recv(connection, bytes.data() + got, count - got, 0);
        if (read == 0 || (read < 0 && errno != EAGAIN && errno != EINTR)) {
            return std::nullopt;
        }
        got += read > 0 ? static_cast<std::size_t>(read) : 0;
    }
    return bytes;
}

/// The command of the next packet.
std::optional<char> next_answer(int connection, Deadline deadline)
{
    const auto head = receive(connection, 5, deadline);
    if (!head) {
        return std::nullopt;
    }
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        length = length << 8U | static_cast<unsigned char>((*head)[i]);
    }
    if (length == 0 || length > kMaxPacket || !receive(connection, length - 1, deadline)) {
        return std::nullopt;
    }
    return (*head)[4];
}

} // namespace

bool answers(const SocketAddress& address, std::chrono::milliseconds patience)
{
    const Deadline deadline = std::chrono::steady_clock::now() + patience;
    const FileDescriptor connection(address.connect(patience));
    if (!connection || !send_all(connection.get(), negotiation()) ||
        next_answer(connection.get(), deadline) != 'O') {
        return false;
    }
    // We agree to no reply for MAIL, RCPT and headers (see callbacks), so the first answer is that to the end
    // of headers.
    const std::string mail = packet('M', std::string("<>") + '\0') + packet('R', std::string(1, '\0')) +
                             packet('L', std::string("X-Quarantine-Milter-Probe") + '\0' + "1" + '\0') +
                             packet('N');
    if (!send_all(connection.get(), mail)) {
        return false;
    }
    const std::optional<char> answer = next_answer(connection.get(), deadline);
    static_cast<void>(send_all(connection.get(), packet('A') + packet('Q')));
    return answer.has_value();
}

} // namespace qm::milter
