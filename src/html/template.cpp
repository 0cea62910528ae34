#include "html/template.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "html/sanitizer.h"
#include "quarantine/error.h"

namespace qm::html {
namespace {

bool may_begin_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool may_be_in_name(char c)
{
    return may_begin_name(c) || (c >= '0' && c <= '9');
}

/// The variable name that begins `text`, "" without one.
std::string_view name_at(std::string_view text)
{
    if (text.empty() || !may_begin_name(text.front())) {
        return {};
    }
    const auto end = std::ranges::find_if_not(text, may_be_in_name);
    return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

std::size_t line_of(std::string_view source, std::size_t at)
{
    return 1 + static_cast<std::size_t>(std::ranges::count(source.substr(0, at), '\n'));
}

bool contains(std::span<const std::string> names, std::string_view name)
{
    return std::ranges::find(names, name) != names.end();
}

/// Is `{name` what somebody forgot to close, rather than the beginning of a style sheet's rule?
bool is_unclosed(std::string_view name, std::string_view behind, std::span<const std::string> known)
{
    if (behind.empty()) {
        return true;
    }
    return contains(known, name) &&
           (text::trim(behind.substr(0, 1)).empty() || behind[0] == '<' || behind[0] == '{');
}

} // namespace

Template::Template(std::string_view source, std::span<const std::string> known)
{
    std::string literal;
    // Braces of a style sheet that are still open: `}}` then closes two of them and is no escape.
    std::size_t open_braces = 0;
    std::size_t at = 0;
    while (at < source.size()) {
        const std::string_view rest = source.substr(at);
        if (rest.starts_with("{{")) {
            literal += '{';
            at += 2;
        } else if (rest.starts_with("}}") && open_braces == 0) {
            literal += '}';
            at += 2;
        } else if (rest.front() != '{') {
            open_braces -= rest.front() == '}' && open_braces > 0 ? 1 : 0;
            literal += rest.front();
            ++at;
        } else {
            const std::string_view name = name_at(rest.substr(1));
            const std::string_view behind = rest.substr(1 + name.size());
            if (!name.empty() && behind.starts_with('}')) {
                if (!contains(known, name)) {
                    throw ConfigError(fmt::format("line {}: {{{}}} is no variable; known are {}",
                                                  line_of(source, at), name, fmt::join(known, ", ")));
                }
                pieces_.push_back({std::move(literal), false});
                literal.clear();
                pieces_.push_back({std::string(name), true});
                at += name.size() + 2;
            } else if (!name.empty() && is_unclosed(name, behind, known)) {
                throw ConfigError(fmt::format("line {}: {{{} has no closing brace, expected {{{}}}",
                                              line_of(source, at), name, name));
            } else {
                ++open_braces;
                literal += '{';
                ++at;
            }
        }
    }
    pieces_.push_back({std::move(literal), false});
}

std::string Template::render(const Variables& values, Escape escape_as,
                             std::span<const std::string_view> verbatim) const
{
    std::string result;
    for (const Piece& piece : pieces_) {
        if (!piece.variable) {
            result += piece.text;
            continue;
        }
        const auto value = values.find(piece.text);
        if (value == values.end()) {
            continue;
        }
        const bool as_is =
            escape_as == Escape::none || std::ranges::find(verbatim, piece.text) != verbatim.end();
        result += as_is ? value->second : escape(value->second);
    }
    return result;
}

bool Template::uses(std::string_view variable) const
{
    return std::ranges::any_of(pieces_,
                               [&](const Piece& piece) { return piece.variable && piece.text == variable; });
}

} // namespace qm::html
