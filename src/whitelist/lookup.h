// What a lookup asks for: the texts of both columns that match one sender and one recipient.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/connection.h"

namespace qm::whitelist {

/// The sender's and the recipient's places in a lookup, the lesser the more telling. The sender decides
/// first: who wrote is the stronger statement.
using Rank = std::pair<std::size_t, std::size_t>;

/// The texts of one column that match, each once, the most telling first: addresses, their domains, ""
/// (any).
///
/// An international domain is looked for as an envelope has it with and without SMTPUTF8.
class Candidates {
  public:
    /// An address in lower case, and its domain.
    void add(std::string_view address);
    std::vector<std::string> in_order() const;

  private:
    void add_spelling(std::string address);
    std::vector<std::string> addresses_, domains_;
};

/// Thread-safety: const members may be called at once from any thread.
class Lookup {
  public:
    /// Ordinary addresses make short statements; both kinds are of fixed length, so that two prepared
    /// statements serve all lookups.
    enum class Width : std::uint8_t { ordinary, international };

    /// Addresses without brackets as received; or the sides of a row.
    Lookup(std::string_view sender, std::string_view recipient);

    Width width() const { return width_; }

    /// What stands behind SELECT ... FROM table; in the order of the rows' ids.
    static std::string condition(Width width);
    sql::Row parameters() const;

    /// Nothing when the row does not match: the database's idea of equality (accents, trailing blanks) may be
    /// wider than ours. Capitals are as the database sees them.
    std::optional<Rank> rank(std::string_view mailfrom, std::string_view recipient) const;

  private:
    std::vector<std::string> senders_, recipients_;
    Width width_;
};

} // namespace qm::whitelist
