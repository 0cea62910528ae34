#include "support/postgres_proxy.h"

#include <array>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace qm::test {

namespace {

std::uint32_t number_at(std::string_view bytes, std::size_t place)
{
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        number = number << 8U | static_cast<unsigned char>(bytes.at(place + i));
    }
    return number;
}

constexpr std::uint32_t kAskForTls = 80877103;
constexpr std::uint32_t kAskForGss = 80877104;

/// Takes the first message off; `with_type`: all but the first of a program begin with a letter.
std::optional<std::string> take_message(std::string& input, bool with_type)
{
    const std::size_t letter = with_type ? 1 : 0;
    if (input.size() < letter + 4) {
        return std::nullopt;
    }
    const std::size_t size = letter + number_at(input, letter);
    if (input.size() < size) {
        return std::nullopt;
    }
    std::string message = input.substr(0, size);
    input.erase(0, size);
    return message;
}

FileDescriptor connect_to(std::uint16_t port)
{
    FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        return FileDescriptor();
    }
    return socket;
}

bool send_all(int socket, std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

/// False when the other side has ended.
bool receive(int socket, std::string& to)
{
    std::array<char, 65536> buffer{};
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (got <= 0) {
        return false;
    }
    to.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
}

} // namespace

const char* to_string(Cut cut)
{
    constexpr std::array kNames{"none", "before", "after", "silent before", "silent after"};
    return kNames.at(static_cast<std::size_t>(cut));
}

/// One connection of the program's, and the one to the server that belongs to it.
class PostgresProxy::Conversation {
  public:
    Conversation(PostgresProxy& proxy, int program)
        : proxy_(proxy), program_(program), server_(connect_to(proxy.server_port_))
    {
    }

    void run()
    {
        while (server_ && !over_) {
            std::array<pollfd, 2> ends{{{program_, POLLIN, 0}, {server_.get(), POLLIN, 0}}};
            if (::poll(ends.data(), ends.size(), -1) < 0 && errno != EINTR) {
                return;
            }
            if (ends[0].revents != 0) {
                over_ = !receive(program_, from_program_);
                take_requests();
            }
            if (!over_ && ends[1].revents != 0) {
                over_ = !receive(server_.get(), from_server_);
                take_answers();
            }
        }
    }

  private:
    void take_requests()
    {
        while (!over_) {
            const auto message = take_message(from_program_, started_);
            if (!message) {
                return;
            }
            if (!started_) {
                const std::uint32_t code = number_at(*message, 4);
                started_ = code != kAskForTls && code != kAskForGss;
                over_ = !send_all(server_.get(), *message);
                continue;
            }
            request_ += *message;
            const char letter = message->front();
            if (letter == 'Q' || letter == 'S') {
                pass_on(proxy_.fate_of(request_));
            } else if (letter == 'p' || letter == 'X') {
                pass_on(Cut::none); // a password, a farewell
            }
        }
    }

    void pass_on(Cut cut)
    {
        if (cut == Cut::before) {
            over_ = true;
            return;
        }
        if (cut != Cut::none) {
            cut_ = cut;
        }
        if (cut != Cut::silent_before) {
            over_ = !send_all(server_.get(), request_);
        }
        request_.clear();
    }

    void take_answers()
    {
        if (cut_ == Cut::none) {
            // Between two requests nothing is on its way: a cut finds the beginning of a message.
            over_ = !send_all(program_, from_server_) || over_;
            from_server_.clear();
            return;
        }
        while (const auto message = take_message(from_server_, true)) {
            if (message->front() == 'Z' && cut_ == Cut::after) {
                over_ = true; // it is done, and nobody will hear of it
            }
        }
    }

    PostgresProxy& proxy_;
    int program_;
    FileDescriptor server_;
    bool over_ = false;
    bool started_ = false; ///< the program has introduced itself
    Cut cut_ = Cut::none;
    std::string from_program_;
    std::string from_server_;
    std::string request_;
};

PostgresProxy::PostgresProxy(std::uint16_t server_port)
    : server_port_(server_port), stop_(eventfd(0, EFD_CLOEXEC)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), generic, length) != 0 || ::listen(listener_.get(), 64) != 0 ||
        ::getsockname(listener_.get(), generic, &length) != 0) {
        throw std::runtime_error("the proxy finds no port");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this] { accept_all(); });
}

PostgresProxy::~PostgresProxy()
{
    const std::uint64_t one = 1;
    static_cast<void>(::write(stop_.get(), &one, sizeof one));
    acceptor_.join();
    drop_connections();
    std::list<std::jthread> threads;
    threads.swap(state_.lock()->threads);
}

void PostgresProxy::accept_all()
{
    for (;;) {
        std::array<pollfd, 2> ends{{{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
        if (::poll(ends.data(), ends.size(), -1) < 0 && errno != EINTR) {
            return;
        }
        if (ends[1].revents != 0) {
            return;
        }
        FileDescriptor program(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        auto state = state_.lock();
        if (!program || state->refuse) {
            continue;
        }
        const int on = 1;
        ::setsockopt(program.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        state->sockets.push_back(program.get());
        state->threads.emplace_back([this, taken = std::move(program)]() mutable {
            Conversation(*this, taken.get()).run();
            auto shared = state_.lock();
            shared->sockets.remove(taken.get());
            taken.close();
        });
    }
}

Cut PostgresProxy::fate_of(const std::string& request)
{
    auto state = state_.lock();
    if (state->how == Cut::none || request.find(state->word) == std::string::npos) {
        return Cut::none;
    }
    if (++state->seen != state->number) {
        return Cut::none;
    }
    state->has_cut = true;
    return state->how;
}

void PostgresProxy::cut(Cut how, std::size_t number, const std::string& word)
{
    auto state = state_.lock();
    state->how = how;
    state->number = number;
    state->word = word;
    state->seen = 0;
    state->has_cut = false;
}

void PostgresProxy::refuse(bool refuse)
{
    state_.lock()->refuse = refuse;
}

void PostgresProxy::behave()
{
    auto state = state_.lock();
    state->how = Cut::none;
    state->refuse = false;
}

void PostgresProxy::drop_connections()
{
    auto state = state_.lock();
    for (const int socket : state->sockets) {
        static_cast<void>(::shutdown(socket, SHUT_RDWR));
    }
}

std::size_t PostgresProxy::seen()
{
    return state_.lock()->seen;
}

bool PostgresProxy::has_cut()
{
    return state_.lock()->has_cut;
}

} // namespace qm::test
