// A mail that `explain` is asked about, with the envelope it would come in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ctl/arguments.h"
#include "quarantine/held_mail.h"
#include "quarantine/mail_facts.h"

namespace qm::ctl {

struct AskedMail {
    std::string name; ///< of the file, or the id
    Envelope envelope;
    std::string sender_source;     ///< where the sender was taken from, for people
    std::string recipients_source; ///< the same of the recipients
    std::string client_source;     ///< of the client's address; "" when it is not known
    MailFacts facts;
};

/// Of a message in a file. What the command line does not say is taken from what a mail server wrote at
/// delivery, else from the mail's own headers, else it is an example. `mbox_sender`: of its "From " line.
/// Nothing when there is no header: it is no mail.
std::optional<AskedMail> asked_mail(const Arguments& arguments, std::string name, std::string_view message,
                                    std::string_view mbox_sender = {});

/// Of a message on record; `message` holds its header block.
AskedMail asked_mail(const Arguments& arguments, const HeldMail& mail, std::string_view message);

/// Errors: UsageError for a --client that is no address.
void check_client(const Arguments& arguments);

} // namespace qm::ctl
