// From a filter to the ids it chooses.
#pragma once

#include <chrono>
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
/// A sender together with a recipient: two domains have an index of their own. Else an address leads, and its
/// index holds what is asked of the other side; so the worst that can be asked reads the part of one index
/// that belongs to one address, and no rows. Where the other side is rare, that one leads.
///
/// Thread-safety: none. Errors: BackendError; ConfigError for a sender or recipient that is no address.
class Finding {
  public:
    Finding(sql::Connection& database, const HeldFilter& filter);

    /// The next ids, at most `limit`; none when there are no more.
    std::vector<HeldId> next(std::size_t limit);

  private:
    /// A column of held_recipient, which has an index of its name, and the value it must have.
    struct Term {
        std::string column;
        std::string value;
    };
    using Newest = std::set<std::string, std::greater<>>;

    static Term address_term(std::string_view asked, const std::string& prefix, std::string_view role);
    bool is_rare(const Term& term);
    std::string table(const std::string& index) const;
    std::string leading_index();
    Newest newest_messages(std::size_t limit);
    Newest newest_by_recipient(std::size_t limit);
    void add_newest(Newest& newest, const std::string& quarantine, RecipientState state, std::size_t limit);

    sql::Connection& database_;
    std::string quarantine_;
    std::optional<RecipientState> state_;
    bool unsent_;
    std::optional<Term> sender_, recipient_;
    std::string from_, below_; ///< of the ids: from <= id < below
    std::string index_;        ///< of held_recipient; "" where its rows need not be asked
};

/// The lowest id that a message of this moment can have.
std::string lowest_id(std::chrono::sys_time<std::chrono::milliseconds> moment);
/// Higher than every id.
inline constexpr std::string_view kAboveIds = "8";

/// Names of the quarantines that have messages on record.
std::vector<std::string> quarantines_on_record(sql::Connection& database);

} // namespace qm::catalog
