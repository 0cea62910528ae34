#include "load/protocol.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace qm::load {
namespace {

constexpr std::uint32_t kVersion = 6;
constexpr std::uint32_t kActions = 0x1FF;   ///< what Postfix offers to let the milter do
constexpr std::uint32_t kSteps = 0x1F'FFFF; ///< what it offers to leave out or to leave unanswered
constexpr std::uint32_t kLeadingSpace = 0x10'0000;
constexpr std::size_t kLongestAnswer = 1U << 20U;

struct Row {
    const char* name;
    char command;
    std::uint32_t left_out;   ///< SMFIP_NO...
    std::uint32_t unanswered; ///< SMFIP_NR_...
    int macro_stage;          ///< SMFIM_...; headers have the macros of their end, the body those of its end
    const char* macros;       ///< Postfix's choice
};

constexpr std::array<Row, kStages> kRows{{
    {"negotiation", 'O', 0, 0, -1, ""},
    {"connect", 'C', 0x01, 0x1000, 0, "j {daemon_name} {daemon_addr} v _"},
    {"helo", 'H', 0x02, 0x2000, 1, "{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}"},
    {"mail", 'M', 0x04, 0x4000, 2,
     "i {auth_type} {auth_authen} {auth_author} {mail_addr} {mail_host} {mail_mailer}"},
    {"recipient", 'R', 0x08, 0x8000, 3, "i {rcpt_addr} {rcpt_host} {rcpt_mailer}"},
    {"data", 'T', 0x200, 0x1'0000, 4, "i"},
    {"header", 'L', 0x20, 0x80, 6, "i"},
    {"end of headers", 'N', 0x40, 0x4'0000, 6, "i"},
    {"body", 'B', 0x10, 0x8'0000, 5, "i"},
    {"end of message", 'E', 0, 0, 5, "i"},
}};

struct Fixed {
    const char* name;
    const char* value;
};

/// Of a client without TLS and AUTH. A macro that stands nowhere here has no value and is not sent.
constexpr Fixed kFixed[]{
    {"j", "mx.load.example"},
    {"{daemon_name}", "mx.load.example"},
    {"{daemon_addr}", "127.0.0.1"},
    {"v", "Postfix 3.7.11"},
    {"_", "client.load.example [192.0.2.25]"},
    {"{client_addr}", "192.0.2.25"},
    {"{client_name}", "client.load.example"},
    {"{client_ptr}", "client.load.example"},
    {"{client_port}", "1025"},
    {"{mail_host}", "relay.load.example"},
    {"{mail_mailer}", "smtp"},
    {"{rcpt_host}", "relay.load.example"},
    {"{rcpt_mailer}", "smtp"},
};

const Row& row_of(Stage stage)
{
    return kRows.at(static_cast<std::size_t>(stage));
}

std::vector<std::string> words_of(std::string_view text)
{
    std::vector<std::string> words;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(" ,\t"), text.size());
        if (end > 0) {
            words.emplace_back(text.substr(0, end));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

std::uint32_t read32(std::string_view data, std::size_t at)
{
    if (at + 4 > data.size()) {
        throw std::runtime_error("a packet that ends in the middle of a number");
    }
    std::uint32_t number = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
        number = number << 8U | static_cast<unsigned char>(data[i]);
    }
    return number;
}

} // namespace

const char* name_of(Stage stage)
{
    return row_of(stage).name;
}

Negotiated Negotiated::read(std::string_view data)
{
    Negotiated result;
    result.version = read32(data, 0);
    result.actions = read32(data, 4);
    result.steps = read32(data, 8);
    if ((result.actions & ~kActions) != 0 || (result.steps & ~kSteps) != 0 || result.version > kVersion) {
        throw std::runtime_error(fmt::format("the milter asks for what was not offered: version {} {:x} {:x}",
                                             result.version, result.actions, result.steps));
    }
    for (std::size_t at = 12; at < data.size();) {
        const std::uint32_t stage = read32(data, at);
        const std::size_t end = data.find('\0', at + 4);
        if (end == std::string_view::npos) {
            throw std::runtime_error("a list of macros without an end");
        }
        for (std::size_t i = 0; i < kStages; ++i) {
            if (kRows.at(i).macro_stage == static_cast<int>(stage)) {
                result.macros.at(i) = words_of(data.substr(at + 4, end - at - 4));
            }
        }
        at = end + 1;
    }
    return result;
}

bool Negotiated::leaves_out(Stage stage) const
{
    return (steps & row_of(stage).left_out) != 0;
}

bool Negotiated::answers(Stage stage) const
{
    return (steps & row_of(stage).unanswered) == 0;
}

bool Negotiated::keeps_leading_space() const
{
    return (steps & kLeadingSpace) != 0;
}

Macros::Macros(const Negotiated& negotiated)
{
    for (std::size_t i = 0; i < kStages; ++i) {
        const auto& asked = negotiated.macros.at(i);
        for (const std::string& name : asked.empty() ? words_of(kRows.at(i).macros) : asked) {
            auto& pieces = pieces_.at(i);
            if (name == "i" || name == "{i}") {
                pieces.push_back({Source::queue_id, name + '\0'});
            } else if (name == "{mail_addr}") {
                pieces.push_back({Source::sender, name + '\0'});
            } else if (name == "{rcpt_addr}") {
                pieces.push_back({Source::recipient, name + '\0'});
            } else if (const auto* const fixed = std::ranges::find_if(
                           kFixed, [&](const Fixed& candidate) { return name == candidate.name; });
                       fixed != std::end(kFixed)) {
                if (pieces.empty() || pieces.back().source != Source::fixed) {
                    pieces.push_back({Source::fixed, {}});
                }
                pieces.back().text += name + '\0' + fixed->value + '\0';
            }
        }
    }
}

void Macros::append(std::string& out, Stage stage, const MacroFacts& facts) const
{
    Packet packet(out, 'D');
    packet.bytes({&row_of(stage).command, 1});
    const auto put = [&](const Piece& piece, std::string_view value) {
        if (!value.empty()) {
            packet.bytes(piece.text).text(value);
        }
    };
    for (const Piece& piece : pieces_.at(static_cast<std::size_t>(stage))) {
        switch (piece.source) {
        case Source::fixed:
            packet.bytes(piece.text);
            break;
        case Source::queue_id:
            put(piece, facts.queue_id);
            break;
        case Source::sender:
            put(piece, facts.sender);
            break;
        case Source::recipient:
            put(piece, facts.recipient);
            break;
        }
    }
}

Packet::Packet(std::string& out, char command) : out_(out), begin_(out.size())
{
    out_.append(4, '\0');
    out_.push_back(command);
}

Packet::Packet(std::string& out, Stage stage) : Packet(out, row_of(stage).command) {}

Packet::~Packet()
{
    const std::size_t length = out_.size() - begin_ - 4;
    for (unsigned i = 0; i < 4; ++i) {
        out_[begin_ + i] = static_cast<char>(length >> (24U - 8U * i) & 0xFFU);
    }
}

Packet& Packet::text(std::string_view text)
{
    out_.append(text).push_back('\0');
    return *this;
}

Packet& Packet::bytes(std::string_view bytes)
{
    out_.append(bytes);
    return *this;
}

Packet& Packet::number32(std::uint32_t number)
{
    number16(static_cast<std::uint16_t>(number >> 16U));
    return number16(static_cast<std::uint16_t>(number & 0xFFFFU));
}

Packet& Packet::number16(std::uint16_t number)
{
    out_.push_back(static_cast<char>(number >> 8U));
    out_.push_back(static_cast<char>(number & 0xFFU));
    return *this;
}

void append_negotiation(std::string& out)
{
    Packet(out, Stage::negotiation).number32(kVersion).number32(kActions).number32(kSteps);
}

std::optional<Answer> next_answer(std::string_view bytes, std::size_t& at)
{
    if (bytes.size() < at + 5) {
        return std::nullopt;
    }
    const std::size_t length = read32(bytes, at);
    if (length == 0 || length > kLongestAnswer) {
        throw std::runtime_error(fmt::format("a packet of {} bytes", length));
    }
    if (bytes.size() < at + 4 + length) {
        return std::nullopt;
    }
    const Answer answer{.letter = bytes[at + 4], .data = bytes.substr(at + 5, length - 1)};
    at += 4 + length;
    return answer;
}

} // namespace qm::load
