// Turns a stranger's HTML into HTML that we wrote ourselves.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qm::html {

struct SanitizeOptions {
    /// Put in place of every image: the `src` of our own image ("cid:..."), or "" to drop images.
    std::string replacement_image;
    std::uint64_t max_input = 512ULL * 1024; ///< bytes; the rest is cut
};

struct Sanitized {
    std::string html; ///< a fragment, valid UTF-8, every element closed
    bool cut = false; ///< the input was longer than max_input, deeper or wider than is safe to parse
};

/// Rebuilds the gumbo tree of `input` (any bytes) from an allow list of elements, attributes and CSS
/// properties (src/html/allowed). No script, no event handler, nothing that loads from anywhere, no live link
/// (the target is shown as text), no form control, no id, name or class, nothing that positions itself. Doing
/// it twice changes nothing. Time and memory are bounded by max_input.
///
/// Thread-safety: may be called from any thread.
Sanitized sanitize(std::string_view input, const SanitizeOptions& options = {});

/// Plain text as an HTML fragment: escaped, line ends kept, quoted lines in their order.
std::string text_to_html(std::string_view text);

/// HTML of ours (a rendered notice) as plain text in UTF-8: paragraphs and table rows as lines, lists with
/// dashes, link targets in angle brackets behind their text, no line over `width` characters unless a word
/// is.
std::string html_to_text(std::string_view html, std::size_t width = 76);

/// & < > " ' as entities; controls other than tab and line feed, and code points
/// that are never characters, as U+FFFD; valid UTF-8. At most kMostEscaped times as long.
constexpr std::size_t kMostEscaped = 6;
std::string escape(std::string_view text);
/// How many bytes at the beginning escape() leaves as they are: ASCII without a character that it replaces.
std::size_t plain_length(std::string_view text);
/// The same as escape(), behind what is there.
void append_escaped(std::string_view text, std::string& to);

} // namespace qm::html
