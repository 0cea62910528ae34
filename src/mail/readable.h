// What a message says: its texts, its subject, its attachments' names. Everything in here comes from
// the message and is hostile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qm::mail {

struct Attachment {
    std::string
        name; ///< fit to show: one line, no path, no controls, no bidirectional tricks; never a file name
    std::string type;       ///< "application/pdf"
    std::uint64_t size = 0; ///< decoded bytes
};

struct Text {
    std::string text; ///< valid UTF-8 whatever the charset was
    bool is_html = false;
    std::string charset; ///< as declared, lower case; "" if none was
};

struct Readable {
    std::vector<Text> texts; ///< in the order of the message; none when there is nothing to show
    bool cut = false;        ///< there is more text than the limit
    std::string problem;     ///< "" or a sentence in English: why there is no text, or what could not be read
    bool contradicts_itself = false; ///< programs differ in how they read it
    std::vector<Attachment> attachments;
    std::string subject; ///< decoded, one line
    std::string from;    ///< decoded, one line
};

/// Limits on the work for one message.
struct ReadLimits {
    std::uint64_t max_text = 512ULL * 1024; ///< bytes of all text parts together that are shown
    std::size_t max_texts = 100;            ///< text parts that are shown
    std::size_t max_parts = 1000;
    std::size_t max_depth = 50;
    std::size_t max_attachments = 100;
};

/// True for HTML of which nothing is seen. Who shows it knows: two readers of HTML never agree in everything,
/// and where they do not, another part would be shown in place of what every program shows.
using IsBlankHtml = bool (*)(std::string_view html);

/// Reads a whole message (header block, empty line, body; line ends CRLF or LF). Its texts are those of
/// mail/text_parts.h; a multipart without its boundary is shown as it is. Attachments are all other parts but
/// alternatives of a text and texts in which nothing is seen; a text that has a name is listed as well. The
/// name of an attachment is the filename of its Content-Disposition, without one the name of its
/// Content-Type; where there are several that differ, behind it stand those that other programs may show.
/// Never throws for what a message contains.
///
/// Thread-safety: may be called from any thread.
Readable read_message(std::string_view message, const ReadLimits& limits = {},
                      IsBlankHtml is_blank_html = nullptr);

} // namespace qm::mail
