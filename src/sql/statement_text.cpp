#include "sql/statement_text.h"

#include <array>

#include "base/text.h"

namespace qm::sql {

namespace {

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/// The offset behind the quoted text or comment that begins at `begin`; `begin` if none does.
std::size_t behind_quoted(std::string_view text, std::size_t begin)
{
    std::string_view end;
    switch (text[begin]) {
    case '\'':
    case '"':
    case '`':
        end = text.substr(begin, 1);
        break;
    case '-':
        end = text.substr(begin, 2) == "--" ? "\n" : "";
        break;
    case '/':
        end = text.substr(begin, 2) == "/*" ? "*/" : "";
        break;
    default:
        break;
    }
    if (end.empty()) {
        return begin;
    }
    const std::size_t found = text.find(end, begin + end.size());
    return found == std::string_view::npos ? text.size() : found + end.size();
}

/// Reads the digits at `at` and moves behind them.
std::size_t number_at(std::string_view text, std::size_t& at)
{
    std::size_t number = 0;
    while (at < text.size() && is_digit(text[at]) && number < 100000) {
        number = number * 10 + static_cast<std::size_t>(text[at] - '0');
        ++at;
    }
    return number;
}

/// A trigger's body is full of semicolons.
bool makes_trigger(std::string_view statement)
{
    const std::string head = text::to_lower(text::trim(statement).substr(0, 60));
    return head.starts_with("create") && head.find(" trigger ") != std::string::npos;
}

} // namespace

StatementText translate(std::string_view statement)
{
    StatementText out{{}, 0, false};
    out.text.reserve(statement.size() + 32);
    bool ended = false;
    for (std::size_t at = 0; at < statement.size();) {
        const std::size_t behind = behind_quoted(statement, at);
        if (behind != at) {
            out.text += statement.substr(at, behind - at);
            at = behind;
            continue;
        }
        const char c = statement[at];
        out.several = out.several || (ended && text::trim(statement.substr(at, 1)).size() == 1 && c != ';');
        ended = ended || c == ';';
        if (c == ':' && statement.substr(at, 2) == "::") {
            out.text += "::";
            at += 2;
            continue;
        }
        out.text += c;
        ++at;
        if (c == ':' && at < statement.size() && is_digit(statement[at])) {
            const std::size_t number = number_at(statement, at);
            out.text += 'p';
            out.text += std::to_string(number);
            out.parameters = std::max(out.parameters, number);
        }
    }
    out.several = out.several && !makes_trigger(statement);
    return out;
}

std::string first_words(std::string_view statement)
{
    return text::one_line(text::trim(statement), 60);
}

bool is_repeatable(std::string_view statement)
{
    static constexpr std::array<std::string_view, 6> kWords{"SELECT", "INSERT", "UPDATE",
                                                            "DELETE", "WITH",   "REPLACE"};
    const std::string_view trimmed = text::trim(statement);
    for (const std::string_view word : kWords) {
        if (text::starts_with_ignoring_case(trimmed, word)) {
            return true;
        }
    }
    return false;
}

} // namespace qm::sql
