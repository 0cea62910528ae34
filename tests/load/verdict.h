// What the milter said of a mail, and whether that is what it had to say.
#pragma once

#include <string>
#include <vector>

#include "load/mail.h"
#include "load/protocol.h"

namespace qm::load {

struct Verdict {
    Stage stage{};                    ///< what was answered
    char letter = 0;                  ///< the final answer
    std::string reply;                ///< "554 5.7.0 ..." where the letter is 'y'
    std::vector<std::string> removed; ///< recipients taken out, in the order of the requests
    std::string changed;              ///< letters of the other changes it asked for

    /// A 451 or the like: the mail stays with the mail server, which offers it again.
    bool is_deferral() const;
    std::string str() const;
};

/// "" when it is right, else what would have been.
///
/// A clean mail is accepted at the end of its headers, so that its body is never sent. Of a held one nobody
/// is left: it is discarded, and requests to remove recipients may stand before that if they name everybody.
/// Of a mixed one exactly the held recipients are taken out, each by the argument of its RCPT, and the rest
/// goes on.
std::string what_was_right(const Mail& mail, const Verdict& verdict);

} // namespace qm::load
