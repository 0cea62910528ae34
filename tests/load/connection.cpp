#include "load/connection.h"

#include <array>
#include <cerrno>
#include <stdexcept>

#include <fmt/format.h>
#include <sys/socket.h>

namespace qm::load {
namespace {

constexpr std::size_t kReadAtOnce = 16'384;
constexpr char kProgress = 'p', kContinue = 'c', kSkip = 's', kRemoveRecipient = '-';
constexpr std::string_view kFinal = "adrty";
constexpr std::string_view kChanges = "+2mhieqb";
constexpr const char* kClient = "client.load.example";
constexpr const char* kClientAddress = "192.0.2.25";
constexpr std::uint16_t kClientPort = 1025;

std::string_view without_brackets(std::string_view address)
{
    return address.substr(1, address.size() - 2);
}

struct Header {
    const char* name;
    std::string value;
};

Header header_of(const Mix& mix, const Mail& mail, std::size_t number)
{
    switch (number) {
    case 0:
        return {"Received", fmt::format("from client.load.example (client.load.example [192.0.2.25])\n\tby "
                                        "relay.load.example (Postfix) with ESMTPS id {:X}\n\tfor {}; Sat, 21 "
                                        "Nov 2026 10:00:00 +0000 (UTC)",
                                        mail.number, mail.recipients.front())};
    case 1:
        return {"From", fmt::format("\"Anna Example\" {}", mail.sender)};
    case 2:
        return {"To", mail.recipients.front()};
    case 3:
        return {"Subject", fmt::format("Offer {} of {}", mail.number, mix.run)};
    case 4:
        return {"Date", "Sat, 21 Nov 2026 10:00:00 +0000"};
    case 5:
        return {"Message-ID", mail.message_id(mix)};
    case 6:
        return {"MIME-Version", "1.0"};
    case 7:
        return {"Content-Type",
                mix.content.empty() ? "text/plain; charset=utf-8" : "text/html; charset=utf-8"};
    case 8:
        if (mail.kind == Kind::clean) {
            return {"X-Spam-Status", "No, score=-1.9"};
        }
        return {mix.flag.c_str(), mix.flag.substr(mix.flag.find(": ") + 2)};
    default:
        return {"X-Header", fmt::format("number {} of the headers that nobody looks at twice, id {:016x}",
                                        number, mail.number * 31 + number)};
    }
}

} // namespace

bool Connection::open(const Address& address)
{
    socket_ = address.connect();
    if (!socket_) {
        return false;
    }
    out_.clear();
    in_.clear();
    sent_ = 0;
    carried_ = 0;
    waits_ = false;
    greeted_ = false;
    wants_room_ = true; // that is how it shows that the connection stands
    macros_.reset();
    stage_ = Stage::negotiation;
    sent_at_ = Clock::now();
    return true;
}

void Connection::on_event(bool readable)
{
    if (stage_ == Stage::negotiation && !waits_) {
        int error = 0;
        socklen_t length = sizeof error;
        getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
        if (error != 0) {
            drop();
            owner_.lost(*this, "connect: " + error_text(error));
            return;
        }
        append_negotiation(out_);
        waits_ = true;
        flush();
        return;
    }
    if (sent_ < out_.size() && !flush()) {
        return;
    }
    if (readable) {
        read();
    }
}

void Connection::offer(std::unique_ptr<Mail> mail, std::string queue_id)
{
    mail_ = std::move(mail);
    queue_id_ = std::move(queue_id);
    verdict_ = {};
    skips_body_ = false;
    parts_written_ = 0;
    part_ = 0;
    ++carried_;
    stage_ = Stage::mail;
    go_on();
}

/// Writes the parts of the conversation up to the next one that the milter answers, and sends them together,
/// as Postfix's buffered stream does.
void Connection::go_on()
{
    while (!waits_) {
        if (mail_ != nullptr && breaks_off()) {
            return;
        }
        waits_ = write_part();
        if (!waits_) {
            next_part();
            if (stage_ == Stage::mail && !greeted_) {
                greeted_ = true; // of the macros of the greeting no answer comes
                owner_.ready(*this);
                return;
            }
        }
    }
    sent_at_ = Clock::now();
    flush();
}

/// True when the milter answers it.
bool Connection::write_part()
{
    std::string_view recipient;
    if (stage_ == Stage::recipient) {
        recipient = without_brackets(mail_->recipients.at(part_));
    }
    macros_->append(out_, stage_, facts(recipient));
    ++parts_written_;
    if (negotiated_.leaves_out(stage_)) {
        return false;
    }
    Packet packet(out_, stage_);
    switch (stage_) {
    case Stage::connect:
        packet.text(kClient).bytes("4").number16(kClientPort).text(kClientAddress);
        break;
    case Stage::helo:
        packet.text(kClient);
        break;
    case Stage::mail:
        packet.text(mail_->sender);
        break;
    case Stage::recipient:
        packet.text(mail_->recipients.at(part_));
        break;
    case Stage::header: {
        const Header header = header_of(mix_, *mail_, part_);
        const std::string_view name = header.name;
        packet.text(name.substr(0, name.find(':')));
        if (negotiated_.keeps_leading_space()) {
            packet.bytes(" ");
        }
        packet.text(header.value);
        break;
    }
    case Stage::body:
        packet.bytes(std::string_view(bodies_).substr(part_, std::min(kLongestChunk, mail_->body - part_)));
        break;
    case Stage::negotiation:
    case Stage::data:
    case Stage::end_of_headers:
    case Stage::end_of_message:
        break;
    }
    return negotiated_.answers(stage_);
}

void Connection::next_part()
{
    switch (stage_) {
    case Stage::negotiation:
        stage_ = Stage::connect;
        return;
    case Stage::connect:
        stage_ = Stage::helo;
        return;
    case Stage::helo:
        stage_ = Stage::mail;
        return;
    case Stage::mail:
        stage_ = Stage::recipient;
        break;
    case Stage::recipient:
        if (++part_ < mail_->recipients.size()) {
            return;
        }
        stage_ = Stage::data;
        break;
    case Stage::data:
        stage_ = Stage::header;
        break;
    case Stage::header:
        if (++part_ < kUsualHeaders + mix_.more_headers) {
            return;
        }
        stage_ = Stage::end_of_headers;
        break;
    case Stage::end_of_headers:
        stage_ = Stage::body;
        break;
    case Stage::body:
        part_ += kLongestChunk;
        if (part_ < mail_->body && !skips_body_) {
            return;
        }
        stage_ = Stage::end_of_message;
        break;
    case Stage::end_of_message:
        break;
    }
    part_ = 0;
}

/// True when the client of this mail goes away before the part that would come next; not any more when all of
/// it is with the milter.
bool Connection::breaks_off()
{
    if (mail_->break_at == 0 || parts_written_ < mail_->break_at) {
        return false;
    }
    if (mail_->break_hard) { // the mail server itself is gone
        if (!flush()) {
            return true;
        }
        drop();
    } else {
        Packet(out_, kAbort);
    }
    owner_.judged(*this, nullptr);
    return true;
}

MacroFacts Connection::facts(std::string_view recipient) const
{
    if (mail_ == nullptr) {
        return {};
    }
    // Postfix has no queue id before it has taken the first recipient.
    const bool has_id = stage_ > Stage::recipient || (stage_ == Stage::recipient && part_ > 0);
    return {.queue_id = has_id ? std::string_view(queue_id_) : std::string_view(),
            .sender = without_brackets(mail_->sender),
            .recipient = recipient};
}

/// False when the connection was lost.
bool Connection::flush()
{
    while (sent_ < out_.size()) {
        const ssize_t count = send(socket_.get(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
        if (count > 0) {
            sent_ += static_cast<std::size_t>(count);
        } else if (errno == EAGAIN) {
            if (!std::exchange(wants_room_, true)) {
                owner_.wants_room(*this, true);
            }
            return true;
        } else if (errno != EINTR) {
            const std::string reason = "write: " + error_text(errno);
            drop();
            owner_.lost(*this, reason);
            return false;
        }
    }
    out_.clear();
    sent_ = 0;
    if (std::exchange(wants_room_, false)) {
        owner_.wants_room(*this, false);
    }
    return true;
}

void Connection::read()
{
    std::array<char, kReadAtOnce> buffer;
    const ssize_t count = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (count <= 0) {
        const std::string reason = count == 0 ? "closed by the milter" : "read: " + error_text(errno);
        drop();
        owner_.lost(*this, reason);
        return;
    }
    in_.append(buffer.data(), static_cast<std::size_t>(count));
    try {
        std::size_t at = 0;
        const std::string packets = std::exchange(in_, {});
        while (is_open()) {
            const auto answer = next_answer(packets, at);
            if (!answer) {
                break;
            }
            take(*answer);
        }
        if (is_open()) {
            in_ = packets.substr(at);
        }
    } catch (const std::runtime_error& error) {
        drop();
        owner_.lost(*this, error.what());
    }
}

void Connection::take(const Answer& answer)
{
    if (!waits_) {
        throw std::runtime_error(
            fmt::format("'{}' that nobody has asked for, after the {}", answer.letter, name_of(stage_)));
    }
    if (answer.letter == kProgress) {
        return;
    }
    if (stage_ == Stage::negotiation) {
        if (answer.letter != 'O') {
            throw std::runtime_error(fmt::format("the negotiation was answered with '{}'", answer.letter));
        }
        negotiated_ = Negotiated::read(answer.data);
        macros_.emplace(negotiated_);
    } else if (stage_ == Stage::end_of_message && answer.letter == kRemoveRecipient) {
        verdict_.removed.emplace_back(answer.data.substr(0, answer.data.find('\0')));
        return;
    } else if (stage_ == Stage::end_of_message && kChanges.find(answer.letter) != std::string_view::npos) {
        verdict_.changed.push_back(answer.letter);
        return;
    } else if (answer.letter == kSkip && stage_ == Stage::body) {
        skips_body_ = true;
    } else if (answer.letter != kContinue && kFinal.find(answer.letter) == std::string_view::npos) {
        throw std::runtime_error(fmt::format("'{}' is no answer to the {}", answer.letter, name_of(stage_)));
    }
    waits_ = false;
    if (stage_ >= Stage::mail) {
        meter_.add(mail_->kind, stage_, Clock::now() - sent_at_);
    }
    const bool is_final = kFinal.find(answer.letter) != std::string_view::npos;
    if (is_final || stage_ == Stage::end_of_message) {
        verdict_.stage = stage_;
        verdict_.letter = answer.letter;
        if (answer.letter == 'y') {
            verdict_.reply = answer.data.substr(0, answer.data.find('\0'));
        }
        if (stage_ < Stage::mail) {
            throw std::runtime_error("refused: " + verdict_.str());
        }
        // Postfix ends every mail so, whatever became of it; it goes out with what comes next.
        Packet(out_, kAbort);
        const Verdict verdict = std::move(verdict_);
        owner_.judged(*this, &verdict);
        return;
    }
    next_part();
    if (stage_ == Stage::mail && !greeted_) {
        greeted_ = true;
        owner_.ready(*this);
        return;
    }
    go_on();
}

void Connection::quit()
{
    if (is_open()) {
        Packet(out_, kAbort);
        Packet(out_, kQuit);
        // What does not fit is not worth waiting for.
        static_cast<void>(send(socket_.get(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL));
        drop();
    }
}

void Connection::drop()
{
    socket_.close();
}

} // namespace qm::load
