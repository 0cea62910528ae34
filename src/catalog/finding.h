// From a filter to the ids it chooses.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "quarantine/held_mail.h"
#include "sql/connection.h"

namespace qm::catalog {

/// One walk through the messages that a filter chooses, newest first.
///
/// The rows of held_recipient hold all that a filter asks. Each of their indexes begins with one thing to
/// look for (an address, a domain), goes on with quarantine and state and ends with the message: for one
/// quarantine and one state it gives the messages in the order of time, from any moment on. Where the filter
/// leaves quarantine or state open, the few there are get asked one by one, and the newest of all are taken.
///
/// Of a sender and a recipient the rarer one leads. The indexes of the sender hold the recipient too, so the
/// worst that can be asked reads one sender's part of an index and no rows.
///
/// Thread-safety: none. Errors: BackendError; ConfigError for a sender or recipient that is no address.
class Finding {
  public:
    Finding(sql::Connection& database, const HeldFilter& filter);

    /// The next ids, at most `limit`; none when there are no more.
    std::vector<HeldId> next(std::size_t limit);

  private:
    /// A column of held_recipient, with an index of its name, and the value it must have.
    struct Term {
        std::string column;
        std::string value;
    };
    using Newest = std::set<std::string, std::greater<>>;

    static Term address_term(std::string_view asked, const std::string& prefix, std::string_view role);
    bool is_rare(const Term& term);
    std::string indexed_by(const std::string& column) const;
    Newest newest_messages(std::size_t limit);
    Newest newest_by_recipient(std::size_t limit);
    void add_newest(Newest& newest, const std::string& quarantine, RecipientState state, std::size_t limit);

    sql::Connection& database_;
    std::string quarantine_;
    std::optional<RecipientState> state_;
    std::vector<Term> terms_;  ///< at most two; the first one leads
    std::string from_, below_; ///< of the ids: from <= id < below
};

/// The lowest id that a message of this moment (rounded down to milliseconds) can have.
std::string lowest_id(Time time);
/// Higher than every id.
inline constexpr std::string_view kAboveIds = "8";

/// Names of the quarantines that have messages on record.
std::vector<std::string> quarantines_on_record(sql::Connection& database);

} // namespace qm::catalog
