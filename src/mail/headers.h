// The header block of one message: kept once, byte for byte, with every field reachable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qm::mail {

/// One header field as received. Both views are borrowed from the Headers object and end with its next
/// change.
struct HeaderField {
    std::string_view name;  ///< without colon
    std::string_view value; ///< everything behind the colon, leading blanks included; folds are CRLF + white
                            ///< space; 8-bit bytes as they are; no line end
};

/// The header fields in the order of the message.
///
/// libmilter shows a value with folds as bare LF followed by white space, cut at a NUL and at 60 000 bytes,
/// and (with SMFIP_HDR_LEADSPC) with the blanks behind the colon.
///
/// Thread-safety: none.
class Headers {
  public:
    /// Appends a field; `value` with LF or CRLF folds.
    void add(std::string_view name, std::string_view value);
    void clear();

    std::size_t size() const { return fields_.size(); }
    bool empty() const { return fields_.empty(); }
    HeaderField operator[](std::size_t index) const;

    /// The value of the first field of this name (any case), nullptr-data view when there is none.
    std::string_view find(std::string_view name) const;

    /// All fields as they stand in the message: "Name:value CRLF" each, without the empty line.
    const std::string& block() const { return block_; }

  private:
    struct Place {
        std::uint32_t begin = 0;
        std::uint32_t name_length = 0;
        std::uint32_t end = 0; ///< behind the value, before its CRLF
    };
    std::string block_;
    std::vector<Place> fields_;
};

/// Reads the header block of a message in memory (line ends CRLF or LF) up to the empty line. A line that is
/// no field and no continuation ends the block. Returns the offset of the body (behind the empty line).
std::size_t parse_headers(std::string_view message, Headers& headers);

} // namespace qm::mail
