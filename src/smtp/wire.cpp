#include "smtp/wire.h"

#include <algorithm>

#include "base/text.h"
#include "smtp/client.h"

namespace qm::smtp {
namespace {

constexpr std::size_t kMaxAddress = 1000;
constexpr std::size_t kMaxHost = 255;

bool is_control(char c)
{
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool is_line_end(char c)
{
    return c == '\r' || c == '\n';
}

/// Valid UTF-8 without U+FFFD: that stands for bytes which were another address.
bool is_whole_text(std::string_view text)
{
    while (!text.empty()) {
        const auto length = text::utf8_length(text);
        if (length == 0 || text::first_character(text).code == 0xFFFD) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

/// Where a quoted local part ends (behind its closing quote); 0 when it does not.
std::size_t quoted_length(std::string_view address)
{
    for (std::size_t i = 1; i < address.size(); ++i) {
        if (address[i] == '\\') {
            ++i;
        } else if (address[i] == '"') {
            return i + 1;
        }
    }
    return 0;
}

bool is_plain(std::string_view text)
{
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return c == '<' || c == '>' || c == ' ' || c == '"' || c == '\\'; });
}

} // namespace

bool fits_command(std::string_view address)
{
    if (address.empty() || address.size() > kMaxAddress ||
        std::any_of(address.begin(), address.end(), is_control) || !is_whole_text(address)) {
        return false;
    }
    const bool quoted = address.front() == '"';
    const auto at = quoted ? quoted_length(address) : std::min(address.find('@'), address.size());
    if (at == 0) {
        return false;
    }
    if (at == address.size()) { // <postmaster>, <root>: without a domain
        return quoted || is_plain(address);
    }
    if (at + 1 >= address.size() || address[at] != '@') {
        return false;
    }
    return (quoted || is_plain(address.substr(0, at))) && is_plain(address.substr(at + 1)) &&
           address.substr(at + 1).find('@') == std::string_view::npos;
}

bool hides_an_end(std::string_view message)
{
    for (auto dot = message.find('.'); dot != std::string_view::npos; dot = message.find('.', dot + 1)) {
        if (dot == 0 || dot + 1 >= message.size() || !is_line_end(message[dot - 1]) ||
            !is_line_end(message[dot + 1])) {
            continue;
        }
        // Behind a whole CRLF the dot is doubled on the wire and harmless.
        const bool whole = message[dot - 1] == '\n' && dot >= 2 && message[dot - 2] == '\r';
        if (!whole) {
            return true;
        }
    }
    return false;
}

std::string with_crlf(std::string message)
{
    std::size_t bare = 0;
    for (std::size_t i = 0; i < message.size(); ++i) {
        bare += message[i] == '\n' && (i == 0 || message[i - 1] != '\r') ? 1U : 0U;
    }
    if (bare > 0) {
        std::string result;
        result.reserve(message.size() + bare + 2);
        for (std::size_t i = 0; i < message.size(); ++i) {
            if (message[i] == '\n' && (i == 0 || message[i - 1] != '\r')) {
                result.push_back('\r');
            }
            result.push_back(message[i]);
        }
        message = std::move(result);
    }
    if (!message.ends_with("\r\n")) {
        message += "\r\n";
    }
    return message;
}

bool is_host(std::string_view host)
{
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
        if (host.find(':') == std::string_view::npos) {
            return false;
        }
    }
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    if (host.empty() || host.size() > kMaxHost) {
        return false;
    }
    if (host.find(':') != std::string_view::npos) {
        return host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
    }
    return host.find_first_not_of(kLetters) == std::string_view::npos && host.front() != '-';
}

} // namespace qm::smtp
