// The two ways in which things go wrong outside the program. What is expected (no match, unknown id, not
// whitelisted) is a value; what is our own mistake is a std::logic_error or an assertion.
#pragma once

#include <stdexcept>
#include <string>

namespace qm {

/// The world failed: a disk, a database, a mail server. The message says what was tried, on what and why it
/// failed ("store /var/lib/x/spam: link 01j...: No space left on device"). It may be shown in the log; it
/// never contains a password. On the mail path it becomes 451 4.3.0.
class BackendError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// The operator's slip: an option, a template, an address in the configuration. The message says what is
/// wrong and what is expected; the place (file, line, section, option) is added by whoever knows it.
class ConfigError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

} // namespace qm
