#include "html/style.h"

#include <algorithm>

#include "base/text.h"
#include "html/allowed.h"

namespace qm::html {
namespace {

constexpr std::size_t kMaxDeclarations = 40;
constexpr std::size_t kMaxStyle = 4000; ///< bytes

/// The end of the declaration that begins `style`: a `;` outside quotes and brackets.
std::size_t declaration_end(std::string_view style)
{
    char quote = '\0';
    int brackets = 0;
    for (std::size_t i = 0; i < style.size(); ++i) {
        const char c = style[i];
        if (quote != '\0') {
            quote = c == quote ? '\0' : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '(') {
            ++brackets;
        } else if (c == ')') {
            --brackets;
        } else if (c == ';' && brackets <= 0) {
            return i;
        }
    }
    return style.size();
}

} // namespace

std::string clean_style(std::string_view style)
{
    // Comments and escapes are how a value is made to look like another one. Nobody writes them in mail.
    if (style.find("/*") != std::string_view::npos || style.find('\\') != std::string_view::npos) {
        return {};
    }
    std::string result;
    std::size_t count = 0;
    while (!style.empty()) {
        const std::size_t end = declaration_end(style);
        const std::string_view declaration = style.substr(0, end);
        style.remove_prefix(end == style.size() ? end : end + 1);
        const auto colon = declaration.find(':');
        if (colon == std::string_view::npos) {
            continue;
        }
        const auto allowed = allowed_declaration(text::trim(declaration.substr(0, colon)),
                                                 text::trim(declaration.substr(colon + 1)));
        if (!allowed) {
            continue;
        }
        count += 1 + static_cast<std::size_t>(std::ranges::count(*allowed, ';')); // `font` becomes several
        if (count > kMaxDeclarations || result.size() + allowed->size() >= kMaxStyle) {
            break;
        }
        result += result.empty() ? "" : ";";
        result += *allowed;
    }
    return result;
}

} // namespace qm::html
