// Mailbox files with many mails (mbox, as RFC 4155 and its elder relatives).
#pragma once

#include <string_view>
#include <vector>

namespace qm::ctl {

/// One mail of an mbox.
struct MboxMail {
    std::string_view sender; ///< of its "From " line, any bytes; "" when there is none or it is MAILER-DAEMON
    std::string_view bytes;  ///< from its first header on, as in the file (">From " stays)
};

/// True when the file begins with "From ".
bool is_mbox(std::string_view bytes);

/// The mails of an mbox, in order. Each begins with a line "From sender ... 12:34 ..." behind an empty line;
/// programs that write "From " at the beginning of a line of text as it is are many, so the hour is asked
/// for. The first line needs none. Takes any bytes. Lifetime: borrowed from `bytes`.
std::vector<MboxMail> split_mbox(std::string_view bytes);

} // namespace qm::ctl
