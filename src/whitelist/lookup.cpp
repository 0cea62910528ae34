#include "whitelist/lookup.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "base/text.h"
#include "mail/address.h"

namespace qm::whitelist {

namespace {

struct Shape {
    std::size_t senders, recipients; ///< candidates, the wildcard included
};

/// An ordinary sender: as received, without needless quotes, behind BATV or SRS, and their domains. Each of
/// them in three spellings when it is international.
constexpr Shape kOrdinary{7, 5};
constexpr Shape kInternational{19, 13};
/// Some fifty recipients of a few domains.
constexpr Shape kMany{19, 64};

constexpr const Shape& shape_of(Lookup::Width width)
{
    switch (width) {
    case Lookup::Width::ordinary:
        return kOrdinary;
    case Lookup::Width::international:
        return kInternational;
    case Lookup::Width::many:
        break;
    }
    return kMany;
}

constexpr bool fits(std::size_t senders, std::size_t recipients, const Shape& shape)
{
    return senders <= shape.senders && recipients <= shape.recipients;
}

void add_once(std::string text, std::vector<std::string>& to)
{
    if (!text.empty() && std::ranges::find(to, text) == to.end()) {
        to.push_back(std::move(text));
    }
}

std::vector<std::string> sender_candidates(std::string_view sender)
{
    Candidates candidates;
    candidates.add(sender);
    candidates.add(mail::key(sender));
    candidates.add(mail::key(mail::unwrapped_sender(sender)));
    return candidates.in_order();
}

std::vector<std::string> recipient_candidates(std::string_view recipient)
{
    Candidates candidates;
    candidates.add(recipient);
    candidates.add(mail::key(recipient));
    return candidates.in_order();
}

std::string places(std::size_t first, std::size_t count)
{
    std::string text;
    for (std::size_t i = first; i < first + count; ++i) {
        text += fmt::format("{}:{}", i == first ? "" : ", ", i);
    }
    return text;
}

std::optional<std::size_t> place_of(const std::vector<std::string>& candidates, std::string_view in_row)
{
    const auto found = std::ranges::find(candidates, text::to_lower(in_row));
    if (found == candidates.end()) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(found - candidates.begin());
}

} // namespace

void Candidates::add(std::string_view address)
{
    const std::string lower = text::to_valid_utf8(text::to_lower(address));
    const std::string_view domain = mail::domain(lower);
    if (text::is_ascii(domain)) {
        add_spelling(lower);
        if (domain.find("xn--") == std::string_view::npos) {
            return;
        }
    }
    // Not in other spellings, as with capital letters: a row with one of these would be good for some mail
    // from there only.
    for (const std::string& spelling : {mail::ascii_domain(domain), mail::native_domain(domain)}) {
        add_spelling(std::string(mail::local_part(lower)) + '@' + spelling);
    }
}

void Candidates::add_spelling(std::string address)
{
    if (const std::string_view domain = mail::domain(address); !domain.empty()) {
        add_once("@" + std::string(domain), domains_);
    }
    add_once(std::move(address), addresses_);
}

std::vector<std::string> Candidates::in_order() const
{
    std::vector<std::string> all = addresses_;
    all.insert(all.end(), domains_.begin(), domains_.end());
    all.emplace_back();
    return all;
}

Lookup::Lookup(std::string_view sender, std::span<const std::string_view> recipients)
    : senders_(sender_candidates(sender))
{
    std::unordered_set<std::string> seen;
    for (const std::string_view recipient : recipients) {
        std::vector<std::string> candidates = recipient_candidates(recipient);
        const auto is_new = [&](const std::string& text) { return !seen.contains(text); };
        const auto more = static_cast<std::size_t>(std::ranges::count_if(candidates, is_new));
        if (!recipients_.empty() && texts_.size() + more > kMany.recipients) {
            break;
        }
        for (const std::string& text : candidates) {
            if (seen.insert(text).second) {
                texts_.push_back(text);
            }
        }
        recipients_.push_back(std::move(candidates));
    }
    width_ = fits(senders_.size(), texts_.size(), kOrdinary)        ? Width::ordinary
             : fits(senders_.size(), texts_.size(), kInternational) ? Width::international
                                                                    : Width::many;
}

std::string Lookup::condition(Width width)
{
    const Shape& shape = shape_of(width);
    // A table without the unique index may hold a row a thousand times.
    return fmt::format(" WHERE mailfrom IN ({}) AND recipient IN ({}) ORDER BY id LIMIT {}",
                       places(1, shape.senders), places(shape.senders + 1, shape.recipients), kMaxRows);
}

sql::Row Lookup::parameters() const
{
    const Shape& shape = shape_of(width_);
    sql::Row parameters(senders_.begin(), senders_.end());
    parameters.resize(shape.senders, std::string()); // filled up with the wildcard
    parameters.insert(parameters.end(), texts_.begin(), texts_.end());
    parameters.resize(shape.senders + shape.recipients, std::string());
    return parameters;
}

std::optional<Rank> Lookup::rank(std::string_view mailfrom, std::string_view recipient,
                                 std::size_t place) const
{
    const auto sender_place = place_of(senders_, mailfrom);
    const auto recipient_place = place_of(recipients_.at(place), recipient);
    if (!sender_place || !recipient_place) {
        return std::nullopt;
    }
    return Rank(*sender_place, *recipient_place);
}

} // namespace qm::whitelist
