#include "mail/content_digest.h"

#include <algorithm>
#include <cassert>

#include "mail/decode.h"

namespace qm::mail {
namespace {

constexpr std::array<std::string_view, 4> kNames{"from", "date", "message-id", "subject"};
constexpr unsigned kFrom = 1U;
/// From, Date and Message-ID: what a mail server adds.
constexpr unsigned kAddable = 7U;

/// Runs of blanks as one, none at the ends; unfold() left no line end in the text.
std::string with_single_blanks(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    for (const char c : text) {
        if (c != ' ' && c != '\t') {
            result.push_back(c);
        } else if (!result.empty() && result.back() != ' ') {
            result.push_back(' ');
        }
    }
    if (result.ends_with(' ')) {
        result.pop_back();
    }
    return result;
}

} // namespace

ContentDigest::ContentDigest(const Headers& headers)
{
    for (std::size_t i = 0; i < kFields; ++i) {
        fields_.at(i) = with_single_blanks(unfold(headers.find(kNames.at(i))));
    }
}

ContentDigest::ContentDigest(std::string_view message)
{
    Headers headers;
    const std::size_t begin = parse_headers(message, headers);
    *this = ContentDigest(headers);
    body(message.substr(begin));
}

void ContentDigest::body(std::string_view bytes)
{
    body_.update(bytes);
}

std::string ContentDigest::finish()
{
    body_sum_ = body_.finish();
    return digest(0);
}

std::vector<std::string> ContentDigest::as_sent() const
{
    return {digest(0), digest(kFrom)};
}

std::vector<std::string> ContentDigest::as_received() const
{
    std::vector<std::string> digests;
    for (unsigned left_out = 0; left_out <= kAddable; ++left_out) {
        std::string one = digest(left_out);
        if (std::ranges::find(digests, one) == digests.end()) {
            digests.push_back(std::move(one));
        }
    }
    return digests;
}

std::string ContentDigest::digest(unsigned left_out) const
{
    assert(!body_sum_.empty());
    Sha256 sum;
    // One line a field, in this order: no value can be mistaken for another field's or for the body.
    for (std::size_t i = 0; i < kFields; ++i) {
        sum.update(kNames.at(i));
        sum.update(":");
        if ((left_out >> i & 1U) == 0) {
            sum.update(fields_.at(i));
        }
        sum.update("\n");
    }
    sum.update(body_sum_);
    return sum.finish();
}

} // namespace qm::mail
