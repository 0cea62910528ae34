// One connection of the mail server, mail by mail. Knows nothing of libmilter.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "mail/headers.h"
#include "milter/mta.h"
#include "quarantine/desk.h"

namespace qm::milter {

enum class Reply { go_on, accept, reject, discard, tempfail };

/// Collects envelope and headers, lets the desk judge them, hands the body on, answers.
///
/// Thread-safety: none. Callbacks of one session never overlap, but libmilter changes their thread: nothing
/// in here is bound to a thread. Errors:        every member may throw; the caller then answers 451 and calls
/// abort().
class Session {
  public:
    /// `notices_due` is called when notices wait in the outbox.
    Session(Desk& desk, std::function<void()> notices_due);
    ~Session();

    /// Whether header values come with the blanks behind their colon (SMFIP_HDR_LEADSPC was negotiated).
    void set_leading_space(bool comes) { leading_space_ = comes; }

    void mail(std::string_view argument);
    void recipient(std::string_view argument);
    void header(std::string_view name, std::string_view value);
    Reply end_of_headers(Mta& mta);
    void body(std::string_view bytes);
    Reply end_of_message(Mta& mta);

    /// The mail is over, whatever became of it: what was half-kept goes.
    void abort();

    /// A callback without a reply of its own failed: the mail will be answered 451.
    void mark_failed() { failed_ = true; }

    /// "NOQUEUE" until the mail server has told it.
    const std::string& queue_id() const;

  private:
    Reply answer(Mta& mta, const Answer& answer);
    void learn_queue_id(Mta& mta);
    Client client_of(Mta& mta) const;

    Desk& desk_;
    std::function<void()> notices_due_;
    bool leading_space_ = true;
    bool failed_ = false;
    std::shared_ptr<const Settings> settings_; ///< of this mail
    Envelope envelope_;
    mail::Headers headers_;
    std::unique_ptr<Holding> holding_;
};

/// The text behind 451 4.3.0 when something failed.
constexpr const char* kTemporaryFailure = "Temporary failure, please try again later";

} // namespace qm::milter
