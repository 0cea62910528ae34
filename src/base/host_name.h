// Names of hosts, international ones too (RFC 5891, UTS #46).
#pragma once

#include <string>
#include <string_view>

namespace qm {

/// Labels of letters, digits, - and _ with a dot between them.
bool is_host_name(std::string_view text);

/// The ASCII form in lower case ("xn--bcher-kva.example") without a dot at its end; "" when `name` (UTF-8,
/// any bytes) is no name of a host. Compatibility characters become plain signs, a full-width @ or / too: a
/// name made of them is none, or x\uFF20trusted.example would end in trusted.example.
std::string ascii_host_name(std::string_view name);

/// An ASCII form in Unicode, "" when it is none.
std::string native_host_name(std::string_view ascii);

} // namespace qm
