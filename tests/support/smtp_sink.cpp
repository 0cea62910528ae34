#include "support/smtp_sink.h"

#include <algorithm>
#include <array>
#include <functional>
#include <stdexcept>

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

namespace qm::test {
namespace {

using Fault = SmtpScript::Fault;

/// False when `stop` is raised first.
bool readable(int socket, int stop)
{
    std::array<pollfd, 2> waiting{{{socket, POLLIN, 0}, {stop, POLLIN, 0}}};
    while (poll(waiting.data(), waiting.size(), -1) < 0) {
    }
    return waiting[1].revents == 0;
}

bool eventually(std::chrono::milliseconds limit, const std::function<bool()>& holds)
{
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        poll(nullptr, 0, 2);
    }
    return true;
}

std::string base64_decode(std::string_view text)
{
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string result;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        const auto digit = kDigits.find(c);
        if (digit == std::string_view::npos) {
            break;
        }
        bits = (bits << 6U) | static_cast<std::uint32_t>(digit);
        count += 6;
        if (count >= 8) {
            count -= 8;
            result.push_back(static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xffU));
        }
    }
    return result;
}

} // namespace

/// One connection: reads lines, answers by script.
class SinkConversation {
  public:
    SinkConversation(SmtpSink& sink, int socket, int number)
        : sink_(sink), socket_(socket), number_(number), authorised_(script().user.empty())
    {
    }

    void run()
    {
        if (script().fault == Fault::silent_at_greeting) {
            wait_for_end();
            return;
        }
        say(script().greeting);
        std::string line;
        while (!over_ && read_line(line)) {
            sink_.state_.lock()->commands.push_back(line);
            answer(line);
        }
    }

  private:
    SmtpScript script() { return sink_.state_.lock()->script; }

    void say(const std::string& reply)
    {
        if (write_all(socket_, reply + "\r\n") != 0) {
            over_ = true;
        }
    }

    bool fill()
    {
        std::array<char, 65536> buffer{};
        if (!readable(socket_, sink_.stop_.get())) {
            return false;
        }
        const auto count = ::read(socket_, buffer.data(), buffer.size());
        if (count <= 0) {
            return false;
        }
        input_.append(buffer.data(), static_cast<std::size_t>(count));
        return true;
    }

    void wait_for_end()
    {
        while (fill()) {
        }
    }

    bool read_line(std::string& line)
    {
        auto end = input_.find("\r\n");
        while (end == std::string::npos) {
            if (!fill()) {
                return false;
            }
            end = input_.find("\r\n");
        }
        line = input_.substr(0, end);
        input_.erase(0, end + 2);
        return true;
    }

    void answer(const std::string& line)
    {
        const auto current = script();
        const auto is = [&](std::string_view verb) { return text::starts_with_ignoring_case(line, verb); };
        if (current.fault == Fault::say_421_when_idle && taken_ > 0) {
            say("421 4.4.2 timeout, closing");
            over_ = true;
        } else if (is("EHLO")) {
            hello(current);
        } else if (is("AUTH")) {
            login(current, line);
        } else if (is("MAIL FROM:")) {
            mail(current, line);
        } else if (is("RCPT TO:")) {
            message_.recipients.push_back(between_brackets(line));
            say(current.rcpt);
        } else if (is("DATA")) {
            say(current.data);
            if (current.data.starts_with("354")) {
                take_message(current);
            }
        } else if (is("QUIT")) {
            quit(current);
        } else {
            say(is("HELO") || is("RSET") ? "250 Ok" : "500 5.5.1 What?");
        }
    }

    void hello(const SmtpScript& current)
    {
        auto keywords = current.keywords;
        if (!current.user.empty()) {
            keywords.emplace_back("AUTH PLAIN LOGIN");
        }
        std::string reply = "250" + std::string(keywords.empty() ? " " : "-") + current.hello;
        for (std::size_t i = 0; i < keywords.size(); ++i) {
            reply += "\r\n250" + std::string(i + 1 == keywords.size() ? " " : "-") + keywords[i];
        }
        say(reply);
    }

    void login(const SmtpScript& current, const std::string& line)
    {
        std::string given;
        std::string more;
        if (text::starts_with_ignoring_case(line, "AUTH PLAIN")) {
            if (line.size() <= 11) {
                say("334 ");
                read_line(more);
            }
            given = base64_decode(line.size() > 11 ? line.substr(11) : more);
        } else {
            say("334 VXNlcm5hbWU6");
            read_line(more);
            given = '\0' + base64_decode(more) + '\0';
            say("334 UGFzc3dvcmQ6");
            read_line(more);
            given += base64_decode(more);
        }
        authorised_ = given == '\0' + current.user + '\0' + current.password;
        say(authorised_ ? "235 2.7.0 Ok" : "535 5.7.8 Authentication credentials invalid");
    }

    void mail(const SmtpScript& current, const std::string& line)
    {
        if (current.fault == Fault::close_at_mail) {
            over_ = true;
            return;
        }
        message_ = {};
        message_.connection = number_;
        message_.sender = between_brackets(line);
        const auto end = line.rfind('>');
        message_.parameters = end == std::string::npos ? "" : line.substr(end + 1);
        say(authorised_ ? current.mail : "530 5.7.0 Authentication required");
    }

    void quit(const SmtpScript& current)
    {
        if (current.fault == Fault::silent_at_quit) {
            wait_for_end();
        } else {
            say("221 2.0.0 Bye");
        }
        over_ = true;
    }

    static std::string between_brackets(const std::string& line)
    {
        const auto begin = line.find('<');
        const auto end = line.rfind('>');
        return begin == std::string::npos || end < begin ? "?" : line.substr(begin + 1, end - begin - 1);
    }

    void take_message(const SmtpScript& current)
    {
        // A CRLF in front, so that an empty message looks like any other.
        std::string raw = "\r\n";
        auto end = std::string::npos;
        while (end == std::string::npos) {
            raw += input_;
            input_.clear();
            if (current.fault == Fault::close_in_message && raw.size() > 2) {
                over_ = true;
                return;
            }
            end = raw.find("\r\n.\r\n");
            if (end == std::string::npos && !fill()) {
                over_ = true;
                return;
            }
        }
        input_ = raw.substr(end + 5);
        raw.resize(end + 2);
        finish_message(current, raw);
    }

    void finish_message(const SmtpScript& current, const std::string& raw)
    {
        for (std::size_t i = 2; i < raw.size(); ++i) {
            if (raw[i] == '.' && raw[i - 1] == '\n' && raw[i - 2] == '\r') {
                continue;
            }
            message_.bytes.push_back(raw[i]);
        }
        ++taken_;
        if (current.end.starts_with("2")) {
            sink_.state_.lock()->messages.push_back(message_);
        }
        if (current.fault == Fault::close_after_message) {
            over_ = true;
        } else if (current.fault == Fault::silent_after_message) {
            wait_for_end();
        } else {
            say(current.end);
        }
    }

    SmtpSink& sink_;
    int socket_;
    int number_;
    bool authorised_;
    bool over_ = false;
    int taken_ = 0;
    std::string input_;
    SinkMessage message_;
};

SmtpSink::SmtpSink(SmtpScript script)
    : stop_(eventfd(0, EFD_CLOEXEC)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
{
    state_.lock()->script = std::move(script);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_.get(), generic, length) != 0 || listen(listener_.get(), 64) != 0 ||
        getsockname(listener_.get(), generic, &length) != 0) {
        throw std::runtime_error("the SMTP sink finds no port");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this] { accept_all(); });
}

SmtpSink::~SmtpSink()
{
    const std::uint64_t one = 1;
    static_cast<void>(::write(stop_.get(), &one, sizeof one));
    acceptor_.join();
    std::list<std::jthread> threads;
    threads.swap(state_.lock()->threads);
}

void SmtpSink::accept_all()
{
    while (readable(listener_.get(), stop_.get())) {
        FileDescriptor socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!socket) {
            continue;
        }
        auto state = state_.lock();
        state->open.push_back(socket.get());
        const int number = ++state->connections;
        state->threads.emplace_back(
            [this, number, taken = std::move(socket)]() mutable { serve(std::move(taken), number); });
    }
}

void SmtpSink::serve(FileDescriptor socket, int number)
{
    SinkConversation(*this, socket.get(), number).run();
    auto state = state_.lock();
    std::erase(state->open, socket.get());
    socket.close();
}

void SmtpSink::set(SmtpScript script)
{
    state_.lock()->script = std::move(script);
}

std::vector<SinkMessage> SmtpSink::messages()
{
    return state_.lock()->messages;
}

std::vector<std::string> SmtpSink::commands()
{
    return state_.lock()->commands;
}

int SmtpSink::connections()
{
    return state_.lock()->connections;
}

int SmtpSink::open_connections()
{
    return static_cast<int>(state_.lock()->open.size());
}

bool SmtpSink::wait_for_messages(std::size_t count, std::chrono::milliseconds limit)
{
    return eventually(limit, [&] { return messages().size() >= count; });
}

bool SmtpSink::wait_for_open(int at_most, std::chrono::milliseconds limit)
{
    return eventually(limit, [&] { return open_connections() <= at_most; });
}

void SmtpSink::drop_connections()
{
    auto state = state_.lock(); // a temporary would be gone before the loop begins
    for (const int socket : state->open) {
        static_cast<void>(::shutdown(socket, SHUT_RDWR));
    }
}

} // namespace qm::test
