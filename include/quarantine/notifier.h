// The contract of a notifier: it tells a recipient about a held message.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quarantine/held_mail.h"
#include "quarantine/section.h"
#include "quarantine/store.h"

namespace qm {

/// One notice that is due: one held message, one recipient.
struct Notice {
    std::int64_t number = 0; ///< of the outbox; the same at every attempt
    HeldMail mail;
    std::string recipient; ///< about whom: without brackets, spelling as received
    std::string send_to;   ///< who gets it: the recipient, or an administrator's copy
    Time created{};        ///< the same at every attempt
    std::string expires;   ///< local date on which the message will be deleted, "" if it is kept
};

/// A notice ready to send. Composing the same notice again gives the same bytes as long as the configuration
/// is the same, so a second attempt is recognisable as the first.
struct ComposedNotice {
    std::string envelope_from; ///< "" is the null sender
    std::string recipient;     ///< of the envelope: Notice::send_to
    std::string message_id;    ///< with angle brackets
    std::string bytes;         ///< RFC 5322 message, CRLF line ends, 7-bit, lines of at most 998 bytes
    std::string digest;        ///< under which it is known again when it comes back to us
    std::string trouble;       ///< "", or why the text is missing although it may be there at another attempt
};

/// How an attempt to send ended.
enum class DeliveryOutcome : std::uint8_t {
    delivered, ///< the final 2xx came
    deferred,  ///< 4xx, or no connection: try again
    refused,   ///< 5xx: trying again is useless
    unknown,   ///< the connection broke after the final dot: it may have been taken
};

struct Delivery {
    DeliveryOutcome outcome = DeliveryOutcome::deferred;
    std::string reply; ///< the server's last words, or what went wrong; one line, printable
};

/// Makes and sends the notices of one quarantine.
///
/// Thread-safety: every member may be called at once from any thread.
class Notifier {
  public:
    virtual ~Notifier() = default;

    /// Who gets a notice about this recipient: the recipient, administrators (also_notify), both or nobody
    /// (notification_domains, notify_recipient).
    virtual std::vector<std::string> tells(std::string_view recipient) const = 0;

    /// True if a notice can be sent to this address at all.
    virtual bool can_tell(std::string_view address) const = 0;

    /// Writes the notice. `message` is the held message from its first header byte (trace lines already
    /// removed), or nullptr when it is gone. No mail of any shape makes this fail: what cannot be shown is
    /// replaced by a sentence. Errors: std::bad_alloc only.
    virtual ComposedNotice compose(const Notice& notice, MessageReader* message) = 0;

    /// Hands it to the mail server. Never throws for what a mail server or a network does. Takes at most
    /// the configured SMTP time limits (two minutes unless told).
    virtual Delivery send(const ComposedNotice& notice) = 0;
};

/// A row of the table of notifiers (src/notify/builtin_notifiers).
struct NotifierType {
    std::string_view name; ///< as in `notification_type = EMAIL`
    std::span<const Option> options;
    std::string_view help;
    /// Opens the notifier of a section; nullptr for a type without one (NONE). `groups` are the group names
    /// of the section's regex ("" for unnamed ones), so that a template can be checked. Errors: ConfigError;
    /// wrong options are section.mistake().
    std::unique_ptr<Notifier> (*open)(const Section& section, std::span<const std::string> groups);
};

} // namespace qm
