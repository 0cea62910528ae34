// One question: what may be shown of this message?
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mail/readable.h"
#include "quarantine/store.h"

namespace qm::preview {

struct PreviewOptions {
    std::string replacement_image;            ///< src of our own image, "" drops images
    std::uint64_t max_text = 512ULL * 1024;   ///< bytes of text shown
    std::uint64_t max_message = 64ULL << 20U; ///< bytes of the message that are read at all
    bool wants_text = true;                   ///< false: Preview::text of HTML may be left empty
    std::string about;                        ///< names the message in the log; "": nothing does
};

/// Everything in it is safe where it says it is, and nowhere else.
struct Preview {
    std::string html;    ///< sanitized fragment; a sentence when there is nothing to show. Safe as HTML.
    std::string text;    ///< the same as plain text, valid UTF-8; NOT safe as HTML
    std::string subject; ///< decoded, one line; not safe as HTML
    std::string from;    ///< decoded, one line; not safe as HTML
    std::string charset; ///< of the text as the message declares it, lower case; "" if it does not
    std::vector<mail::Attachment> attachments; ///< in the order of the message; their names are fit to show
    std::string trouble; ///< why nothing is shown although it may be later (no worker could be started)
};

/// Reads a message (trace lines already removed) and says what may be shown of it. Whatever the message
/// contains, an answer comes: what cannot be shown is replaced by a sentence. `message` may be nullptr: the
/// message is gone, and a sentence says so. A BackendError of the reader becomes such a sentence too.
///
/// Thread-safety: may be called from any thread.
Preview preview(MessageReader* message, const PreviewOptions& options);

/// HTML of any bytes, in the charset that a byte order mark or the HTML itself says, UTF-8 or windows-1252:
/// the sanitized fragment in valid UTF-8, "" when nothing is left. What is longer than options.max_text is
/// cut, and a sentence says so. Whatever it contains, an answer comes: a sentence where it cannot be shown.
///
/// Thread-safety: may be called from any thread.
std::string sanitized(std::string_view html, const PreviewOptions& options);

/// What has become of previews since the start of the program.
struct Counts {
    std::uint64_t made = 0;
    std::uint64_t failed = 0; ///< "cannot be shown safely": the worker died, took too long or talked nonsense
    std::uint64_t started = 0; ///< workers
};
Counts counts();

/// The program of the workers when it is not where it belongs; "" when it is there.
std::string missing_program();

} // namespace qm::preview
