// Plain values of a mail as the mail server shows it to us: the envelope and the client behind it.
#pragma once

#include <string>
#include <vector>

namespace qm {

/// What is known of the client that hands in the mail; empty where the mail server does not say.
struct Client {
    std::string address; ///< IPv4 or IPv6 in the usual text form, without an "IPv6:" prefix
    std::string name;    ///< host name as the mail server found it
    std::string user;    ///< SASL login, if the client logged in
};

/// The envelope (RFC 5321, section 2.3.1).
///
/// `sender` has no angle brackets; the null sender is "". `recipients` keep the order of the RCPT commands
/// and the exact argument that the mail server gave us, brackets, quotes and capitals included
/// ("<User@Example.org>"): the mail server compares that argument byte for byte when a recipient is removed.
struct Envelope {
    std::string sender;
    std::vector<std::string> recipients;
    std::string queue_id; ///< of the mail server; "" until it is known
    Client client;
};

} // namespace qm
