// Whatever HTML goes in: what comes out is allowed, valid UTF-8, within the limit, and stays the same when it
// is sanitized again; who asks whether it is ours hears yes. What else passes for ours is harmless.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.h"
#include "fuzz/property.h"
#include "html/sanitizer.h"
#include "html/strict.h"
#include "unit/html/allowed_only.h"
#include "unit/html/events.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    qm::html::SanitizeOptions options;
    options.replacement_image = "cid:removed.png";
    const qm::html::Sanitized once = qm::html::sanitize(input, options);
    const std::string wrong = qm::test::what_is_not_allowed(once.html);
    qm::fuzz::expect(wrong.empty(), wrong);
    qm::fuzz::expect(once.html.size() <= options.max_input, "the result is not longer than the limit");
    qm::fuzz::expect(qm::html::sanitize(once.html, options).html == once.html,
                     "sanitizing twice changes nothing");

    qm::fuzz::expect(qm::html::is_sanitized(once.html, options.replacement_image), "the result is ours");

    qm::html::SanitizeOptions narrow = options;
    narrow.max_input = 20 + size / 2 + (size == 0 ? 0 : data[size / 2]);
    const qm::html::Sanitized cut = qm::html::sanitize(input, narrow);
    qm::fuzz::expect(cut.html.size() <= narrow.max_input, "what is cut is not longer than the limit");
    qm::fuzz::expect(qm::html::sanitize(cut.html, narrow).html == cut.html,
                     "sanitizing twice what was cut changes nothing");
    qm::fuzz::expect(qm::html::is_sanitized(cut.html, options.replacement_image), "what is cut is ours");

    if (qm::html::is_sanitized(input, options.replacement_image)) {
        const std::string harm = qm::test::what_is_harmful(input);
        qm::fuzz::expect(harm.empty(), "passes for ours: " + harm);
    }

    qm::fuzz::expect_same(qm::test::events_of(input, true), qm::test::events_of(input, false),
                          "the quick walk shows what the parser sees");
    const std::string as_text = qm::html::html_to_text(input);
    qm::fuzz::expect(qm::text::to_valid_utf8(as_text) == as_text, "the text is valid UTF-8");
    const std::string shown = qm::html::text_to_html(input.substr(0, 50'000));
    qm::fuzz::expect(qm::html::sanitize(shown, options).html == shown,
                     "text as HTML passes the sanitizer unchanged");
    qm::fuzz::expect(qm::html::is_sanitized(shown, ""), "text as HTML is ours");
    return 0;
}
