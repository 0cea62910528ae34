#include "ctl/id_argument.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

namespace qm::ctl {
namespace {

constexpr std::size_t kCandidates = 10;
/// For what changes something: one character more or less must not hit a message by chance.
constexpr std::size_t kShortest = 6;
constexpr std::string_view kCharacters = "0123456789abcdefghjkmnpqrstvwxyz";

void check_is_id(std::string_view text)
{
    if (!looks_like_id(text)) {
        throw UsageError(fmt::format("{}: not an id; ids are {} small letters and digits, or their first few",
                                     harmless_line(text, 60), HeldId::kLength));
    }
}

/// The id that `text` begins, when it is the only one.
HeldId complete(Context& context, Desk& desk, std::string_view text, Tally& tally)
{
    if (HeldId whole = HeldId::parse(text); !whole.empty()) {
        return whole;
    }
    const std::vector<HeldId> found = desk.ids_like(text, kCandidates + 1);
    if (found.size() == 1) {
        return found.front();
    }
    if (found.size() > 1) {
        tally.failed();
        context.output().problem(fmt::format("{} is short for several messages:", text));
        for (std::size_t i = 0; i < std::min(found.size(), kCandidates); ++i) {
            context.output().remark("  " + found[i].str());
        }
        if (found.size() > kCandidates) {
            context.output().remark("  and more");
        }
        return {};
    }
    tally.unmatched();
    context.output().problem(fmt::format("{}: no such message", text));
    return {};
}

} // namespace

bool looks_like_id(std::string_view text)
{
    return !text.empty() && text.size() <= HeldId::kLength &&
           text.find_first_not_of(kCharacters) == std::string_view::npos;
}

std::optional<HeldMail> find_named(Context& context, Desk& desk, std::string_view text, Tally& tally)
{
    check_is_id(text);
    const HeldId id = complete(context, desk, text, tally);
    if (id.empty()) {
        return std::nullopt;
    }
    auto mail = desk.load(id);
    if (!mail) {
        tally.unmatched();
        context.output().problem(fmt::format("{}: no such message", id.str()));
    }
    return mail;
}

std::vector<HeldMail> find_all_named(Context& context, Desk& desk, Tally& tally)
{
    for (const std::string& text : context.arguments().ids) {
        check_is_id(text);
        if (text.size() < kShortest) {
            throw UsageError(fmt::format("{}: too short; at least {} characters of an id are expected here",
                                         text, kShortest));
        }
    }
    std::vector<HeldMail> mails;
    for (const std::string& text : context.arguments().ids) {
        auto mail = find_named(context, desk, text, tally);
        if (mail && std::ranges::find(mails, mail->id, &HeldMail::id) == mails.end()) {
            mails.push_back(std::move(*mail));
        }
    }
    return mails;
}

} // namespace qm::ctl
