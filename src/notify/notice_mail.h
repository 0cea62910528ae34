// Writes a notice as a mail (RFC 5322, RFC 2046): text and HTML side by side, images inside the HTML's part.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quarantine/held_mail.h"

namespace qm::notify {

/// An image that goes along with a notice; HTML refers to it as "cid:NAME".
struct NoticeImage {
    std::string name; ///< letters, digits, dot, dash, underscore
    std::string type; ///< "image/png"
    std::string bytes;
};

/// "image/png", "image/gif", "image/jpeg", "image/webp" by the first bytes; "" for anything else. SVG is
/// something else on purpose: it can hold script.
std::string_view image_type(std::string_view bytes);

/// Everything that a notice says, decoded. Texts may hold anything: they are encoded here.
struct NoticeMail {
    std::string from_name;    ///< fit_for_name()
    std::string from_address; ///< fits_header()
    std::string recipient;    ///< any address
    std::string subject;
    std::string message_id; ///< without angle brackets
    Time date{};
    std::string boundary; ///< at most 24 letters and digits; the same for the same notice
    std::string text;     ///< UTF-8
    std::string html;     ///< UTF-8
    std::vector<const NoticeImage*> images;
};

/// Before the first write_notice_mail() of the process, while it has one thread.
void prepare_notice_mails();

/// The mail: CRLF line ends, 7-bit, lines of at most 998 bytes. The same in, the same out.
///
/// Thread-safety: may be called from any thread.
std::string write_notice_mail(const NoticeMail& mail);

} // namespace qm::notify
