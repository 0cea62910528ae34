// What of a message the MIME parser gets to see.
#pragma once

#include <string>
#include <string_view>

namespace qm::mail {

struct ParserInput {
    std::string bytes;
    bool cut =
        false; ///< the message has more parts or header lines than anybody writes; the rest is left out
};

/// A copy of `message` that costs GMime little, whatever the message is. GMime builds a whole tree before it
/// can be asked anything; every line that looks like a boundary may become a part, every line that looks like
/// a header field an object. It reads the addresses of attached messages too: with recursion into nested
/// groups ("a:a:a:", deep enough to overflow the stack), and all fields of a name again for each new one. So
/// lines of both kinds are counted, and a field that GMime would understand but that is beyond all measure is
/// made one that it does not (its first byte becomes X). It compares each line that looks like a boundary
/// with those of all multiparts around it, so these bytes are counted too. A NUL in a field becomes a blank.
/// Whether a line is a header line cannot be known here, so a body of such lines is treated like one. Work is
/// linear in the length.
ParserInput parser_input(std::string_view message);

} // namespace qm::mail
