// The first half of reading a stranger's HTML: what is not allowed goes, what stays is well nested.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qm::html {

/// HTML as src/html/nesting writes it, with nothing but allowed elements and attributes, of which the values
/// are still as they came. Any bytes of `input`, beyond `max_input` of them it is cut. `cut` becomes true
/// when something was left out because of a limit.
std::string nested_source(std::string_view input, std::uint64_t max_input, bool& cut);

} // namespace qm::html
