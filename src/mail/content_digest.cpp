#include "mail/content_digest.h"

#include "mail/decode.h"

namespace qm::mail {
namespace {

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
    // One line a field, in this order: no value can be mistaken for another field's or for the body.
    for (const std::string_view name : {"from", "date", "message-id", "subject"}) {
        sum_.update(name);
        sum_.update(":");
        sum_.update(with_single_blanks(unfold(headers.find(name))));
        sum_.update("\n");
    }
}

void ContentDigest::body(std::string_view bytes)
{
    sum_.update(bytes);
}

std::string ContentDigest::finish()
{
    return sum_.finish();
}

} // namespace qm::mail
