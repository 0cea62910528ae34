#include "html/allowed.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>

#include "base/host_name.h"
#include "base/text.h"

namespace qm::html {
namespace {

constexpr std::size_t kMaxShown = 300;    ///< bytes
constexpr std::size_t kMaxLocalPart = 64; ///< bytes: the host behind it is seen
constexpr std::string_view kOfHost = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_[]:";

/// As a browser reads it (WHATWG URL): without blanks and controls at its ends, without line ends and tabs.
/// U+FFFD at an end was such a control, before the mail was read.
std::string stripped(std::string_view href)
{
    constexpr std::string_view kReplaced = "\uFFFD";
    const auto is_outer = [](char c) { return c >= 0 && c <= ' '; };
    while (!href.empty() && (is_outer(href.front()) || href.starts_with(kReplaced))) {
        href.remove_prefix(is_outer(href.front()) ? 1 : kReplaced.size());
    }
    while (!href.empty() && (is_outer(href.back()) || href.ends_with(kReplaced))) {
        href.remove_suffix(is_outer(href.back()) ? 1 : kReplaced.size());
    }
    std::string result(href);
    std::erase_if(result, [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
    return result;
}

int hex_digit(char c)
{
    const std::string_view digits = "0123456789abcdef";
    const auto at = digits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

std::string percent_decoded(std::string_view text)
{
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = high < 0 ? -1 : hex_digit(text[i + 2]);
        if (low < 0) {
            result.push_back(text[i]);
        } else {
            result.push_back(static_cast<char>(high * 16 + low));
            i += 2;
        }
    }
    return result;
}

/// What no name or address of a host has in it, as %XX.
std::string percent_encoded(std::string_view text)
{
    std::string result;
    for (const char c : text) {
        if (kOfHost.find(c) != std::string_view::npos) {
            result.push_back(c);
        } else {
            result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return result;
}

/// As a browser sends it: nothing in it can turn the reading order or look like words behind the target.
std::string in_visible_ascii(std::string_view text)
{
    std::string result;
    for (const char c : text) {
        if (c > ' ' && c < '\x7F') {
            result.push_back(c);
        } else {
            result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return result;
}

/// "127", "0x7f" or "0177".
std::optional<std::uint64_t> number_in_host(std::string_view text)
{
    int base = 10;
    if (text.starts_with("0x")) {
        base = 16;
        text.remove_prefix(2);
    } else if (text.size() > 1 && text.front() == '0') {
        base = 8;
    }
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [read, error] = std::from_chars(text.data(), end, number, base);
    const bool is_zero = text.empty() && base == 16;
    return is_zero || (error == std::errc() && read == end) ? std::optional(number) : std::nullopt;
}

/// The address that a browser reads in a host made of one to four numbers (WHATWG URL, "IPv4 parser"),
/// dotted; any other host as it is.
std::string dotted(const std::string& host)
{
    const auto parts = text::split(host, '.');
    if (parts.empty() || parts.size() > 4) {
        return host;
    }
    std::uint64_t address = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const bool is_last = i + 1 == parts.size();
        const auto bits = is_last ? 8 * (4 - i) : 8;
        const auto number = number_in_host(parts[i]);
        if (!number || *number >> bits != 0) {
            return host;
        }
        address = address << bits | *number;
    }
    return fmt::format("{}.{}.{}.{}", address >> 24U, address >> 16U & 0xFFU, address >> 8U & 0xFFU,
                       address & 0xFFU);
}

/// The host that a browser would ask, so that nothing looks like another one: without the name of a user in
/// front of it, an international one in its ASCII form.
std::string real_host(std::string_view authority)
{
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        authority.remove_prefix(at + 1);
    }
    const auto colon = authority.rfind(':');
    const bool has_port = colon != std::string_view::npos &&
                          authority.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
    const std::string_view port = has_port ? authority.substr(colon) : std::string_view();
    const std::string host = percent_decoded(has_port ? authority.substr(0, colon) : authority);
    const std::string name = ascii_host_name(host);
    return (name.empty() ? percent_encoded(text::to_lower(host)) : dotted(name)) +
           std::string(port.size() > 1 ? port : "");
}

/// Behind "http:".
std::string web_target(std::string_view scheme, std::string_view rest)
{
    rest.remove_prefix(std::min(rest.find_first_not_of("/\\"), rest.size()));
    const auto end = std::min(rest.find_first_of("/\\?#"), rest.size());
    const std::string host = real_host(rest.substr(0, end));
    return host.empty() ? std::string()
                        : fmt::format("{}://{}{}", scheme, host, in_visible_ascii(rest.substr(end)));
}

/// Behind "mailto:".
std::string mail_target(std::string_view rest)
{
    const std::string_view addresses = rest.substr(0, rest.find('?'));
    std::string result;
    for (const std::string_view address : text::split(addresses, ',')) {
        const std::string decoded = percent_decoded(address);
        const auto at = decoded.rfind('@');
        result += result.empty() ? "mailto:" : ",";
        result += text::one_line(in_visible_ascii(std::string_view(decoded).substr(0, at)), kMaxLocalPart);
        result += at == std::string::npos ? "" : "@" + real_host(std::string_view(decoded).substr(at + 1));
    }
    return result.empty() ? result : result + in_visible_ascii(rest.substr(addresses.size()));
}

} // namespace

std::optional<std::string> shown_target(std::string_view href)
{
    const std::string target = stripped(href);
    const bool has_host_only = target.find_first_not_of("/\\") >= 2;
    const auto colon = target.find(':');
    if (colon == std::string::npos && !has_host_only) {
        return std::nullopt;
    }
    const std::string scheme =
        has_host_only ? "https" : text::to_lower(std::string_view(target).substr(0, colon));
    const std::string_view rest = std::string_view(target).substr(has_host_only ? 0 : colon + 1);
    std::string shown;
    if (scheme == "http" || scheme == "https") {
        shown = web_target(scheme, rest);
    } else if (scheme == "mailto") {
        shown = mail_target(rest);
    }
    shown = text::one_line(shown, kMaxShown);
    return shown.empty() ? std::nullopt : std::optional(std::move(shown));
}

} // namespace qm::html
