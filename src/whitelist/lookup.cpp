#include "whitelist/lookup.h"

#include <algorithm>

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

constexpr const Shape& shape_of(Lookup::Width width)
{
    return width == Lookup::Width::ordinary ? kOrdinary : kInternational;
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
    add_spelling(lower);
    const std::string_view domain = mail::domain(lower);
    if (text::is_ascii(domain) && domain.find("xn--") == std::string_view::npos) {
        return;
    }
    for (const std::string& spelling : {mail::ascii_domain(domain), mail::native_domain(domain)}) {
        add_spelling(mail::key(std::string(mail::local_part(lower)) + '@' + spelling));
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

Lookup::Lookup(std::string_view sender, std::string_view recipient)
    : senders_(sender_candidates(sender)), recipients_(recipient_candidates(recipient)),
      width_(senders_.size() <= kOrdinary.senders && recipients_.size() <= kOrdinary.recipients
                 ? Width::ordinary
                 : Width::international)
{
}

std::string Lookup::condition(Width width)
{
    const Shape& shape = shape_of(width);
    // A table without the unique index may hold a row a thousand times.
    return fmt::format(" WHERE mailfrom IN ({}) AND recipient IN ({}) ORDER BY id LIMIT 200",
                       places(1, shape.senders), places(shape.senders + 1, shape.recipients));
}

sql::Row Lookup::parameters() const
{
    const Shape& shape = shape_of(width_);
    sql::Row parameters(senders_.begin(), senders_.end());
    parameters.resize(shape.senders, std::string()); // filled up with the wildcard
    parameters.insert(parameters.end(), recipients_.begin(), recipients_.end());
    parameters.resize(shape.senders + shape.recipients, std::string());
    return parameters;
}

std::optional<Rank> Lookup::rank(std::string_view mailfrom, std::string_view recipient) const
{
    const auto sender_place = place_of(senders_, mailfrom);
    const auto recipient_place = place_of(recipients_, recipient);
    if (!sender_place || !recipient_place) {
        return std::nullopt;
    }
    return Rank(*sender_place, *recipient_place);
}

} // namespace qm::whitelist
