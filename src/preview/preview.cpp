#include "preview/preview.h"

#include <array>
#include <exception>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "html/sanitizer.h"
#include "mail/body_text.h"
#include "quarantine/error.h"

namespace qm::preview {
namespace {

constexpr std::string_view kGone = "The message is not stored any more.";
constexpr std::string_view kUnreadable = "The stored message could not be read.";
constexpr std::string_view kNoText = "This message has no text.";
constexpr std::string_view kUnsafe = "This message cannot be shown safely.";
constexpr std::string_view kCut = "The message is longer than what is shown here.";

struct ReadBytes {
    std::string bytes;
    bool cut = false; ///< the message goes on
};

ReadBytes read_bytes(MessageReader& message, std::uint64_t limit)
{
    ReadBytes result;
    std::array<char, 65536> buffer{};
    for (;;) {
        const std::size_t count = message.read(buffer);
        if (count == 0) {
            return result;
        }
        if (result.bytes.size() + count > limit) {
            result.bytes.append(buffer.data(), limit - result.bytes.size());
            result.cut = true;
            return result;
        }
        result.bytes.append(buffer.data(), count);
    }
}

std::string html_sentence(std::string_view sentence)
{
    return "<p><em>" + html::escape(sentence) + "</em></p>";
}

/// A sentence of ours, below what is shown of the message or in its place.
void say(Preview& preview, std::string_view sentence)
{
    preview.html += html_sentence(sentence);
    preview.text += preview.text.empty() ? "" : "\n\n";
    preview.text += "(" + std::string(sentence) + ")\n";
}

/// Text without the controls that a terminal or a mail program obeys.
std::string plain(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const text::Character character = text::first_character(text);
        const char32_t code = character.code;
        const bool is_control =
            (code < 0x20 && code != '\n' && code != '\t') || (code >= 0x7F && code <= 0x9F);
        if (!is_control) {
            text::append_utf8(result, code);
        }
        text.remove_prefix(character.bytes);
    }
    return result;
}

/// True when the end of it is missing.
bool show_text(Preview& preview, const mail::Readable& readable, const PreviewOptions& options)
{
    if (!readable.is_html) {
        preview.html = html::text_to_html(readable.text);
        preview.text = plain(readable.text);
        return readable.cut;
    }
    const html::SanitizeOptions sanitize{options.replacement_image, options.max_text};
    html::Sanitized sanitized = html::sanitize(readable.text, sanitize);
    // From what is shown, so that both say the same and a link's target is checked in one place.
    preview.text = plain(html::html_to_text(sanitized.html));
    preview.html = std::move(sanitized.html);
    return readable.cut || sanitized.cut;
}

bool is_blank(std::string_view text)
{
    return text.find_first_not_of(" \t\n") == std::string_view::npos;
}

Preview of_bytes(const ReadBytes& message, const PreviewOptions& options)
{
    mail::ReadLimits limits;
    limits.max_text = options.max_text;
    mail::Readable readable = mail::read_message(message.bytes, limits);
    Preview preview;
    preview.subject = std::move(readable.subject);
    preview.from = std::move(readable.from);
    preview.charset = std::move(readable.charset);
    preview.attachments = std::move(readable.attachments);
    if (readable.text.empty()) {
        say(preview, readable.problem.empty() ? kNoText : std::string_view(readable.problem));
        return preview;
    }
    const bool is_cut = show_text(preview, readable, options) || message.cut;
    if (is_blank(preview.text) && preview.html.find("<img") == std::string::npos) {
        preview.text.clear();
        say(preview, kNoText);
    }
    if (is_cut) {
        say(preview, kCut);
    }
    if (!readable.problem.empty()) {
        say(preview, readable.problem);
    }
    return preview;
}

Preview sentence(std::string_view text)
{
    Preview preview;
    say(preview, text);
    return preview;
}

} // namespace

Preview preview(MessageReader* message, const PreviewOptions& options)
{
    if (message == nullptr) {
        return sentence(kGone);
    }
    try {
        return of_bytes(read_bytes(*message, options.max_message), options);
    } catch (const BackendError&) {
        return sentence(kUnreadable);
    } catch (const std::exception&) {
        return sentence(kUnsafe);
    }
}

std::string sanitized(std::string_view html, const PreviewOptions& options)
{
    try {
        const std::string_view shown = text::cut_utf8(html, options.max_text);
        html::Sanitized result =
            html::sanitize(mail::body_text(shown, "", true), {options.replacement_image, options.max_text});
        if (result.cut || shown.size() < html.size()) {
            result.html += html_sentence(kCut);
        }
        return std::move(result.html);
    } catch (const std::exception&) {
        return html_sentence(kUnsafe);
    }
}

} // namespace qm::preview
