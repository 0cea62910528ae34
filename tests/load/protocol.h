// The mail server's side of the milter protocol, as Postfix 3.7 speaks it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qm::load {

/// The parts of the conversation, in their order.
enum class Stage : std::uint8_t {
    negotiation,
    connect,
    helo,
    mail,
    recipient,
    data,
    header,
    end_of_headers,
    body,
    end_of_message,
};
constexpr std::size_t kStages = 10;

const char* name_of(Stage stage);

constexpr std::size_t kLongestChunk = 65'535;

/// What the milter wants, from its answer to the negotiation.
struct Negotiated {
    std::uint32_t version = 0, actions = 0, steps = 0;
    std::array<std::vector<std::string>, kStages> macros; ///< names it asked for; none: Postfix's own choice

    /// Errors: std::runtime_error.
    static Negotiated read(std::string_view data);

    bool leaves_out(Stage stage) const;
    bool answers(Stage stage) const;
    bool keeps_leading_space() const;
};

/// What macros are about.
struct MacroFacts {
    std::string_view queue_id; ///< "" as long as there is none
    std::string_view sender;   ///< without brackets
    std::string_view recipient;
};

/// The macros of each part, with everything put together that does not change from mail to mail.
class Macros {
  public:
    explicit Macros(const Negotiated& negotiated);

    /// Appends the packet that Postfix sends in front of the command, also where the command is left out.
    void append(std::string& out, Stage stage, const MacroFacts& facts) const;

  private:
    enum class Source : std::uint8_t { fixed, queue_id, sender, recipient };
    struct Piece {
        Source source;
        std::string text; ///< fixed: names and values; else the name
    };
    std::array<std::vector<Piece>, kStages> pieces_;
};

/// Appends one packet to a string: the length is put in when it is complete.
class Packet {
  public:
    Packet(std::string& out, char command);
    explicit Packet(std::string& out, Stage stage);
    Packet(const Packet&) = delete;
    Packet& operator=(const Packet&) = delete;
    ~Packet();

    Packet& text(std::string_view text); ///< with a NUL behind it
    Packet& bytes(std::string_view bytes);
    Packet& number32(std::uint32_t number);
    Packet& number16(std::uint16_t number);

  private:
    std::string& out_;
    std::size_t begin_;
};

void append_negotiation(std::string& out);
constexpr char kAbort = 'A', kQuit = 'Q';

/// A packet of the milter.
struct Answer {
    char letter;
    std::string_view data;
};

/// Takes the next whole packet from `bytes`, beginning at `at`, which is moved on; nothing when it is not
/// complete yet. Errors: std::runtime_error when it cannot be one.
std::optional<Answer> next_answer(std::string_view bytes, std::size_t& at);

} // namespace qm::load
