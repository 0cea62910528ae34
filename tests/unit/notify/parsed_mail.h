// A composed notice, read back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qm::test {

struct ParsedPart {
    std::string type; ///< "text/plain"
    std::string charset;
    std::string content_id;
    std::string disposition;
    std::string filename;
    std::string encoding; ///< "base64"
    std::string content;  ///< decoded; of a text with LF line ends
    bool multipart = false;
    std::size_t depth = 0; ///< of multiparts around it
};

/// As GMime reads it.
struct ParsedMail {
    std::string from_name;
    std::string from_address;
    std::string to;       ///< the only mailbox
    std::string to_group; ///< the name of the only group
    std::string subject;
    std::string message_id;        ///< without brackets
    std::int64_t date = 0;         ///< seconds since 1970
    std::vector<ParsedPart> parts; ///< in the order of the mail, containers too

    /// The first part of this type, or an empty one.
    ParsedPart part(std::string_view type) const;
};
ParsedMail parse_mail(const std::string& bytes);

/// The facts of the mail, one a line: as GMime sees them, and as Python's email package does (read_mail.py).
std::string facts(const ParsedMail& mail);
std::string facts_by_python(const std::string& bytes);

/// The value of a header field, unfolded but not decoded; "" without one.
std::string raw_header(const std::string& bytes, std::string_view name);

/// What is wrong with the bytes of a mail on the wire: 8-bit, bare CR or LF, a line over 998 bytes, a header
/// line over `header_width` bytes. "" for nothing.
std::string wire_problem(const std::string& bytes, std::size_t header_width = 998);

} // namespace qm::test
