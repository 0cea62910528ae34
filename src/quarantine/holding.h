// One mail being held: from the end of its headers to the answer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "mail/content_digest.h"
#include "mail/headers.h"
#include "policy/verdict.h"
#include "quarantine/answer.h"
#include "quarantine/held_mail.h"
#include "quarantine/settings.h"

namespace qm {

/// What became of the mail.
struct HoldingResult {
    Answer answer; ///< reject_reason with the id filled in
    bool notices_due = false;
};

/// Writes the message into the stores of the quarantines concerned while it comes in, and makes everything
/// durable at its end. Destroyed before finish() returned, or when finish() throws, it leaves nothing behind.
///
/// Thread-safety: none; one mail session owns it. Its calls may come from different threads, one after the
/// other. Errors:        BackendError from every member: the mail must be answered 451. Lifetime: settings
/// are shared; `catalog` and `clock` must outlive it.
class Holding {
  public:
    /// `headers` is borrowed for the call, `envelope` and `verdict` are kept.
    Holding(std::shared_ptr<const Settings> settings, catalog::Catalog& catalog, const Clock& clock,
            Envelope envelope, const mail::Headers& headers, policy::Verdict verdict);
    ~Holding();
    Holding(const Holding&) = delete;
    Holding& operator=(const Holding&) = delete;

    /// A piece of the body, CRLF line ends, as received.
    void body(std::string_view bytes);

    /// Our own mail passes; the rest becomes durable: files, then one catalog transaction with the notices
    /// due. `queue_id` and `client` are what the mail server says now.
    HoldingResult finish(const std::string& queue_id, const Client& client);

  private:
    struct Part;

    void add_part(policy::QuarantineIndex index, const mail::Headers& headers);
    bool concerns(policy::QuarantineIndex index) const;
    bool wants_bytes(policy::QuarantineIndex index) const;
    void let_own_mail_pass(const catalog::OwnMail& own);
    std::vector<catalog::NewMail> records(const std::string& digest, bool is_own_notice);
    void drop_useless_parts(std::vector<catalog::NewMail>& mails);
    HeldMail held_mail(const Part& part, const std::string& digest) const;
    void keep(const std::vector<catalog::NewMail>& mails);
    void record_where_bytes_are_missing(const std::vector<catalog::NewMail>& mails,
                                        std::vector<catalog::Recorded>& recorded);
    void remove_bytes(Part& part) noexcept;
    std::string shown_queue_id() const;
    void undo() noexcept;
    void leave_bytes() noexcept;
    void log_result(const HoldingResult& result) const;
    void log_recipient(std::size_t recipient, policy::QuarantineIndex index, std::string_view status) const;

    std::shared_ptr<const Settings> settings_;
    catalog::Catalog& catalog_;
    const Clock& clock_;
    Envelope envelope_;
    policy::Verdict verdict_;
    mail::ContentDigest digest_;
    Time begun_;
    HeldMail common_; ///< what every part's HeldMail shares
    std::vector<std::unique_ptr<Part>> parts_;
};

} // namespace qm
