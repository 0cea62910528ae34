// The trace lines in front of a stored message: what is needed to put it back into a lost catalog.
//
//   X-Quarantine-Trace: 1 8                    version, number of lines of the block
//   X-Quarantine-Id: 01k9...
//   X-Quarantine-Name: spam
//   X-Quarantine-Received: 2026-08-04T12:03:12Z
//   X-Quarantine-Queue-Id: 4XqR2b1tZ7z
//   X-Quarantine-Sender: <a@b.example>
//   X-Quarantine-Recipient: <u@our.example>    one line a recipient held
//   X-Quarantine-End: 01k9...
//
// They come off again by the count in the first line, never by name: a sender's own X-Quarantine-* header is
// just a header. In values, `%` and control characters are written as %XX.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "quarantine/held_mail.h"
#include "quarantine/store.h"

namespace qm::store {

struct Trace {
    HeldId id;
    std::string quarantine;
    Time received{};
    std::string queue_id;
    std::string sender;                  ///< without brackets
    std::vector<std::string> recipients; ///< held here, without brackets
};

/// The block, CRLF line ends. Errors: BackendError when it could not be read back, because of an address of
/// some thousand bytes: such a message would never be seen again.
std::string write_trace(const Trace& trace);

/// Reads the block from the beginning of a stored message; the reader may be beyond it afterwards. Errors:
/// BackendError when there is none, or a broken one.
Trace read_trace(MessageReader& reader);

/// The message behind the block. Errors: like read_trace().
std::unique_ptr<MessageReader> without_trace(std::unique_ptr<MessageReader> reader);

} // namespace qm::store
