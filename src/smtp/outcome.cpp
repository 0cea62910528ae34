#include "smtp/outcome.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace qm::smtp {
namespace {

constexpr std::size_t kMaxReply = 1000;

/// Replies about our login and our TLS settings, not about this message: the administrator can mend them, so
/// the message waits.
bool is_our_fault(int code)
{
    constexpr std::array kCodes{530, 534, 535, 538};
    return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

bool is_about_message(Step step)
{
    return step == Step::mail || step == Step::rcpt || step == Step::data || step == Step::message;
}

std::string shown(const std::string& text)
{
    return text::printable(text, kMaxReply);
}

/// What went wrong where the server said nothing against it.
std::string trouble(const Dialogue& dialogue, const End& end)
{
    std::string text = end.trouble.empty() ? "the connection broke" : end.trouble;
    if (end.no_tls) {
        text = "smtp_tls = require, but the mail server offers no STARTTLS that works (" + text + ")";
    }
    if (dialogue.step() == Step::message) {
        text += end.all_sent ? "; the whole message was sent, it may have been taken"
                             : "; the message was not sent to its end";
    }
    return shown(text);
}

/// The server's objection.
std::string objection(const Dialogue& dialogue)
{
    std::string text = dialogue.reply();
    if (dialogue.step() == Step::login || dialogue.code() == 535) {
        text += " (the login smtp_user and smtp_password)";
    }
    return shown(text);
}

} // namespace

Delivery outcome_of(const Dialogue& dialogue, const End& end)
{
    const int code = dialogue.code();
    const bool at_end = dialogue.step() == Step::message;
    if (at_end && code >= 200 && code < 300) {
        return {DeliveryOutcome::delivered, shown(dialogue.reply())};
    }
    if (code >= 400) {
        const bool refused = code >= 500 && is_about_message(dialogue.step()) && !is_our_fault(code);
        return {refused ? DeliveryOutcome::refused : DeliveryOutcome::deferred, objection(dialogue)};
    }
    const bool unknown = at_end && end.all_sent;
    return {unknown ? DeliveryOutcome::unknown : DeliveryOutcome::deferred, trouble(dialogue, end)};
}

} // namespace qm::smtp
