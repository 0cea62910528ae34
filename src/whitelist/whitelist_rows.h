// The rows of a whitelist as an administrator handles them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "quarantine/section.h"

namespace qm::whitelist {

/// One row. Text comes out of the database as it is and may hold anything: whoever shows it makes it
/// printable.
struct WhitelistRow {
    std::int64_t id = 0;
    std::string mailfrom, recipient;
    std::string created, last_used; ///< as the database writes them; ours are UTC
    std::string comment;
    bool permanent = false;
};

/// Which rows; what is not given does not choose.
struct RowFilter {
    std::optional<std::string> mailfrom, recipient; ///< exactly this, in lower case
    std::int64_t behind = 0;                        ///< ids above this one, for the next page
    std::size_t limit = 100;                        ///< at most 1000
};

/// A row that never matches, and why.
struct BadRow {
    WhitelistRow row;
    std::string problem; ///< one sentence
    bool mendable = false;
    std::string mailfrom, recipient; ///< what mending makes of it
};

enum class Mended : std::uint8_t {
    changed,   ///< the row matches now
    removed,   ///< a good row said the same already; it is permanent if one of the two was
    untouched, ///< not mendable, or it changed in the meantime
};

/// Thread-safety: none.
/// Errors:        BackendError; ConfigError for what an administrator typed.
class WhitelistRows {
  public:
    virtual ~WhitelistRows() = default;

    /// In the order of their ids.
    virtual std::vector<WhitelistRow> list(const RowFilter& filter) = 0;

    /// Adds a row in lower case and returns its id; nothing if there is one already. Each side is "" (any),
    /// @domain or an address; not both "".
    virtual std::optional<std::int64_t> add(const WhitelistRow& row) = 0;

    /// False if there is no such row.
    virtual bool remove(std::int64_t id) = 0;

    /// Rows that no lookup can match: capitals, blanks or brackets around an address (mendable), a NULL or
    /// what is no address (not mendable: a guess could make a wildcard of it). Looks at every row; stops at
    /// `limit`.
    virtual std::vector<BadRow> bad_rows(std::size_t limit) = 0;

    virtual Mended mend(const BadRow& bad) = 0;
};

/// The rows of a section with whitelist_type = DB; nullptr after a section.mistake(). Makes the table, and a
/// SQLite file, if it is missing. Errors: BackendError.
std::unique_ptr<WhitelistRows> open_whitelist_rows(const Section& section);

} // namespace qm::whitelist
