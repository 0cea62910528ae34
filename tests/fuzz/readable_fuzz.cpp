// Whatever message goes in: there is text or a sentence, everything shown is valid UTF-8 on one line where it
// says so, and a preview comes.
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/text.h"
#include "fuzz/property.h"
#include "mail/readable.h"
#include "preview/preview.h"

namespace {

class BytesReader final : public qm::MessageReader {
  public:
    explicit BytesReader(std::string_view bytes) : rest_(bytes) {}

    std::size_t read(std::span<char> buffer) override
    {
        const std::size_t count = rest_.copy(buffer.data(), buffer.size());
        rest_.remove_prefix(count);
        return count;
    }

  private:
    std::string_view rest_;
};

void expect_valid(const std::string& text, const char* what)
{
    qm::fuzz::expect(qm::text::to_valid_utf8(text) == text, std::string(what) + " is valid UTF-8");
}

void expect_line(const std::string& text, const char* what)
{
    expect_valid(text, what);
    qm::fuzz::expect(text.find_first_of("\r\n\x1B") == std::string::npos, std::string(what) + " is one line");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view message(reinterpret_cast<const char*>(data), size);
    const qm::mail::Readable readable = qm::mail::read_message(message);
    expect_valid(readable.text, "the text");
    expect_line(readable.subject, "the subject");
    expect_line(readable.from, "the sender");
    expect_line(readable.charset, "the charset");
    qm::fuzz::expect(!readable.text.empty() || !readable.problem.empty(), "there is text or a sentence");
    for (const qm::mail::Attachment& attachment : readable.attachments) {
        expect_line(attachment.name, "a name");
        expect_line(attachment.type, "a type");
        qm::fuzz::expect(!attachment.name.empty() && attachment.name.size() <= 255,
                         "a name has 1 to 255 bytes");
        qm::fuzz::expect(attachment.name.find_first_of("/\\") == std::string::npos, "a name is no path");
    }
    BytesReader reader(message);
    const qm::preview::Preview preview = qm::preview::preview(&reader, {});
    qm::fuzz::expect(!preview.html.empty() && !preview.text.empty(), "a preview comes");
    expect_valid(preview.html, "the HTML");
    expect_valid(preview.text, "the text of the preview");
    return 0;
}
