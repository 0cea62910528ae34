// What may be asked of the mail server while a callback runs. Tests have a mail server of their own.
#pragma once

#include <string>

namespace qm::milter {

/// Thread-safety: none; belongs to one callback of one session.
class Mta {
  public:
    virtual ~Mta() = default;

    /// The value of a macro ("i", "{client_addr}"), "" when the mail server does not give it.
    virtual std::string macro(const char* name) = 0;

    /// Takes a recipient out of the envelope. `argument` exactly as the RCPT callback got it. Throws
    /// BackendError when the mail server does not take the request.
    virtual void remove_recipient(const std::string& argument) = 0;

    /// Puts the mail into the mail server's own hold queue. Throws BackendError.
    virtual void hold(const std::string& reason) = 0;

    /// The text of the reject or tempfail that is returned next (RFC 5321 code, RFC 3463 code). When the mail
    /// server does not take it, its own words stand.
    virtual void set_reply(const char* code, const char* enhanced_code, const std::string& text) = 0;
};

} // namespace qm::milter
