// Small things about text. ASCII only where a letter's case matters: mail and configuration syntax is ASCII.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qm::text {

std::string to_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);
bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);

/// Without blanks, tabs and line ends on both sides.
std::string_view trim(std::string_view text);

/// Pieces between separators; an empty text gives no piece, "a,,b" gives three.
std::vector<std::string_view> split(std::string_view text, char separator);

/// The pieces of a comma-separated value, trimmed, empty ones left out.
std::vector<std::string> split_list(std::string_view text);

/// How many bytes at the beginning are ASCII.
std::size_t ascii_length(std::string_view text);
bool is_ascii(std::string_view text);

/// Length in bytes of the valid UTF-8 sequence (RFC 3629) that begins `text`; 0 if there is none.
std::size_t utf8_length(std::string_view text);

/// One character: its code point, and how many bytes it took. Invalid bytes are U+FFFD, one byte each.
struct Character {
    char32_t code = 0;
    std::size_t bytes = 0;
};
Character first_character(std::string_view text);
void append_utf8(std::string& to, char32_t code);

/// Invalid bytes become U+FFFD.
std::string to_valid_utf8(std::string_view text);

/// Not more than `limit` bytes, cut between characters.
std::string_view cut_utf8(std::string_view text, std::size_t limit);

/// True for characters that change how the text around them is shown, and for letters and signs that show
/// nothing: bidirectional controls and marks, zero-width characters, fillers, variation selectors, line and
/// paragraph separators, tag characters, C0 and C1 controls. Blanks are none of them.
bool is_deceptive(char32_t code);

/// Fit for one line of a log or a terminal: valid UTF-8, controls and deceptive characters as \xNN or
/// \u{NNNN}, backslash doubled, cut to `limit` bytes with "..." behind.
std::string printable(std::string_view text, std::size_t limit = 1000);

/// Fit for a line that people read (a subject in a notice): valid UTF-8; controls and deceptive characters
/// are gone, white space runs are one blank, cut to `limit` bytes with an ellipsis.
std::string one_line(std::string_view text, std::size_t limit = 1000);

/// "47 kB": powers of 1000, at most three digits.
std::string human_size(std::uint64_t bytes);

} // namespace qm::text
