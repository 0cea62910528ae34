// Header values and header blocks. Properties: a decoded value is one line; a value without encoded words
// loses nothing; what people see is valid UTF-8; a block reads back as the fields it was made of.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "mail/content_digest.h"
#include "mail/decode.h"
#include "mail/headers.h"

namespace {

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

void check_value(std::string_view value)
{
    namespace mail = qm::mail;
    const std::string unfolded = mail::unfold(value);
    const std::string decoded = mail::decode(value);
    require(unfolded.find_first_of("\r\n") == std::string::npos);
    require(decoded.find_first_of("\r\n") == std::string::npos);
    require(unfolded.find("=?") != std::string::npos || decoded == unfolded);
    const std::string shown = mail::decode_for_people(value, 200);
    require(qm::text::to_valid_utf8(shown) == shown);
    require(shown.size() <= 203); // and an ellipsis
}

void check_block(std::string_view message)
{
    namespace mail = qm::mail;
    mail::Headers headers;
    require(mail::parse_headers(message, headers) <= message.size());
    mail::Headers again;
    require(mail::parse_headers(headers.block(), again) == headers.block().size());
    require(again.size() == headers.size());
    require(again.block() == headers.block());
    mail::Headers added;
    added.add("Subject", message);
    mail::Headers read;
    require(mail::parse_headers(added.block(), read) == added.block().size());
    require(read.size() == 1 && read[0].value == added[0].value);
    require(mail::ContentDigest(headers).finish() == mail::ContentDigest(again).finish());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    check_value(input);
    check_block(input);
    return 0;
}
