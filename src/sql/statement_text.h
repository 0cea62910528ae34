// From the way statements are written here (:1 :2) to the way SOCI wants them (:p1 :p2).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace qm::sql {

struct StatementText {
    std::string text;       ///< with named parameters
    std::size_t parameters; ///< the highest number that occurs
    bool several;           ///< a second statement follows a semicolon
};

/// Nothing inside quotes ('', "", ``) or comments is touched, a cast (::text) survives.
StatementText translate(std::string_view statement);

/// "INSERT INTO whitelist (mailfrom, ..." for messages: one line, cut short.
std::string first_words(std::string_view statement);

/// True for a statement that is worth preparing once and keeping.
bool is_repeatable(std::string_view statement);

} // namespace qm::sql
