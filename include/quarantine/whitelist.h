// The contract of a whitelist: who gets mail that a quarantine would hold.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quarantine/section.h"

namespace qm {

/// The row that exempts a recipient. Addresses are lower case; "" is the wildcard, "@domain" a whole domain.
struct WhitelistMatch {
    std::int64_t row = 0;
    std::string mailfrom;
    std::string recipient;
};

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
    std::optional<std::string> mailfrom, recipient; ///< exactly this, in any case
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

    /// The row as add() would write it: sides trimmed, without brackets, in lower case, an international
    /// domain as it stands in an SMTP envelope. Asks nobody.
    virtual WhitelistRow as_written(const WhitelistRow& row) const = 0;

    /// Rows that say what this one would say, and more: the same or a wider sender together with the same or
    /// a wider recipient. A row that says exactly the same is one of them.
    virtual std::vector<WhitelistRow> covering(const WhitelistRow& row) = 0;

    /// Adds a row as as_written() gives it and returns its id; nothing if there is one already. Each side is
    /// "" (any), @domain or an address; not both "".
    virtual std::optional<std::int64_t> add(const WhitelistRow& row) = 0;

    /// False if there is no such row.
    virtual bool remove(std::int64_t id) = 0;

    /// Removes the rows that were last used (or, never used, created) before `moment` and are not permanent,
    /// in bounded batches; with `dry_run` only counts them. Returns how many.
    virtual std::int64_t expire(std::chrono::sys_seconds moment, bool dry_run) = 0;

    /// Rows that no lookup can match: capitals, blanks or brackets around an address (mendable), a NULL or
    /// what is no address (not mendable: a guess could make a wildcard of it). Looks at every row; stops at
    /// `limit`.
    virtual std::vector<BadRow> bad_rows(std::size_t limit) = 0;

    virtual Mended mend(const BadRow& bad) = 0;
};

/// Whether a lookup leaves a trace.
enum class Use : std::uint8_t {
    mark, ///< the row that matches is in use: last_used, at most once an hour
    look, ///< nothing is written, nothing is created
};

/// Answers whether a recipient is whitelisted for a sender.
///
/// Thread-safety: every member may be called at once from any thread.
/// Errors:        BackendError when the question cannot be answered (within kDeadline); the mail is then
/// deferred.
class Whitelist {
  public:
    /// No find() and no find_all() takes longer, connecting included.
    static constexpr std::chrono::seconds kDeadline{5};

    virtual ~Whitelist() = default;

    /// The most specific row for the sender and each of the recipients, or nothing: one answer for each, in
    /// their order. Addresses are without brackets, spelled as received; "" is the null sender. All are asked
    /// for together: one mail is one question, or a few.
    virtual std::vector<std::optional<WhitelistMatch>>
    find_all(std::string_view sender, std::span<const std::string_view> recipients, Use use = Use::mark) = 0;

    /// find_all() for one recipient.
    std::optional<WhitelistMatch> find(std::string_view sender, std::string_view recipient,
                                       Use use = Use::mark)
    {
        return find_all(sender, std::span(&recipient, 1), use).front();
    }

    /// Throws when the whitelist could not answer now. Creates nothing.
    virtual void check() = 0;

    /// Its rows, for whoever looks after them; makes the table if it is missing. nullptr: they cannot be
    /// edited here. Errors: BackendError.
    virtual std::unique_ptr<WhitelistRows> rows() { return nullptr; }

    /// Where it is, for messages and for telling whether two quarantines share one; never a password.
    virtual std::string shown() const { return {}; }
};

/// A row of the table of whitelists (src/whitelist/builtin_whitelists).
struct WhitelistType {
    std::string_view name; ///< as in `whitelist_type = DB`
    std::span<const Option> options;
    std::string_view help;
    /// Opens the whitelist of a section; nullptr for a type without one (NONE). Nothing is created or
    /// connected yet. Errors: ConfigError; wrong options are section.mistake().
    std::unique_ptr<Whitelist> (*open)(const Section& section);
};

} // namespace qm
