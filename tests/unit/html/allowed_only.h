// Judges sanitized HTML with its own lists and a parser of its own, so that a slip in the sanitizer's tables
// does not hide itself.
#pragma once

#include <string>
#include <string_view>

namespace qm::test {

/// "" when a browser would see nothing but harmless elements and attributes, each closed where we closed it;
/// else what is wrong.
std::string what_is_not_allowed(std::string_view html);

/// The same, but elements may be where a browser closes or moves them.
std::string what_is_harmful(std::string_view html);

} // namespace qm::test
