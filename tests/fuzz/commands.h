// Bytes as a play for the targets that call several functions in turn: one command a line, its letter first.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace qm::fuzz {

struct Command {
    char letter = ' ';
    std::string argument;
};

inline int hex_digit(char c)
{
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto place = kDigits.find(c);
    return place == std::string_view::npos ? -1 : static_cast<int>(place);
}

/// \n, \r, \t, \\ and \xHH mean what they do in C; any other backslash stands for itself.
inline std::string unescaped(std::string_view written)
{
    constexpr std::string_view kLetters = "nrt\\";
    constexpr std::string_view kMeant = "\n\r\t\\";
    std::string result;
    while (!written.empty()) {
        const auto letter = written.size() > 1 ? kLetters.find(written[1]) : std::string_view::npos;
        if (written[0] != '\\') {
            result.push_back(written[0]);
            written.remove_prefix(1);
        } else if (letter != std::string_view::npos) {
            result.push_back(kMeant[letter]);
            written.remove_prefix(2);
        } else if (written.size() > 3 && written[1] == 'x' && hex_digit(written[2]) >= 0 &&
                   hex_digit(written[3]) >= 0) {
            result.push_back(static_cast<char>(16 * hex_digit(written[2]) + hex_digit(written[3])));
            written.remove_prefix(4);
        } else {
            result.push_back('\\');
            written.remove_prefix(1);
        }
    }
    return result;
}

inline std::vector<Command> commands_of(std::string_view input)
{
    std::vector<Command> all;
    for (const std::string_view line : text::split(input, '\n')) {
        if (!line.empty()) {
            all.push_back({line.front(), unescaped(line.substr(1))});
        }
    }
    return all;
}

} // namespace qm::fuzz
