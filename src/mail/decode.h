// Header values as people read them.
#pragma once

#include <string>
#include <string_view>

namespace qm::mail {

/// One line: each line end with the white space around it... as RFC 5322, section 2.2.3: CRLF (or LF) before
/// white space goes, the white space stays; leading blanks of the value are removed. Bytes stay as they are.
std::string unfold(std::string_view value);

/// unfold(), then the encoded words of RFC 2047 (with RFC 2231 language tags) decoded to UTF-8; white space
/// between two of them goes; words that share a multi-byte character are joined before the charset is
/// applied. What is no valid encoded word, or has an unknown charset, stays as written. Decoded control
/// characters (CR, LF, NUL ...) become blanks, so a decoded value is always one line. Raw 8-bit bytes outside
/// encoded words stay as they are. Work is linear in the length.
std::string decode(std::string_view value);

/// decode(), then made valid UTF-8 (8-bit bytes that are no UTF-8 are read as windows-1252) and
/// text::one_line(): for subjects and names shown to people.
std::string decode_for_people(std::string_view value, std::size_t limit = 1000);

} // namespace qm::mail
