// What a mail in a file says about itself, for a program that has nothing but the file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mail/headers.h"

namespace qm {

struct MailFacts {
    mail::Headers headers;
    std::string subject; ///< decoded, one line
    /// What a mail server wrote on top at delivery, without brackets: the envelope sender ("" is the null
    /// sender), and whom it was for.
    std::optional<std::string> return_path;
    std::string delivered_to;
    std::string original_to;
    /// The first address of these headers, "" without one.
    std::string from;
    std::string to;
};

/// `message`: at least its header block. Never throws for what it contains.
MailFacts facts_of(std::string_view message);

/// The address to whitelist for this envelope sender: without its BATV tag, which differs from mail to mail.
/// What SRS wraps stays wrapped: anybody can put any address into it.
std::string lasting_sender(std::string_view sender);

/// True when a forwarder has put another address into this one (SRS).
bool is_forwarded(std::string_view sender);

/// True when mail can be sent to it.
bool is_sendable_address(std::string_view address);

/// Behind the @, "" without one.
std::string domain_of(std::string_view address);

} // namespace qm
