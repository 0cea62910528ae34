// Whatever message goes in: there is text or a sentence, everything shown is valid UTF-8 on one line where it
// says so, and a preview comes, which who asked for it believes.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.h"
#include "fuzz/property.h"
#include "html/strict.h"
#include "mail/readable.h"
#include "preview/frame.h"
#include "preview/render.h"

namespace {

using namespace qm;
using fuzz::expect;

/// The daemon takes no longer answer than that and four times the text (src/preview/workers.cpp).
constexpr std::size_t kMaxOverhead = 4U << 20U;

void expect_valid(const std::string& text, const char* what)
{
    expect(text::to_valid_utf8(text) == text, std::string(what) + " is valid UTF-8");
}

void expect_line(const std::string& text, const char* what)
{
    expect_valid(text, what);
    expect(text.find_first_of("\r\n\x1B") == std::string::npos, std::string(what) + " is one line");
}

void check_attachment(const mail::Attachment& attachment)
{
    expect_line(attachment.name, "a name");
    expect_line(attachment.type, "a type");
    expect(!attachment.name.empty() && attachment.name.size() <= 255, "a name has 1 to 255 bytes");
    expect(attachment.name.find_first_of("/\\") == std::string::npos, "a name is no path");
}

void check_readable(std::string_view message)
{
    const mail::Readable readable = mail::read_message(message);
    for (const mail::Text& text : readable.texts) {
        expect_valid(text.text, "a text");
        expect_line(text.charset, "the charset");
    }
    expect_line(readable.subject, "the subject");
    expect_line(readable.from, "the sender");
    expect(!readable.texts.empty() || !readable.problem.empty(), "there is text or a sentence");
    for (const mail::Attachment& attachment : readable.attachments) {
        check_attachment(attachment);
    }
}

void check_preview(const preview::Preview& preview, const preview::PreviewOptions& options)
{
    expect(!preview.html.empty() && !preview.text.empty(), "a preview comes");
    expect(html::is_sanitized(preview.html, options.replacement_image), "the HTML is ours");
    expect_valid(preview.html, "the HTML");
    expect_valid(preview.text, "the text of the preview");
    for (const mail::Attachment& attachment : preview.attachments) {
        check_attachment(attachment);
    }
    const std::string bytes = preview::written(preview);
    expect(bytes.size() <= kMaxOverhead + 4 * options.max_text, "an answer is bounded");
    const auto read = preview::read_preview(bytes);
    expect(read && preview::written(*read) == bytes, "an answer arrives as it was sent");
}

void check_html(std::string_view html, const preview::PreviewOptions& options)
{
    const std::string shown = preview::render_html(html, options);
    expect(html::is_sanitized(shown, options.replacement_image), "the HTML of HTML is ours");
    expect_valid(shown, "the HTML of HTML");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const bool ready = (preview::prepare_rendering(), true);
    static_cast<void>(ready);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are bytes
    const std::string_view message(reinterpret_cast<const char*>(data), size);
    check_readable(message);
    preview::PreviewOptions options;
    const bool is_cut = size % 4 == 3;
    if (size % 2 == 1) {
        options.replacement_image = "cid:removed.png";
    }
    if (is_cut) {
        options.max_text = 100;
    }
    check_preview(preview::render(message, is_cut, options), options);
    check_html(message, options);
    return 0;
}
