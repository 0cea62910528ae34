#include "smtp/client.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/c_ptr.h"
#include "base/text.h"
#include "smtp/dialogue.h"
#include "smtp/outcome.h"
#include "smtp/wire.h"

namespace qm::smtp {
namespace {

using Handle = CPtr<CURL, curl_easy_cleanup>;
using RecipientList = CPtr<curl_slist, curl_slist_free_all>;
using SteadyTime = std::chrono::steady_clock::time_point;

/// libcurl's words for a connection that was closed where a reply was due.
constexpr std::string_view kCurlGotNothing = "response reading failed";

/// libcurl's own set-up, once a process.
bool curl_is_ready()
{
    static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    return ready;
}

/// The name for EHLO: this machine's, when it is one that can be said in SMTP.
std::string own_name()
{
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0 || !is_host(name.data()) ||
        std::strchr(name.data(), ':') != nullptr || std::strchr(name.data(), '_') != nullptr) {
        return "localhost";
    }
    return name.data();
}

std::string url_of(const Server& server)
{
    const bool bare_ipv6 = server.host.find(':') != std::string::npos && server.host.front() != '[';
    const std::string host = bare_ipv6 ? "[" + server.host + "]" : server.host;
    return "smtp://" + host + ":" + std::to_string(server.port) + "/" + own_name();
}

} // namespace

/// One reused easy handle and the conversation that it leads.
class Client::Session {
  public:
    explicit Session(Server server);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    Delivery send(std::string_view sender, std::string_view recipient, std::string_view bytes);

  private:
    struct Attempt {
        CURLcode result = CURLE_OK;
        bool reused = false; ///< on a connection that was there before
    };

    void prepare();
    void set_tls();
    Attempt attempt(const std::string& sender, const std::string& recipient, bool fresh, SteadyTime deadline);
    bool is_stale(const Attempt& attempt) const;
    Delivery judge(CURLcode result) const;
    void stop_listening() const;
    bool wants_more(std::string_view line);

    // libcurl's callbacks. No exception may enter its frames.
    static std::size_t on_read(char* buffer, std::size_t size, std::size_t count, void* self) noexcept;
    static std::size_t on_reply(char* line, std::size_t size, std::size_t count, void* self) noexcept;
    static int on_debug(CURL* handle, curl_infotype type, char* data, std::size_t size, void* self) noexcept;
    static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept;
    static int on_close(void* self, curl_socket_t socket) noexcept;

    template <typename T>
    void set(CURLoption option, T value)
    {
        if (curl_easy_setopt(handle_.get(), option, value) != CURLE_OK) {
            usable_ = false;
        }
    }

    Server server_;
    std::string url_;
    std::array<char, CURL_ERROR_SIZE> error_{};
    std::vector<curl_socket_t> sockets_; ///< open ones; usually one
    Dialogue dialogue_;
    std::string_view bytes_; ///< of the message on its way
    std::size_t taken_ = 0;  ///< bytes of it that libcurl took
    bool needs_utf8_ = false;
    bool no_utf8_ = false; ///< broken off because the server takes no such addresses
    bool usable_ = true;
    Handle handle_; ///< last: its end talks to the members above
};

Client::Session::Session(Server server) : server_(std::move(server)), url_(url_of(server_))
{
    if (curl_is_ready()) {
        handle_.reset(curl_easy_init());
    }
    usable_ = handle_ != nullptr && is_host(server_.host);
    sockets_.reserve(16);
    if (usable_) {
        prepare();
    }
}

Client::Session::~Session()
{
    stop_listening();
}

/// libcurl says QUIT and then waits for the answer, with a time limit of its own of two minutes. We have
/// nothing to learn from that answer: without a reading side it is over at once.
void Client::Session::stop_listening() const
{
    for (const auto socket : sockets_) {
        static_cast<void>(::shutdown(socket, SHUT_RD));
    }
}

void Client::Session::prepare()
{
    set(CURLOPT_URL, url_.c_str());
    set(CURLOPT_PROTOCOLS_STR, "smtp");
    set(CURLOPT_PROXY, ""); // whatever the environment says
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_ERRORBUFFER, error_.data());
    set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(server_.connect_timeout.count()));
    set(CURLOPT_SERVER_RESPONSE_TIMEOUT, std::max(1L, static_cast<long>(server_.total_timeout.count())));
    set(CURLOPT_READFUNCTION, &Session::on_read);
    set(CURLOPT_READDATA, static_cast<void*>(this));
    set(CURLOPT_HEADERFUNCTION, &Session::on_reply);
    set(CURLOPT_HEADERDATA, static_cast<void*>(this));
    // The commands that go out are only shown to the debug function.
    set(CURLOPT_VERBOSE, 1L);
    set(CURLOPT_DEBUGFUNCTION, &Session::on_debug);
    set(CURLOPT_DEBUGDATA, static_cast<void*>(this));
    set(CURLOPT_OPENSOCKETFUNCTION, &Session::on_open);
    set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
    set(CURLOPT_CLOSESOCKETFUNCTION, &Session::on_close);
    set(CURLOPT_CLOSESOCKETDATA, static_cast<void*>(this));
    set_tls();
    if (!server_.user.empty()) {
        set(CURLOPT_USERNAME, server_.user.c_str());
        set(CURLOPT_PASSWORD, server_.password.c_str());
    }
}

void Client::Session::set_tls()
{
    switch (server_.tls) {
    case Tls::none:
        set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_NONE));
        return;
    case Tls::starttls:
        set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_TRY));
        set(CURLOPT_SSL_VERIFYPEER, 0L);
        set(CURLOPT_SSL_VERIFYHOST, 0L);
        return;
    case Tls::require:
        set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
        set(CURLOPT_SSL_VERIFYPEER, 1L);
        set(CURLOPT_SSL_VERIFYHOST, 2L);
        if (!server_.ca_file.empty()) {
            set(CURLOPT_CAINFO, server_.ca_file.c_str());
        }
        return;
    }
}

Delivery Client::Session::send(std::string_view sender, std::string_view recipient, std::string_view bytes)
{
    if (!usable_) {
        return {DeliveryOutcome::deferred, "libcurl cannot talk to " + text::printable(url_, 300)};
    }
    if ((!sender.empty() && !fits_command(sender)) || !fits_command(recipient)) {
        const auto& wrong = fits_command(recipient) ? sender : recipient;
        return {DeliveryOutcome::refused, "not an address for SMTP: " + text::printable(wrong, 300)};
    }
    if (hides_an_end(bytes)) {
        return {DeliveryOutcome::refused,
                "not sent: a dot between bare line ends in the message would end it "
                "early at some mail servers"};
    }
    const std::string from(sender);
    const std::string to(recipient);
    needs_utf8_ = !text::is_ascii(from) || !text::is_ascii(to);
    bytes_ = bytes;
    const auto deadline = std::chrono::steady_clock::now() + server_.total_timeout;
    // What an earlier connection offered is not asked again, so such an address gets one of its own.
    auto last = attempt(from, to, needs_utf8_, deadline);
    if (is_stale(last)) {
        last = attempt(from, to, true, deadline);
    }
    auto delivery = judge(last.result);
    bytes_ = {};
    return delivery;
}

Client::Session::Attempt Client::Session::attempt(const std::string& sender, const std::string& recipient,
                                                  bool fresh, SteadyTime deadline)
{
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const RecipientList recipients(curl_slist_append(nullptr, recipient.c_str()));
    if (recipients == nullptr) {
        return {CURLE_OUT_OF_MEMORY, false};
    }
    dialogue_.begin();
    taken_ = 0;
    no_utf8_ = false;
    error_.fill('\0');
    set(CURLOPT_MAIL_FROM, sender.c_str());
    set(CURLOPT_MAIL_RCPT, recipients.get());
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(bytes_.size()));
    set(CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
    set(CURLOPT_TIMEOUT_MS, std::max(1L, static_cast<long>(left.count())));
    if (!usable_) { // an option that did not take may be the address
        return {CURLE_OUT_OF_MEMORY, false};
    }
    Attempt attempt;
    attempt.result = curl_easy_perform(handle_.get());
    set(CURLOPT_MAIL_RCPT, static_cast<curl_slist*>(nullptr));
    long connections = 0;
    attempt.reused =
        curl_easy_getinfo(handle_.get(), CURLINFO_NUM_CONNECTS, &connections) == CURLE_OK && connections == 0;
    return attempt;
}

/// The server had closed the old connection: then nothing of this message was taken, and a new connection is
/// worth a try.
bool Client::Session::is_stale(const Attempt& attempt) const
{
    return attempt.result != CURLE_OK && attempt.result != CURLE_OPERATION_TIMEDOUT && attempt.reused &&
           dialogue_.step() != Step::message && (dialogue_.code() == 0 || dialogue_.code() == 421);
}

Delivery Client::Session::judge(CURLcode result) const
{
    if (no_utf8_) {
        return {DeliveryOutcome::refused,
                "the mail server does not take addresses outside ASCII (it does not offer SMTPUTF8)"};
    }
    End end;
    if (result != CURLE_OK) {
        end.trouble = error_.front() != '\0' ? error_.data() : curl_easy_strerror(result);
        if (end.trouble.starts_with(kCurlGotNothing)) {
            end.trouble = "the connection broke"; // the number behind it is of another call
        }
    }
    end.all_sent = taken_ == bytes_.size();
    end.no_tls = result == CURLE_USE_SSL_FAILED;
    return outcome_of(dialogue_, end);
}

std::size_t Client::Session::on_read(char* buffer, std::size_t size, std::size_t count, void* self) noexcept
{
    auto& session = *static_cast<Session*>(self);
    const auto length = std::min(size * count, session.bytes_.size() - session.taken_);
    std::memcpy(buffer, session.bytes_.data() + session.taken_, length);
    session.taken_ += length;
    return length;
}

/// False when the conversation has to be broken off: the address needs SMTPUTF8, and the EHLO whose reply is
/// complete now is the last one before MAIL.
bool Client::Session::wants_more(std::string_view line)
{
    if (!dialogue_.heard(line) || dialogue_.step() != Step::hello || dialogue_.code() >= 400) {
        return true;
    }
    const bool tls_follows = server_.tls != Tls::none && dialogue_.may_start_tls();
    no_utf8_ = needs_utf8_ && !tls_follows && !dialogue_.offers_utf8();
    return !no_utf8_;
}

std::size_t Client::Session::on_reply(char* line, std::size_t size, std::size_t count, void* self) noexcept
{
    try {
        const std::string_view text(line, size * count);
        return static_cast<Session*>(self)->wants_more(text) ? text.size() : 0;
    } catch (const std::exception&) {
        return 0;
    }
}

int Client::Session::on_debug(CURL* /*handle*/, curl_infotype type, char* data, std::size_t size,
                              void* self) noexcept
{
    if (type != CURLINFO_HEADER_OUT) {
        return 0;
    }
    auto& session = *static_cast<Session*>(self);
    try {
        session.dialogue_.sent(std::string_view(data, size));
    } catch (const std::exception&) {
        return 0; // libcurl does not look at it
    }
    if (session.dialogue_.over()) {
        session.stop_listening();
    }
    return 0;
}

/// As libcurl does it, and not inherited by the programs that this process starts.
curl_socket_t Client::Session::on_open(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) noexcept
{
    auto& session = *static_cast<Session*>(self);
    const int opened = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (opened < 0) {
        return CURL_SOCKET_BAD;
    }
    try {
        session.sockets_.push_back(opened);
    } catch (const std::exception&) {
        ::close(opened);
        return CURL_SOCKET_BAD;
    }
    return opened;
}

int Client::Session::on_close(void* self, curl_socket_t socket) noexcept
{
    std::erase(static_cast<Session*>(self)->sockets_, socket);
    return ::close(socket);
}

Client::Client(Server server) : session_(std::make_unique<Session>(std::move(server))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Delivery Client::send(std::string_view sender, std::string_view recipient, std::string_view bytes)
{
    return session_->send(sender, recipient, bytes);
}

} // namespace qm::smtp
