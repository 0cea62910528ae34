// The contract of a whitelist: who gets mail that a quarantine would hold.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "quarantine/section.h"

namespace qm {

/// The row that exempts a recipient. Addresses are lower case; "" is the wildcard, "@domain" a whole domain.
struct WhitelistMatch {
    std::int64_t row = 0;
    std::string mailfrom;
    std::string recipient;
};

/// Answers whether a recipient is whitelisted for a sender.
///
/// Thread-safety: every member may be called at once from any thread.
/// Errors:        BackendError when the question cannot be answered (within kDeadline); the mail is then
/// deferred.
class Whitelist {
  public:
    /// No lookup takes longer, connecting included.
    static constexpr std::chrono::seconds kDeadline{5};

    virtual ~Whitelist() = default;

    /// The most specific row for this pair, or nothing. `sender` and `recipient` are addresses without
    /// brackets, spelled as received; "" is the null sender. Marks the row as used, at most once an hour.
    virtual std::optional<WhitelistMatch> find(std::string_view sender, std::string_view recipient) = 0;

    /// Throws when the whitelist could not answer now. Creates nothing.
    virtual void check() = 0;
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
