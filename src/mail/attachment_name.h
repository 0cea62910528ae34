// The name of an attachment as people may see it.
#pragma once

#include <string>
#include <string_view>

namespace qm::mail {

/// The last component of a name that a message gives a file (any bytes, RFC 2047 words allowed): one line, no
/// path and no drive, no controls, nothing that turns the reading order, every kind of blank as one plain
/// blank, no dots and blanks at the end (Windows drops them, so what stands before them is the real end), at
/// most 255 bytes with the end kept, because that says what it is. "unnamed" when nothing is left. Names that
/// some system takes for a device (CON, NUL.txt) stay as they are. Never for use as a file name.
std::string attachment_name(std::string_view raw);

/// At most `limit` bytes (50 or more) of a name, with an ellipsis in place of its middle.
std::string shortened_name(std::string_view name, std::size_t limit);

} // namespace qm::mail
