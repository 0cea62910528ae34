// `notification_email_from`: a display name and an address, both perhaps with variables.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "html/template.h"

namespace qm::notify {

/// True when the address can stand in a From or To header as it is: ASCII, a dot-atom or quoted local part, a
/// domain name or an address literal, at most 254 bytes.
bool fits_header(std::string_view address);

/// One line, short enough that it need not be folded inside its quotes, which some mail programs read
/// wrongly. Nothing in it can be taken for an encoded word.
std::string fit_for_name(std::string_view text);

/// The sender of notices. `"Name" <address>`, `Name <address>`, `<address>` or `address`. The line is taken
/// apart before its variables get their values, so no value can add an address.
///
/// Thread-safety: const members may be called at once from any thread.
class SenderLine {
  public:
    /// Errors: ConfigError: unknown variables, or an address without variables that is none.
    SenderLine(std::string_view line, std::span<const std::string> known);

    struct Mailbox {
        std::string name;
        std::string address; ///< fits_header()
    };
    /// When the variables leave no usable address it is postmaster@localhost.
    Mailbox render(const html::Variables& values) const;

  private:
    html::Template name_;
    html::Template address_;
};

} // namespace qm::notify
