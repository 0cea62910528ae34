// What must hold of a mail whatever failed while it was offered: 451 and nothing kept, or everything kept.
#pragma once

#include <string>

#include "quarantine/store.h"
#include "support/mail_server.h"

namespace qm::test {

/// What is logged (to standard error) from its beginning to text().
class LoggedText {
  public:
    LoggedText();
    LoggedText(const LoggedText&) = delete;
    LoggedText& operator=(const LoggedText&) = delete;
    ~LoggedText();
    /// Standard error is itself again.
    std::string text();

  private:
    TempDir folder_;
    int before_;
};

/// The answer to a mail that was offered.
struct Offer {
    bool deferred = false; ///< 451
    Outcome outcome;
    std::string why; ///< of the 451
};
Offer offer(House& house, const TestMail& mail);

/// A catalog that failed several times in a row is not asked again at once: until it is.
void wait_for_catalog(House& house);

/// The message as it must be stored, without trace lines.
std::string bytes_of(const TestMail& mail);
/// The message of a store, without trace lines; "" when there is none.
std::string stored_bytes(MessageStore& store, const HeldId& id);

/// What must be on record of one mail.
struct Expected {
    std::size_t messages = 1;
    std::size_t recipients = 1;
    std::size_t notices = 0;
};

/// On record exactly once with everything, the bytes whole.
void expect_kept_once(House& house, const TestMail& mail, const Expected& expected);
/// Not on record at all. Files may be left that the check of the stores names: how many.
std::size_t expect_not_kept(House& house);
/// Every message that a program would find on record if it started now, after kill -9, has its file.
void expect_rows_have_files_after_a_crash(House& house);
/// Every file is of a message on record, every such message has its file.
void expect_no_leftovers(House& house);
/// What is left is resolved, as the daemon does it, when the mails are no longer fresh.
void repair(House& house);

} // namespace qm::test
