// Any bytes as the metadata of pyquarantine-milter, any text as their name, any bytes as an mbox: never a
// crash; what was read keeps its promises; an mbox has the same mails however it is cut.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

/// The heads of the mails, of a file that comes in pieces of `piece` bytes.
std::vector<std::pair<std::string, std::string>> heads(std::string_view input, std::size_t piece)
{
    constexpr std::size_t kLongestHead = 300;
    std::vector<std::pair<std::string, std::string>> all;
    ctl::MailSplitter splitter(kLongestHead, [&](const ctl::MailHead& head) {
        expect(head.bytes.size() <= kLongestHead, "a head is bounded");
        all.emplace_back(head.sender, head.bytes);
    });
    for (std::size_t at = 0; at < input.size(); at += piece) {
        splitter.feed(input.substr(at, piece));
    }
    splitter.finish();
    expect(splitter.is_mbox() == input.starts_with("From "), "an mbox begins with From");
    expect(splitter.is_mbox() || all.size() == 1, "any other file is one mail");
    return all;
}

void check_mbox(std::string_view input)
{
    const auto whole = heads(input, input.size() + 1);
    expect(heads(input, 1) == whole && heads(input, 7) == whole, "it does not matter how the file is cut");
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
