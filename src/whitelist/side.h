// One side of a whitelist row: "" (any), @domain or an address.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/connection.h"

namespace qm::whitelist {

/// A side as an administrator typed it, as it is kept: without blanks and brackets around it, in lower case,
/// an international domain as xn--. One address that mail may have: a list, a pattern or a blank outside
/// quotes is refused. Errors: ConfigError; `column` names the side in its text.
std::string typed_side(std::string_view column, std::string_view text);

/// A kept side with an international domain as people write it in lower case. Lookups find this, too.
std::string native_spelling(const std::string& side);

/// How the table may have what somebody asks for: as typed, as it is kept, as people write it.
std::vector<std::string> spellings_of(std::string_view side);

/// Whether a lookup can match what stands in the table.
struct SideJudgement {
    std::string problem;               ///< "" when there is none
    std::optional<std::string> mended; ///< what it should be; nothing: nobody can know
};
SideJudgement judge_side(std::string_view column, const sql::Value& value);

} // namespace qm::whitelist
