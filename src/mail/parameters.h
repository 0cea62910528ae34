// What stands in a structured MIME field (RFC 2045, section 5.1): Content-Type, Content-Disposition,
// Content-Transfer-Encoding. Any bytes go in; the work is linear in the length.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qm::mail {

/// "text/html" of a Content-Type field's value, lower case, comments removed; "" when it names no type and
/// subtype.
std::string media_type(std::string_view field);

/// The first word of a field's value in lower case: "attachment", "base64". Comments and quotes around it are
/// removed.
std::string first_word(std::string_view field);

/// The value of a parameter (name in any case), "" without one. RFC 2231: continuations in the order of their
/// numbers, percent signs and charset decoded; the bytes of an unknown charset stay as they are. A value with
/// a charset (name*=) counts before one in pieces (name*0=), that before a plain one; the first of a kind
/// counts. Where RFC 2045 is stricter than the programs in which people read their mail, those are followed:
/// values without quotes may hold blanks, a quote need not be closed, and in quotes a backslash is itself
/// except before a quote or a backslash. Encoded words (RFC 2047) stay as written, so nothing is decoded
/// twice.
std::string parameter(std::string_view field, std::string_view name);

/// What programs may take for the value of a parameter that is there several times or in several ways: the
/// first few different values, first the one that parameter() gives; none of them is empty.
std::vector<std::string> parameter_values(std::string_view field, std::string_view name);

} // namespace qm::mail
