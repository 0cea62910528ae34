// The bytes of a text part as text.
#pragma once

#include <string>
#include <string_view>

namespace qm::mail {

/// `bytes` (transfer encoding removed) in UTF-8, always valid, without NUL. `charset` is what the part
/// declares, "" for nothing. A charset that is unknown or cannot be true (the bytes cannot be read in it, but
/// can in UTF-8) is not believed: then UTF-8 if it is, else what a byte order mark or the HTML itself says,
/// else windows-1252. HTML is never read as UTF-7: no browser does, and a comment in it would hide text.
std::string body_text(std::string_view bytes, std::string_view charset, bool is_html);

/// False for bytes that are no text in this charset: controls, and what cannot be read, are more than a few
/// of the characters. As UTF-8 where `charset` is unknown or says nothing.
bool is_plausible_text(std::string_view bytes, std::string_view charset);

/// True when nobody would see anything: white space and invisible characters only.
bool is_blank_text(std::string_view text);

} // namespace qm::mail
