// The mails that are offered, each made from its number alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace qm::load {

enum class Kind : std::uint8_t { clean, held, mixed };
constexpr std::size_t kKinds = 3;

const char* name_of(Kind kind);

/// From the smallest to the largest, both included.
struct Range {
    std::uint64_t least = 0, most = 0;
};

/// What the mails of a run are like. The shares are parts of whatever they add up to.
struct Mix {
    std::string
        run; ///< a word that no other run uses: it makes every Message-ID and subject unlike all others
    unsigned clean = 80, held = 20, mixed = 0;
    unsigned broken_off = 0; ///< of a hundred mails, clients that go away or start anew in the middle
    unsigned cut =
        0; ///< of a hundred mails, connections that go away behind the last byte, before the answer
    Range recipients{1, 1};
    Range body{4096, 4096};
    std::string
        content; ///< the body of every mail, HTML with CRLF; "": lines of text, as long as `body` says
    unsigned more_headers = 6;                    ///< besides the nine that every mail has
    std::string flag = "X-Spam-Flag: YES";        ///< the header line that has a mail held
    std::string friend_of = "friend@our.example"; ///< the recipient of a mixed mail who is not held
};

struct Mail {
    std::uint64_t number = 0;
    Kind kind = Kind::clean;
    std::string sender;                  ///< "<anna@shop.example>"
    std::vector<std::string> recipients; ///< arguments of RCPT, capitals and all
    std::vector<bool> is_held;           ///< beside them
    std::size_t body = 0;                ///< bytes
    unsigned break_at = 0;   ///< the client goes away after so many parts of the conversation; 0: it stays
    bool break_hard = false; ///< the connection goes with it
    bool cut = false;        ///< when first offered, its connection goes away before the answer to its end

    /// "<run.number@load.example>"
    std::string message_id(const Mix& mix) const;
};

/// Header lines that every mail has.
constexpr std::size_t kUsualHeaders = 9;

/// Always the same mail for the same number.
Mail make_mail(const Mix& mix, std::uint64_t number);

/// Bytes that every body is the beginning of: lines of 78 bytes, their ends counted.
constexpr std::size_t kBodyLine = 78;
std::string body_text(std::size_t size);

} // namespace qm::load
