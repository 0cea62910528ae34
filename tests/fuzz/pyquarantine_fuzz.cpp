// Any bytes as the metadata of pyquarantine-milter, any text as their name, any bytes as an mbox: never a
// crash; what was read keeps its promises; the mails of an mbox lie in it one behind the other.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.h"
#include "ctl/mbox.h"
#include "ctl/pyquarantine.h"
#include "fuzz/property.h"

namespace {

using namespace qm;
using fuzz::expect;

bool is_valid(std::string_view text)
{
    return text::to_valid_utf8(text) == text;
}

bool has_controls(std::string_view address)
{
    return address.find_first_of(std::string_view("\0\r\n\x7F", 4)) != std::string_view::npos;
}

void check(const ctl::PyMetadata& metadata)
{
    expect(!metadata.recipients.empty(), "there is a recipient");
    for (const std::string& recipient : metadata.recipients) {
        expect(!recipient.empty() && !has_controls(recipient) && is_valid(recipient),
               "a recipient is an address");
    }
    expect(!has_controls(metadata.sender) && is_valid(metadata.sender), "the sender is an address");
    for (const std::string* const text : {&metadata.queue_id, &metadata.subject, &metadata.header_from,
                                          &metadata.header_date, &metadata.why}) {
        expect(is_valid(*text), "text is UTF-8");
    }
    for (const auto& [name, text] : metadata.groups) {
        expect(is_valid(name) && is_valid(text), "groups are UTF-8");
    }
    if (metadata.time) {
        expect(*metadata.time >= Time{} && *metadata.time < Time(std::chrono::hours(24 * 365 * 9000)),
               "the time is one");
    }
}

void check_mbox(std::string_view input)
{
    const char* behind = input.data();
    for (const ctl::MboxMail& mail : ctl::split_mbox(input)) {
        expect(mail.bytes.data() >= behind &&
                   mail.bytes.data() + mail.bytes.size() <= input.data() + input.size(),
               "mails lie one behind the other");
        behind = mail.bytes.data() + mail.bytes.size();
    }
    expect(!ctl::is_mbox(input) || behind == input.data() + input.size(), "the last mail goes to the end");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are bytes
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    check_mbox(input);
    // The first line is the name, the rest the metadata.
    const auto line = input.find('\n');
    const std::string_view name = line == std::string_view::npos ? "mail" : input.substr(0, line);
    const std::string_view metadata = line == std::string_view::npos ? input : input.substr(line + 1);
    const ctl::PyResult result = ctl::read_pyquarantine(name, metadata);
    expect(result.metadata.has_value() == result.problem.empty(), "it is read, or it is said why not");
    if (result.metadata) {
        check(*result.metadata);
        const HeldId id = ctl::imported_id(result.metadata->time.value_or(Time{}), name, metadata);
        expect(HeldId::parse(id.str()) == id, "the id is one");
    }
    return 0;
}
