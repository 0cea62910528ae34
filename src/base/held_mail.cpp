#include "quarantine/held_mail.h"

#include <array>
#include <cassert>

namespace qm {
namespace {

// Crockford's alphabet: no i, l, o, u.
constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kTimeDigits = 10;

} // namespace

HeldId::HeldId(Time now, std::string_view entropy)
{
    assert(entropy.size() >= 10);
    const auto milliseconds = static_cast<std::uint64_t>(
        std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count());
    text_.resize(kLength);
    for (std::size_t i = 0; i < kTimeDigits; ++i) {
        text_[i] = kAlphabet[(milliseconds >> (5 * (kTimeDigits - 1 - i))) & 31U];
    }
    unsigned bits = 0;
    unsigned held = 0;
    std::size_t next = 0;
    for (std::size_t i = kTimeDigits; i < kLength; ++i) {
        if (held < 5) {
            bits = (bits << 8U) | static_cast<unsigned char>(entropy[next++]);
            held += 8;
        }
        held -= 5;
        text_[i] = kAlphabet[(bits >> held) & 31U];
    }
}

HeldId HeldId::parse(std::string_view text)
{
    HeldId id;
    // The first digit carries three bits only: 50 bits hold 48.
    if (text.size() == kLength && text.find_first_not_of(kAlphabet) == std::string_view::npos &&
        text.front() <= '7') {
        id.text_ = text;
    }
    return id;
}

Time HeldId::time() const
{
    std::uint64_t milliseconds = 0;
    for (std::size_t i = 0; i < kTimeDigits && i < text_.size(); ++i) {
        milliseconds = milliseconds << 5U | kAlphabet.find(text_[i]);
    }
    return Time(std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds)));
}

std::string_view to_string(RecipientState state)
{
    switch (state) {
    case RecipientState::held:
        return "held";
    case RecipientState::copied:
        return "copied";
    case RecipientState::mta_hold:
        return "mta_hold";
    case RecipientState::releasing:
        return "releasing";
    case RecipientState::released:
        return "released";
    case RecipientState::failed:
        return "failed";
    case RecipientState::deleted:
        return "deleted";
    }
    return "held";
}

std::span<const RecipientState> recipient_states()
{
    static constexpr std::array kStates{
        RecipientState::held,     RecipientState::copied, RecipientState::mta_hold, RecipientState::releasing,
        RecipientState::released, RecipientState::failed, RecipientState::deleted};
    return kStates;
}

} // namespace qm
