// The name of an attachment as people may see it.
#pragma once

#include <string>
#include <string_view>

namespace qm::mail {

/// The last component of a name that a message gives a file (any bytes, RFC 2047 words allowed): one line, no
/// path, no controls, nothing that turns the reading order, at most 255 bytes with the end kept, because that
/// says what it is. "unnamed" when nothing is left that can be seen. Never for use as a file name.
std::string attachment_name(std::string_view raw);

} // namespace qm::mail
