// What may go over the wire to a mail server at all.
#pragma once

#include <string_view>

namespace qm::smtp {

/// True when the address cannot break out of MAIL FROM:<...> or RCPT TO:<...>: local part and, mostly, a
/// domain (RFC 5321 has <postmaster>, and mail servers take <root>), no controls, angle brackets and blanks
/// only inside the quotes of the local part, valid UTF-8 without U+FFFD, at most 1000 bytes. The command line
/// is written as it is given, so this check is what stands between an address and a command of its own.
bool fits_command(std::string_view address);

/// True when a dot stands alone between bare line ends (LF.LF, LF.CRLF, CR.CR ...). Careless servers take
/// that for the end of the message and what follows for commands ("SMTP smuggling"); a strict server takes it
/// for text. Nobody writes such a message by accident.
bool hides_an_end(std::string_view message);

/// A host name, an IPv4 or an IPv6 address, the last one also in square brackets.
bool is_host(std::string_view host);

} // namespace qm::smtp
