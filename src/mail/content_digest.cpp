#include "mail/content_digest.h"

#include <algorithm>
#include <cassert>

#include "base/text.h"
#include "mail/decode.h"

namespace qm::mail {
namespace {

constexpr std::array<std::string_view, 4> kNames{"from", "date", "message-id", "subject"};
constexpr unsigned kFrom = 1U;
constexpr std::array<std::string_view, 3> kMeaning{"mime-version", "sender", "reply-to"};
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
    for (std::size_t i = 0; i < headers.size(); ++i) {
        const HeaderField field = headers[i];
        const std::string name = text::to_lower(field.name);
        const auto* const found = std::ranges::find(kNames, name);
        const bool means = name.starts_with("content-") ||
                           std::ranges::find(kMeaning, std::string_view(name)) != kMeaning.end();
        if (found == kNames.end() && !means) {
            continue;
        }
        const std::string line = name + ":" + with_single_blanks(unfold(field.value)) + "\n";
        (means ? meaning_ : all_.at(static_cast<std::size_t>(found - kNames.begin()))) += line;
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
    Sha256 sum;
    // One line a field, in this order: no value can be mistaken for another field's or for the body.
    for (std::size_t i = 0; i < kFields; ++i) {
        sum.update(kNames.at(i));
        sum.update(":");
        sum.update(fields_.at(i));
        sum.update("\n");
    }
    sum.update(body_sum_);
    return sum.finish();
}

std::string ContentDigest::as_sent() const
{
    const bool is_completed = all_.front().find('@') == std::string::npos;
    return strict_digest(is_completed ? kFrom : 0);
}

std::vector<std::string> ContentDigest::as_received() const
{
    std::vector<std::string> digests;
    for (unsigned left_out = 0; left_out <= kAddable; ++left_out) {
        std::string one = strict_digest(left_out);
        if (std::ranges::find(digests, one) == digests.end()) {
            digests.push_back(std::move(one));
        }
    }
    return digests;
}

std::string ContentDigest::strict_digest(unsigned left_out) const
{
    assert(!body_sum_.empty());
    Sha256 sum;
    for (std::size_t i = 0; i < kFields; ++i) {
        sum.update(kNames.at(i));
        sum.update("\n");
        if ((left_out >> i & 1U) == 0) {
            sum.update(all_.at(i));
        }
    }
    sum.update("meaning\n");
    sum.update(meaning_);
    sum.update(body_sum_);
    return sum.finish();
}

} // namespace qm::mail
