#include "load/verdict.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace qm::load {
namespace {

constexpr char kAccept = 'a', kDiscard = 'd', kTempfail = 't', kReply = 'y';

} // namespace

bool Verdict::is_deferral() const
{
    return letter == kTempfail || (letter == kReply && reply.starts_with('4'));
}

std::string Verdict::str() const
{
    std::string text = fmt::format("'{}' at the {}", letter, name_of(stage));
    if (!reply.empty()) {
        text += " \"" + reply + "\"";
    }
    if (!removed.empty()) {
        text += fmt::format(", removed {}", fmt::join(removed, " "));
    }
    if (!changed.empty()) {
        text += fmt::format(", changes '{}'", changed);
    }
    return text;
}

std::string what_was_right(const Mail& mail, const Verdict& verdict)
{
    if (mail.kind == Kind::clean) {
        const bool right = verdict.letter == kAccept && verdict.stage == Stage::end_of_headers &&
                           verdict.removed.empty() && verdict.changed.empty();
        return right ? "" : "accept at the end of headers";
    }
    std::vector<std::string> held;
    for (std::size_t i = 0; i < mail.recipients.size(); ++i) {
        if (mail.is_held.at(i)) {
            held.push_back(mail.recipients.at(i));
        }
    }
    std::vector<std::string> removed = verdict.removed;
    std::ranges::sort(held);
    std::ranges::sort(removed);
    const char letter = mail.kind == Kind::held ? kDiscard : kAccept;
    // Of a mail that is discarded nobody is left, whoever was removed before.
    const bool right_removed =
        removed == held || (mail.kind == Kind::held && std::ranges::includes(held, removed));
    if (verdict.letter == letter && verdict.stage == Stage::end_of_message && right_removed &&
        verdict.changed.empty()) {
        return "";
    }
    return fmt::format("'{}' at the end of message, removed {}", letter, fmt::join(held, " "));
}

} // namespace qm::load
