// Envelope addresses (RFC 5321, RFC 6531). An address is data: nothing here changes its spelling unless it
// says so.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qm::mail {

/// The longest address we take from a configuration or hand to a mail server, bytes.
constexpr std::size_t kMaxAddress = 1000;

/// The argument of MAIL or RCPT without its angle brackets and without a source route (<@a,@b:user@c>). "<>"
/// gives "". Spelling, quotes and comments stay.
std::string_view without_brackets(std::string_view argument);

/// Where the domain begins: behind the last @ that is not inside a quoted local part. "" without one.
std::string_view domain(std::string_view address);
std::string_view local_part(std::string_view address);

/// For comparing and looking up: lower case (ASCII), a needlessly quoted local part unquoted ("a"@b -> a@b),
/// a trailing dot of the domain removed. Non-ASCII bytes stay.
std::string key(std::string_view address);

/// A domain as it stands in an envelope without SMTPUTF8: an international one in lower case, each label in
/// another script as xn--..., without a trailing dot. An ASCII domain comes back as it is, and so does what
/// is no domain.
std::string ascii_domain(std::string_view domain);

/// The reverse, for comparing with what people wrote down: the labels in their own script and in lower case.
/// What has none comes back as it is.
std::string native_domain(std::string_view domain);

/// True when it may stand in MAIL FROM:<...> or RCPT TO:<...>: local part and domain present, no control
/// characters, no CR or LF, angle brackets and blanks only inside quotes, in the local part also @ , ; : ( )
/// only there, valid UTF-8 without U+FFFD (which stands for bytes that were something else), at most
/// kMaxAddress bytes.
bool is_sendable(std::string_view address);

/// The address behind BATV (prvs=TAG=user@domain, and prvs=user/TAG@) or SRS
/// (SRS0=HHH=TT=domain=user@forwarder, SRS1=HHH=forwarder==HHH=TT=domain=user@forwarder; separators =, +, -):
/// "" when it is not wrapped.
std::string unwrapped_sender(std::string_view address);

/// A From or To header's first address and display name, decoded; either may be empty. For people only.
struct Mailbox {
    std::string name;
    std::string address;
};
Mailbox first_mailbox(std::string_view header_value);

} // namespace qm::mail
