// Character references, as they are written in HTML.
#pragma once

#include <string>
#include <string_view>

namespace qm::html {

/// `text` with U+FFFD for numbers of more digits than any character has: a parser that reckons with 32 bits
/// would make another character of them. `text` itself when there is none, else in `changed`.
std::string_view with_short_numbers(std::string_view text, std::string& changed);

/// True when `text` ends with what may be the beginning of a reference, which goes on in what is written
/// behind it: "&", "&#x1", "&am".
bool ends_in_reference(std::string_view text);

/// True for what a reference may go on with: letters, digits, `#` and `;`.
bool is_of_reference(char c);

} // namespace qm::html
