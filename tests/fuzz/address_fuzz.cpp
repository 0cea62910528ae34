// Envelope addresses and address headers. Properties: the parts add up to the address; a key is its own key;
// what may be sent cannot leave its brackets; unwrapping and reading mailboxes end.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "mail/address.h"

namespace {

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    namespace mail = qm::mail;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string_view address = mail::without_brackets(input);
    require(address.size() <= input.size());

    const std::string_view local = mail::local_part(address);
    const std::string_view domain = mail::domain(address);
    require(address == local || address == std::string(local) + '@' + std::string(domain));

    const std::string key = mail::key(address);
    require(mail::key(key) == key);

    if (mail::is_sendable(address)) {
        require(address.find_first_of("\r\n") == std::string_view::npos);
        require(qm::text::to_valid_utf8(address) == address);
        // A reader of the protocol finds the same address between our brackets.
        if (!address.starts_with('@') && !address.starts_with('<')) {
            require(mail::without_brackets("<" + std::string(address) + ">") == address);
        }
    }

    const std::string sender = mail::unwrapped_sender(address);
    require(sender.size() <= address.size());

    const mail::Mailbox mailbox = mail::first_mailbox(input);
    require(qm::text::to_valid_utf8(mailbox.name) == mailbox.name);
    require(qm::text::to_valid_utf8(mailbox.address) == mailbox.address);
    return 0;
}
