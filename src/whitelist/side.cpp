#include "whitelist/side.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "mail/address.h"
#include "quarantine/error.h"

namespace qm::whitelist {

namespace {

constexpr std::size_t kLongestSide = 255; ///< of the columns

/// "" or @domain or local@domain.
bool is_side(std::string_view text)
{
    return text.empty() || (!mail::domain(text).empty() && text.size() <= kLongestSide);
}

/// Without blanks and brackets around it, in lower case.
std::string cleaned(std::string_view side)
{
    side = text::trim(side);
    while (side.size() > 2 && side.front() == '<' && side.back() == '>') {
        const std::string_view inside = text::trim(side.substr(1, side.size() - 2));
        if (inside.empty()) {
            break; // < >: the null sender is no wildcard
        }
        side = inside;
    }
    return text::to_lower(side);
}

/// A host name in ASCII or an address literal.
bool is_typed_domain(std::string_view domain)
{
    if (domain.starts_with('[') && domain.ends_with(']')) {
        return domain.size() > 2;
    }
    char before = '.';
    for (const char c : domain) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        const bool fits = c == '.' ? before != '.' && before != '-' : c == '-' ? before != '.' : letter;
        if (!fits) {
            return false;
        }
        before = c;
    }
    return before != '.' && before != '-';
}

/// What mail may really have, and no list of addresses or pattern.
bool is_typed_side(std::string_view side)
{
    if (side.empty()) {
        return true;
    }
    const std::string_view local = mail::local_part(side);
    if (side.size() > kLongestSide || !is_typed_domain(mail::domain(side))) {
        return false;
    }
    const bool one_address = local.starts_with('"') || local.find_first_of("()<>[]:;,@\\") == local.npos;
    return side.front() == '@' ? local.empty() : local != "*" && one_address && mail::is_sendable(side);
}

std::string with_domain(std::string_view side, const std::string& domain)
{
    return std::string(mail::local_part(side)) + '@' + domain;
}

/// A cleaned side, an international domain as an envelope has it without SMTPUTF8.
std::string envelope_spelling(const std::string& side)
{
    const std::string_view domain = mail::domain(side);
    return text::is_ascii(domain) ? side : with_domain(side, mail::ascii_domain(domain));
}

/// A cleaned side as typed_side() gives it.
std::string kept_spelling(const std::string& side)
{
    std::string kept = envelope_spelling(side);
    while (kept.size() > 1 && kept.ends_with('.')) { // not to nothing: that is the wildcard
        kept.pop_back();
    }
    return kept;
}

} // namespace

std::string native_spelling(const std::string& side)
{
    const std::string_view domain = mail::domain(side);
    return domain.empty() ? side : with_domain(side, mail::native_domain(domain));
}

SideJudgement judge_side(std::string_view column, const sql::Value& value)
{
    if (std::holds_alternative<std::monostate>(value)) {
        return {fmt::format("{} is NULL; an empty text is the wildcard", column), std::nullopt};
    }
    const std::string text = sql::text_of(value);
    if (text::to_valid_utf8(text) != text) {
        // A lookup asks for valid UTF-8 only; SQLite takes anything.
        return {fmt::format("{} is not UTF-8", column), std::nullopt};
    }
    const std::string clean = cleaned(text);
    const std::string mended = envelope_spelling(clean);
    if (text == clean && is_side(text) && (text == mended || text == native_spelling(text))) {
        return {{}, text};
    }
    if (!is_side(mended) || mended.empty()) {
        return {fmt::format("{} is neither an address nor @domain nor empty", column), std::nullopt};
    }
    const std::string_view problem =
        text == clean ? "an international domain in a spelling that no lookup uses"
        : text::equals_ignoring_case(text, clean) ? "capital letters"
                                                  : "blanks or brackets around it";
    return {fmt::format("{} has {}", column, problem), mended};
}

std::string typed_side(std::string_view column, std::string_view text)
{
    std::string side = kept_spelling(cleaned(text));
    if (!text::is_ascii(mail::domain(side))) {
        throw ConfigError(fmt::format("{} \"{}\": this international domain has no form for an envelope; "
                                      "expected letters and digits of one language, or the form xn--...",
                                      column, text::printable(text, 100)));
    }
    if (!is_typed_side(side)) {
        throw ConfigError(fmt::format("{} \"{}\": expected one address, @domain or nothing, at most {} bytes",
                                      column, text::printable(text, 100), kLongestSide));
    }
    return side;
}

std::vector<std::string> spellings_of(std::string_view side)
{
    const std::string clean = cleaned(side);
    const std::string kept = kept_spelling(clean);
    std::vector<std::string> spellings;
    for (const std::string& text : {text::to_valid_utf8(side), text::to_valid_utf8(clean),
                                    text::to_valid_utf8(kept), text::to_valid_utf8(native_spelling(kept))}) {
        if (std::ranges::find(spellings, text) == spellings.end()) {
            spellings.push_back(text);
        }
    }
    return spellings;
}

} // namespace qm::whitelist
