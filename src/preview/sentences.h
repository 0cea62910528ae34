// What stands where a message cannot be shown.
#pragma once

#include <string>
#include <string_view>

#include "html/sanitizer.h"
#include "preview/preview.h"

namespace qm::preview {

inline constexpr std::string_view kGone = "The message is not stored any more.";
inline constexpr std::string_view kUnreadable = "The stored message could not be read.";
inline constexpr std::string_view kNoText = "This message has no text.";
inline constexpr std::string_view kUnsafe = "This message cannot be shown safely.";
inline constexpr std::string_view kLater = "This message cannot be shown at the moment.";
inline constexpr std::string_view kCut = "The message is longer than what is shown here.";
inline constexpr std::string_view kContradicts =
    "This message contradicts itself; other programs may show something else.";

inline std::string html_sentence(std::string_view sentence)
{
    return "<p><em>" + html::escape(sentence) + "</em></p>";
}

/// Appends a sentence of ours, below what is shown of the message or in its place.
inline void say(Preview& preview, std::string_view sentence)
{
    preview.html += html_sentence(sentence);
    preview.text += preview.text.empty() ? "" : "\n\n";
    preview.text += "(" + std::string(sentence) + ")\n";
}

inline Preview sentence(std::string_view text)
{
    Preview preview;
    say(preview, text);
    return preview;
}

} // namespace qm::preview
