// What a lookup asks for: the texts of both columns that match one sender and one or more recipients.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
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
    /// Ordinary addresses make short statements; all kinds are of fixed length, so that three prepared
    /// statements serve all lookups.
    enum class Width : std::uint8_t {
        ordinary,
        international,
        many, ///< recipients
    };
    static constexpr std::size_t kMaxRows = 200; ///< that a statement gives

    /// Addresses without brackets as received; or the sides of a row. Of the recipients, of whom there must
    /// be one, it takes the first ones: as many as fit into a statement.
    Lookup(std::string_view sender, std::span<const std::string_view> recipients);
    Lookup(std::string_view sender, std::string_view recipient) : Lookup(sender, std::span(&recipient, 1)) {}

    Width width() const { return width_; }
    std::size_t recipients() const { return recipients_.size(); } ///< that it takes

    /// What stands behind SELECT ... FROM table; in the order of the rows' ids.
    static std::string condition(Width width);
    sql::Row parameters() const;

    /// For the recipient of this place. Nothing when the row does not match: the database's idea of equality
    /// (accents, trailing blanks) may be wider than ours. Capitals are as the database sees them.
    std::optional<Rank> rank(std::string_view mailfrom, std::string_view recipient,
                             std::size_t place = 0) const;

  private:
    std::vector<std::string> senders_;
    std::vector<std::vector<std::string>> recipients_; ///< the candidates of each
    std::vector<std::string> texts_;                   ///< of all recipients, each once
    Width width_;
};

} // namespace qm::whitelist
