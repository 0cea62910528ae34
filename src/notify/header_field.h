// Header fields of the mails that we write (RFC 5322, RFC 2047). Values may be anything: what comes out is
// one field of printable ASCII, folded at 76 columns wherever there is a blank to fold at, and every mail
// program reads the value that went in.
#pragma once

#include <string>
#include <string_view>

namespace qm::notify {

/// "Name: value CRLF" as it is, unfolded, without controls and 8-bit bytes: for values that we make.
std::string plain_field(std::string_view name, std::string_view value);

/// An unstructured field: a Subject. The text is made text::one_line() first. Words that are not ASCII, that
/// are too long for a line or that look encoded are encoded, with everything between them.
std::string text_field(std::string_view name, std::string_view text);

/// One mailbox: `display` (anything, may be empty) and an address that fits_header().
std::string mailbox_field(std::string_view name, std::string_view display, std::string_view address);

/// An empty group, by its name.
std::string group_field(std::string_view name, std::string_view group);

} // namespace qm::notify
