// What every text that a regex matches must contain.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace qm::policy {

/// Shorter texts stand in too many headers to be of use.
constexpr std::size_t kShortestLiteral = 3;

/// Literals of which at least one stands in every subject in which Regex(pattern) can match, upper and lower
/// case being the same: printable ASCII, in lower case, kShortestLiteral or longer. Empty: none is known, the
/// regex may match anything. Of several such sets, the one that is likely to be rare in mail: a header's name
/// that every mail has is the last choice.
///
/// True of subjects without the two letters outside ASCII that are equal to one inside when case does not
/// count: U+017F (s) and U+212A (k).
///
/// Reads the syntax of pcre2pattern(3) and stops at whatever it is not sure of. `pattern` must compile.
std::vector<std::string> required_literals(std::string_view pattern);

} // namespace qm::policy
