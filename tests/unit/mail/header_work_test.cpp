// Headers and addresses made to keep a parser busy: whatever goes in, twice of it is not more than twice the
// work.
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "mail/address.h"
#include "mail/content_digest.h"
#include "mail/decode.h"
#include "mail/headers.h"
#include "mail_parts.h"
#include "support/linear_work.h"

namespace qm::mail {
namespace {

using test::times;

using Reader = std::pair<std::string_view, std::function<void(const std::string&)>>;

void expect_linear(const std::vector<Reader>& readers, const std::vector<std::string_view>& pieces,
                   std::size_t bytes)
{
    for (const auto& [name, read] : readers) {
        for (const std::string_view piece : pieces) {
            test::expect_linear(
                std::string(name) + " of " + std::string(piece), bytes,
                [&](std::size_t size) { return times(size / piece.size(), piece); }, read);
        }
    }
}

} // namespace

TEST(HeaderWork, DecodingIsLinear)
{
    expect_linear({{"decode", [](const std::string& text) { decode(text); }},
                   {"decode_for_people", [](const std::string& text) { decode_for_people(text); }},
                   {"unfold", [](const std::string& text) { unfold(text); }}},
                  {"=?utf-8?q?a?= ", "=?utf-8?b?YQ==?=", "=?", "=?x?q?", "=?x?q",
                   "=?utf-8?q?=", "=?utf-8?q?a", "\r\n ", "\r", "\xFF",
                   "=?koi8-r?q?a?= =?gb2312?b?/w==?= ", "=?iso-2022-jp?b?GyRC?= ", "?="},
                  500'000);
}

TEST(HeaderWork, ReadingAddressesIsLinear)
{
    expect_linear(
        {{"first_mailbox", [](const std::string& text) { first_mailbox(text); }},
         {"without_brackets", [](const std::string& text) { without_brackets(text); }},
         {"key", [](const std::string& text) { key(text); }},
         {"is_sendable", [](const std::string& text) { is_sendable(text); }},
         {"unwrapped_sender", [](const std::string& text) { unwrapped_sender(text); }},
         {"unwrapped_sender with a domain", [](const std::string& text) { unwrapped_sender(text + "@x"); }},
         {"ascii_domain", [](const std::string& text) { ascii_domain(text); }},
         {"native_domain", [](const std::string& text) { native_domain(text); }}},
        {"(", "()", "\"", "\\", "<", "<@a:", "@", "a@b,", "a:", ";", ".", "prvs=a=", "SRS0=a=b=c=", "ü.",
         "xn--", "\"\\\"", "=?utf-8?q?a?= "},
        250'000);
    const std::string nested = times(kMaxAddress, "(") + "x" + times(kMaxAddress, ")") + " <a@b.example>";
    EXPECT_EQ(first_mailbox(nested).address, "a@b.example");
}

TEST(HeaderWork, ReadingAndDigestingABlockIsLinear)
{
    expect_linear(
        {{"parse_headers",
          [](const std::string& text) {
              Headers headers;
              parse_headers(text, headers);
              headers.find("Subject");
              static_cast<void>(headers.size());
          }},
         {"digest",
          [](const std::string& text) {
              ContentDigest digest(text);
              digest.finish();
              digest.as_received();
          }}},
        {"a:b\r\n", "Subject: x\r\n", "Content-Type: a\r\n", "a: b\r\n c\r\n", "\n", " \n", ":", "a", "a:\n"},
        500'000);
}

TEST(HeaderWork, TenThousandFieldsAndAMegabyteFieldAreKeptAsTheyAre)
{
    const std::string block = times(10'000, "X-A: b\r\n") + "X-Long: " + std::string(1U << 20U, 'x') + "\r\n";
    Headers headers;
    EXPECT_EQ(parse_headers(block + "\r\nbody", headers), block.size() + 2);
    EXPECT_EQ(headers.size(), 10'001U);
    EXPECT_EQ(headers.block(), block);
    EXPECT_EQ(headers.find("x-long").size(), (1U << 20U) + 1);
}

} // namespace qm::mail
