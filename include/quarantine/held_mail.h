// What the desk, the command line and the web page talk about: a message that is held.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quarantine/mail.h"

namespace qm {

/// A point in time, UTC, microseconds.
using Time = std::chrono::sys_time<std::chrono::microseconds>;

/// Our own name of a held message: a ULID (48 bits of milliseconds since 1970, 80 random bits) as 26
/// characters of Crockford's base 32 in lower case. Sorts by time; never made of anything from the mail, so
/// it is safe in a file name, a URL and a log line.
class HeldId {
  public:
    static constexpr std::size_t kLength = 26;

    HeldId() = default;
    /// An id of `now` with 80 bits of `entropy` (10 bytes).
    HeldId(Time now, std::string_view entropy);

    /// Reads what str() wrote. Empty id when `text` is anything else: wrong length, capitals, ../, wildcards.
    static HeldId parse(std::string_view text);

    bool empty() const { return text_.empty(); }
    const std::string& str() const { return text_; }
    /// The moment in the id, milliseconds.
    Time time() const;

    auto operator<=>(const HeldId&) const = default;

  private:
    std::string text_;
};

/// What became of one recipient of a held message.
enum class RecipientState : std::uint8_t {
    held,      ///< taken out of the envelope; only we have the message for them
    copied,    ///< the quarantine only observes: they got the mail, we keep a copy
    mta_hold,  ///< the mail waits in the mail server's own hold queue
    releasing, ///< a release is under way
    released,  ///< the mail server took it, see HeldRecipient::reply
    failed,    ///< the last release did not succeed, see HeldRecipient::reply
    deleted,   ///< deleted by somebody, or the store has lost the message
};
std::string_view to_string(RecipientState state);
/// Every state, in the order above.
std::span<const RecipientState> recipient_states();
/// True while a recipient in this state could still get the message, and may be told of it.
constexpr bool is_waiting(RecipientState state)
{
    return state != RecipientState::released && state != RecipientState::deleted;
}

/// One recipient of a held message.
struct HeldRecipient {
    std::string address; ///< without brackets, spelling as received
    RecipientState state = RecipientState::held;
    std::string reply = {}; ///< last answer of the mail server at a release; one line, printable
    Time changed{};         ///< since when it is in this state
    /// With `failed`: the connection broke behind the final dot, or we died; the mail may have been taken.
    bool outcome_unknown = false;
};

/// The groups of the header that matched: name ("" for an unnamed group) and text ("" if it took no part).
/// The position is the number of the group minus one.
using MatchGroups = std::vector<std::pair<std::string, std::string>>;

/// A message that one quarantine holds. Text fields that come out of the mail hold any bytes: whoever shows
/// them escapes them.
struct HeldMail {
    HeldId id;
    std::string quarantine;
    Time received{};
    Envelope envelope; ///< recipients: all of the mail's while it comes in, none later; see `recipients`
    std::vector<HeldRecipient> recipients;
    std::string subject;     ///< decoded, valid UTF-8
    std::string header_from; ///< decoded, valid UTF-8
    std::string header_date; ///< as in the mail
    std::string why;         ///< the header line that matched, decoded, at most 1000 bytes
    MatchGroups groups;
    std::uint64_t size = 0; ///< bytes of header block, empty line and body
    std::string digest;     ///< content digest, 64 hexadecimal digits
    std::string action;     ///< ACCEPT, DISCARD, REJECT, HOLD
    std::string notes;      ///< what was cut before it reached us, in words; usually empty
    bool stored = false;    ///< false: the quarantine keeps no message (NONE)
    bool gone = false;      ///< it was stored; its bytes were deleted since
};

/// Which held messages; what is empty does not choose.
struct HeldFilter {
    std::string quarantine; ///< its exact name
    /// The envelope sender: an address, `@domain` (that domain alone), or `<>` for the null sender; any case.
    std::string sender;
    std::string recipient; ///< an address or `@domain`; any case
    /// A message with a recipient in this state; with `recipient`, one and the same recipient is both.
    std::optional<RecipientState> state;
    /// A message with a recipient who could still get it, and whose last notice was refused or expired; with
    /// `recipient` or `state`, one and the same recipient is all of that.
    bool unsent = false;
    std::optional<Time> since; ///< received at this moment or later
    std::optional<Time> until; ///< received before this moment
    HeldId before;             ///< only ids below this one: the next page
    std::size_t limit = 50;    ///< 1 to 1000
};

/// What became of one notice.
struct NoticeRecord {
    std::int64_t number = 0;
    std::string recipient; ///< about whom
    std::string send_to;   ///< who gets it: the recipient, or an address of `also_notify`
    std::string state;     ///< due, sent, refused, expired
    std::int64_t attempts = 0;
    Time created{};
    Time next_attempt{}; ///< while it is due
    std::string message_id;
    std::string reply; ///< last words of the mail server
};

} // namespace qm
