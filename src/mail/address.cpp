#include "mail/address.h"

#include <algorithm>
#include <utility>

#include "base/host_name.h"
#include "base/text.h"

namespace qm::mail {
namespace {

constexpr auto kNowhere = std::string_view::npos;

/// Calls `visit(position, character)` for every character outside quoted strings; a backslash takes the
/// character behind it along. Stops when `visit` says false. Returns false when a quote is left open.
template <typename Visit>
bool outside_quotes(std::string_view text, Visit visit)
{
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\\') {
            ++i;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && !visit(i, c)) {
            return true;
        }
    }
    return !quoted;
}

std::size_t last_at(std::string_view address)
{
    std::size_t found = kNowhere;
    outside_quotes(address, [&](std::size_t i, char c) {
        found = c == '@' ? i : found;
        return true;
    });
    return found;
}

/// <@a,@b:user@c>: what stands behind the route. A colon inside [...] belongs to an address literal.
std::string_view without_route(std::string_view path)
{
    if (!path.starts_with('@')) {
        return path;
    }
    std::size_t colon = kNowhere;
    bool literal = false;
    outside_quotes(path, [&](std::size_t i, char c) {
        literal = c == '[' || (literal && c != ']');
        if (c != ':' || literal) {
            return true;
        }
        colon = i;
        return false;
    });
    return colon == kNowhere ? path : path.substr(colon + 1);
}

bool is_atom_character(char c)
{
    const auto byte = static_cast<unsigned char>(c);
    return byte > ' ' && byte != 0x7F && std::string_view("()<>[]:;,@\\\".").find(c) == kNowhere;
}

/// RFC 5321's Dot-string, with RFC 6531's 8-bit bytes.
bool is_dot_string(std::string_view text)
{
    bool after_dot = true;
    for (const char c : text) {
        if (c == '.' ? after_dot : !is_atom_character(c)) {
            return false;
        }
        after_dot = c == '.';
    }
    return !after_dot;
}

/// What a quoted string says. Nothing when `text` is anything but one quoted string.
bool unquote(std::string_view text, std::string& content)
{
    if (text.size() < 2 || text.front() != '"') {
        return false;
    }
    content.clear();
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') {
            return i + 1 == text.size();
        }
        if (text[i] == '\\' && ++i == text.size()) {
            return false;
        }
        content.push_back(text[i]);
    }
    return false;
}

std::string quote(std::string_view content)
{
    std::string result = "\"";
    for (const char c : content) {
        if (c == '"' || c == '\\') {
            result.push_back('\\');
        }
        result.push_back(c);
    }
    result.push_back('"');
    return result;
}

std::string simplest_spelling(std::string_view local)
{
    std::string content;
    if (!unquote(local, content)) {
        return std::string(local);
    }
    return is_dot_string(content) ? content : quote(content);
}

bool is_control(char32_t code)
{
    return code < 0x20 || (code >= 0x7F && code <= 0x9F);
}

bool is_clean_utf8(std::string_view text)
{
    while (!text.empty()) {
        if (text::utf8_length(text) == 0) {
            return false;
        }
        const text::Character character = text::first_character(text);
        if (is_control(character.code) || character.code == 0xFFFD) {
            return false;
        }
        text.remove_prefix(character.bytes);
    }
    return true;
}

bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_tag(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, is_alphanumeric);
}

/// Takes the text before the next `=` off `rest`; "" when there is none.
std::string_view take_field(std::string_view& rest)
{
    const auto end = rest.find('=');
    if (end == kNowhere) {
        return {};
    }
    const std::string_view field = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return field;
}

/// prvs=TAG=user, and the older prvs=user/TAG.
std::string_view without_batv(std::string_view local)
{
    constexpr std::string_view kPrefix = "prvs=";
    if (!text::starts_with_ignoring_case(local, kPrefix)) {
        return {};
    }
    std::string_view user = local.substr(kPrefix.size());
    if (std::string_view rest = user; is_tag(take_field(rest))) {
        return rest;
    }
    const auto slash = user.rfind('/');
    return slash != kNowhere && is_tag(user.substr(slash + 1)) ? user.substr(0, slash) : std::string_view{};
}

bool is_srs_separator(char c)
{
    return c == '=' || c == '+' || c == '-';
}

/// HHH=TT=domain=user as user@domain.
std::string without_srs0(std::string_view rest)
{
    const std::string_view hash = take_field(rest);
    const std::string_view stamp = take_field(rest);
    const std::string_view domain = take_field(rest);
    const bool whole = !hash.empty() && is_tag(stamp) && !domain.empty() && !rest.empty() &&
                       domain.find_first_of("@\" \t<>") == kNowhere;
    return whole ? std::string(rest) + '@' + std::string(domain) : std::string{};
}

std::string without_srs(std::string_view local)
{
    constexpr std::size_t kPrefix = 4; // SRS0, SRS1
    if (local.size() <= kPrefix || !is_srs_separator(local[kPrefix])) {
        return {};
    }
    std::string_view rest = local.substr(kPrefix + 1);
    if (text::starts_with_ignoring_case(local, "SRS0")) {
        return without_srs0(rest);
    }
    if (!text::starts_with_ignoring_case(local, "SRS1")) {
        return {};
    }
    const bool has_forwarder = !take_field(rest).empty() && !take_field(rest).empty();
    if (!has_forwarder || rest.empty() || !is_srs_separator(rest.front())) {
        return {};
    }
    return without_srs0(rest.substr(1));
}

std::string unwrapped_once(std::string_view address)
{
    const std::string_view local = local_part(address);
    const std::string_view of_domain = domain(address);
    if (of_domain.empty() || local.starts_with('"')) {
        return {};
    }
    if (const std::string_view user = without_batv(local); !user.empty()) {
        return std::string(user) + '@' + std::string(of_domain);
    }
    return without_srs(local);
}

} // namespace

std::string_view without_brackets(std::string_view argument)
{
    argument = text::trim(argument);
    // Mail servers take a comment in front: (Anna)<anna@example.org>.
    std::size_t begin = argument.starts_with('<') ? 0 : kNowhere;
    if (begin == kNowhere) {
        outside_quotes(argument, [&](std::size_t i, char c) {
            begin = c == '<' ? i : begin;
            return true;
        });
    }
    if (begin == kNowhere) {
        return argument;
    }
    argument.remove_prefix(begin + 1);
    std::size_t end = argument.size();
    outside_quotes(argument, [&](std::size_t i, char c) {
        end = c == '>' ? i : end;
        return c != '>';
    });
    return text::trim(without_route(text::trim(argument.substr(0, end))));
}

std::string_view domain(std::string_view address)
{
    const std::size_t at = last_at(address);
    return at == kNowhere ? std::string_view{} : address.substr(at + 1);
}

std::string_view local_part(std::string_view address)
{
    return address.substr(0, last_at(address));
}

std::string key(std::string_view address)
{
    std::string result = simplest_spelling(local_part(address));
    if (last_at(address) != kNowhere) {
        std::string_view name = domain(address);
        while (name.ends_with('.')) {
            name.remove_suffix(1);
        }
        result += '@';
        result += name;
    }
    return text::to_lower(result);
}

std::string ascii_domain(std::string_view domain)
{
    std::string whole(domain);
    if (text::is_ascii(domain) || domain.size() > kMaxAddress || domain.find('\0') != kNowhere) {
        return whole;
    }
    std::string ascii = ascii_host_name(whole);
    return ascii.empty() ? whole : ascii;
}

std::string native_domain(std::string_view domain)
{
    const std::string ascii = text::to_lower(ascii_domain(domain));
    if (ascii.find("xn--") == std::string::npos || ascii.size() > kMaxAddress || !is_host_name(ascii)) {
        return std::string(domain);
    }
    const std::string native = native_host_name(ascii);
    return ascii_domain(native) == ascii ? native : std::string(domain);
}

bool is_sendable(std::string_view address)
{
    const std::string_view of_domain = domain(address);
    if (address.size() > kMaxAddress || local_part(address).empty() || of_domain.empty() ||
        !is_clean_utf8(address) || of_domain.find_first_of("\"\\") != kNowhere) {
        return false;
    }
    bool clean = true;
    const bool balanced = outside_quotes(address, [&](std::size_t, char c) {
        clean = c != '<' && c != '>' && c != ' ';
        return clean;
    });
    // Signs that part one address from the next, or a route or comment from an address.
    outside_quotes(local_part(address), [&](std::size_t, char c) {
        clean = clean && std::string_view("@,;:()").find(c) == kNowhere;
        return clean;
    });
    // A backslash at the very end, or before a blank outside quotes, would take our own bracket along.
    std::string content;
    const std::string_view local = local_part(address);
    const bool escapes_only_in_quotes = local.find('\\') == kNowhere || unquote(local, content);
    return clean && balanced && escapes_only_in_quotes;
}

std::string unwrapped_sender(std::string_view address)
{
    // Forwarders wrap what was wrapped before: SRS around BATV is common.
    constexpr int kMaxLayers = 4;
    std::string result = unwrapped_once(address);
    for (int layer = 1; layer < kMaxLayers && !result.empty(); ++layer) {
        std::string inner = unwrapped_once(result);
        if (inner.empty()) {
            break;
        }
        result = std::move(inner);
    }
    return result;
}

} // namespace qm::mail
