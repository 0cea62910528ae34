#include "notify/sender_line.h"

#include <algorithm>

#include "base/text.h"
#include "mail/address.h"
#include "quarantine/error.h"

namespace qm::notify {
namespace {

constexpr std::size_t kMaxAddress = 254;
constexpr std::size_t kMaxQuotedName = 60;
constexpr std::size_t kMaxEncodedName = 180;

constexpr std::string_view kAlphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool consists_of(std::string_view text, std::string_view more)
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return kAlphanumeric.find(c) != std::string_view::npos || more.find(c) != std::string_view::npos;
    });
}

/// As consists_of(), and no dot at either end or beside another.
bool is_dotted(std::string_view text, std::string_view more)
{
    return consists_of(text, more) && text.front() != '.' && text.back() != '.' &&
           text.find("..") == std::string_view::npos;
}

bool is_dot_atom(std::string_view text)
{
    return is_dotted(text, "!#$%&'*+-/=?^_`{|}~.");
}

/// One quoted string and nothing else, with something in it.
bool is_quoted(std::string_view text)
{
    if (text.size() <= 2 || text.front() != '"') {
        return false;
    }
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') {
            return i + 1 == text.size();
        }
        i += text[i] == '\\' ? 1U : 0U;
    }
    return false;
}

/// With backslashes only where they are needed: some programs do not remove the others.
bool is_quoted_plainly(std::string_view text)
{
    if (!is_quoted(text)) {
        return false;
    }
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
            if (text[i] != '\\' && text[i] != '"') {
                return false;
            }
        }
    }
    return true;
}

struct Parts {
    std::string_view name;
    std::string_view address;
};

/// At the last angle bracket: a display name may contain others.
Parts take_apart(std::string_view line)
{
    line = text::trim(line);
    const auto open = line.rfind('<');
    if (open == std::string_view::npos || line.back() != '>') {
        return {{}, line};
    }
    auto name = text::trim(line.substr(0, open));
    if (is_quoted(name)) {
        name = name.substr(1, name.size() - 2);
    }
    return {name, text::trim(line.substr(open + 1, line.size() - open - 2))};
}

std::string without_backslashes(std::string_view quoted)
{
    std::string result;
    for (std::size_t i = 0; i < quoted.size(); ++i) {
        if (quoted[i] == '\\' && i + 1 < quoted.size()) {
            ++i;
        }
        result.push_back(quoted[i]);
    }
    return result;
}

} // namespace

bool fits_header(std::string_view address)
{
    if (address.size() > kMaxAddress || !text::is_ascii(address) || !mail::is_sendable(address)) {
        return false;
    }
    const auto local = mail::local_part(address);
    const auto domain = mail::domain(address);
    const bool literal = domain.size() > 2 && domain.front() == '[' && domain.back() == ']' &&
                         is_dotted(domain.substr(1, domain.size() - 2), ".:-");
    // Some programs decode what looks like an encoded word even inside an address.
    const bool looks_encoded = address.find("=?") != std::string_view::npos;
    return !looks_encoded && (is_dot_atom(local) || is_quoted_plainly(local)) &&
           (literal || is_dotted(domain, ".-_"));
}

std::string fit_for_name(std::string_view text)
{
    if (!text::is_ascii(text)) {
        return text::one_line(text, kMaxEncodedName);
    }
    constexpr std::string_view kEllipsis = "..."; // ASCII, so that the name need not be encoded
    std::string line = text::one_line(text, text.size());
    if (line.size() > kMaxQuotedName) {
        line.replace(kMaxQuotedName - kEllipsis.size(), std::string::npos, kEllipsis);
    }
    return line;
}

SenderLine::SenderLine(std::string_view line, std::span<const std::string> known)
    : name_(without_backslashes(take_apart(line).name), known), address_(take_apart(line).address, known)
{
    const auto address = take_apart(line).address;
    if (address.find('{') == std::string_view::npos && !fits_header(address)) {
        throw ConfigError("\"" + text::printable(address, 300) +
                          "\" is not an address; expected: \"Name\" <user@domain> or user@domain");
    }
}

SenderLine::Mailbox SenderLine::render(const html::Variables& values) const
{
    Mailbox mailbox;
    mailbox.name = fit_for_name(name_.render(values));
    mailbox.address = address_.render(values);
    if (!fits_header(mailbox.address)) {
        mailbox.address = "postmaster@localhost";
    }
    return mailbox;
}

} // namespace qm::notify
