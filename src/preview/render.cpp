#include "preview/render.h"

#include <algorithm>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "html/sanitizer.h"
#include "mail/body_text.h"
#include "mail/charset.h"
#include "preview/blank.h"
#include "preview/plain.h"
#include "preview/sentences.h"

namespace qm::preview {
namespace {

constexpr std::uint64_t kMaxGrowth = 3; ///< of plain text when it becomes HTML

/// Whether HTML of ours says something that is no blank; false when a closer look is needed.
bool surely_says_something(std::string_view html)
{
    const auto is_alphanumeric = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    while (!html.empty()) {
        if (html.front() == '<' || html.front() == '&') {
            const auto end = html.find(html.front() == '<' ? '>' : ';');
            html.remove_prefix(end == std::string_view::npos ? html.size() : end + 1);
        } else if (is_alphanumeric(html.front())) {
            return true;
        } else {
            html.remove_prefix(1);
        }
    }
    return false;
}

/// True when the end of it is missing.
bool show_plain(Preview& preview, std::string_view text, const PreviewOptions& options)
{
    const std::size_t whole = text.size();
    preview.html = html::text_to_html(text);
    while (preview.html.size() > kMaxGrowth * options.max_text) { // nothing but signs that are escaped
        text = text::cut_utf8(text, text.size() / 2);
        preview.html = html::text_to_html(text);
    }
    preview.text = plain(text);
    return text.size() < whole;
}

/// One below the other, with an empty line between them.
std::string joined(const std::vector<mail::Text>& texts)
{
    std::string all;
    for (const mail::Text& one : texts) {
        if (!all.empty()) {
            all += all.ends_with('\n') ? "\n" : "\n\n";
        }
        all += one.text;
    }
    return all;
}

/// Each by itself, so that what one leaves open takes nothing of the next, and then all of them, because
/// there are limits for the whole.
html::Sanitized sanitized(const std::vector<mail::Text>& texts, const PreviewOptions& options)
{
    html::Sanitized all;
    for (const mail::Text& one : texts) {
        html::Sanitized part = one.is_html
                                   ? html::sanitize(one.text, {options.replacement_image, options.max_text})
                                   : html::Sanitized{html::text_to_html(one.text), false};
        if (texts.size() == 1) {
            return part;
        }
        all.html += (all.html.empty() ? "" : "<hr>") + part.html;
        all.cut = all.cut || part.cut;
    }
    html::Sanitized whole =
        html::sanitize(all.html, {options.replacement_image, kMaxGrowth * options.max_text});
    whole.cut = whole.cut || all.cut;
    return whole;
}

/// True when the end of it is missing.
bool show_texts(Preview& preview, const std::vector<mail::Text>& texts, const PreviewOptions& options)
{
    if (std::ranges::none_of(texts, &mail::Text::is_html)) {
        return show_plain(preview, joined(texts), options);
    }
    html::Sanitized shown = sanitized(texts, options);
    // From what is shown, so that both say the same and a link's target is checked in one place.
    if (options.wants_text || !surely_says_something(shown.html)) {
        preview.text = plain(html::html_to_text(shown.html));
    }
    preview.html = std::move(shown.html);
    return shown.cut;
}

bool is_blank(std::string_view text)
{
    return text.find_first_not_of(" \t\n") == std::string_view::npos;
}

Preview of_bytes(std::string_view message, bool cut, const PreviewOptions& options)
{
    mail::ReadLimits limits;
    limits.max_text = options.max_text;
    mail::Readable readable = mail::read_message(message, limits, is_blank_html);
    Preview preview;
    preview.subject = std::move(readable.subject);
    preview.from = std::move(readable.from);
    preview.charset = readable.texts.empty() ? "" : readable.texts.front().charset;
    preview.attachments = std::move(readable.attachments);
    if (readable.texts.empty()) {
        say(preview, readable.problem.empty() ? kNoText : std::string_view(readable.problem));
        if (readable.contradicts_itself) {
            say(preview, kContradicts);
        }
        return preview;
    }
    const bool is_cut = show_texts(preview, readable.texts, options) || readable.cut || cut;
    if (is_blank(preview.text) && !surely_says_something(preview.html) &&
        preview.html.find("<img") == std::string::npos) {
        preview.text.clear();
        say(preview, kNoText);
    }
    if (is_cut) {
        say(preview, kCut);
    }
    if (!readable.problem.empty()) {
        say(preview, readable.problem);
    }
    if (readable.contradicts_itself) {
        say(preview, kContradicts);
    }
    return preview;
}

/// One of everything that is set up when it is first used.
constexpr std::string_view kSample =
    "From: =?utf-8?B?w6Q=?= <a@xn--bcher-kva.example>\r\nSubject: =?utf-8?Q?=C3=A4?=\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p style=3D\"color:red\">=C3=A4 "
    "<a href=3D\"https://b\xC3\xBC"
    "cher.example/\">x</a></p>\r\n--b\r\nContent-Type: application/pdf; "
    "name*=utf-8''%C3%A4\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b\r\nContent-Type: "
    "message/rfc822\r\n\r\nSubject: x\r\n\r\nbegin 644 x\r\n`\r\nend\r\n--b--\r\n";

} // namespace

void prepare_rendering()
{
    mail::open_charsets();
    render(kSample, false, {});
}

Preview render(std::string_view message, bool cut, const PreviewOptions& options)
{
    try {
        return of_bytes(message, cut, options);
    } catch (const std::exception&) {
        return sentence(kUnsafe);
    }
}

std::string render_html(std::string_view html, const PreviewOptions& options)
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
