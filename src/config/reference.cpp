#include "config/reference.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "config/dictionary.h"
#include "config/ini_file.h"
#include "config/units.h"

namespace qm::config {
namespace {

constexpr std::size_t kWidth = 78;

std::string alias_names(const Option& option, std::string_view quote)
{
    std::string names;
    for (const std::string_view alias : text::split(option.aliases, '|')) {
        names += fmt::format("{}{}{}{}", names.empty() ? "" : ", ", quote, alias, quote);
    }
    return names;
}

/// Words in lines of at most kWidth bytes, each behind `prefix`.
std::string wrapped(std::string_view words, std::string_view prefix)
{
    std::string result;
    std::string line;
    const auto end_line = [&] {
        if (!line.empty()) {
            result += fmt::format("{}{}\n", prefix, line);
            line.clear();
        }
    };
    for (const std::string_view paragraph : text::split(words, '\n')) {
        for (const std::string_view word : text::split(paragraph, ' ')) {
            if (!line.empty() && prefix.size() + line.size() + 1 + word.size() > kWidth) {
                end_line();
            }
            if (!word.empty()) {
                line += line.empty() ? "" : " ";
                line += word;
            }
        }
        end_line();
    }
    return result;
}

/// A text between backquotes, also one that has backquotes itself.
std::string code(std::string_view words)
{
    std::string fence = "`";
    while (words.find(fence) != std::string_view::npos) {
        fence += '`';
    }
    const std::string_view gap = words.starts_with('`') || words.ends_with('`') ? " " : "";
    return fmt::format("{}{}{}{}{}", fence, gap, words, gap, fence);
}

std::string option_markdown(const Option& option)
{
    std::string part = fmt::format("### {}\n\n", code(option.name));
    if (!option.help.empty()) {
        part += fmt::format("{}\n\n", option.help);
    }
    if (option.kind == OptionKind::secret) {
        part += fmt::format("- Value: a secret; or {} with the name of a file whose first line it is\n",
                            code(file_key(option.name)));
    } else {
        part += fmt::format("- Value: {}\n", expected(option));
    }
    if (option.required) {
        part += "- Must be set\n";
    } else if (!option.fallback.empty()) {
        part += fmt::format("- Default: {}\n", code(as_written(option.fallback)));
    }
    if (!option.example.empty()) {
        part += fmt::format("- Example: {}\n",
                            code(fmt::format("{} = {}", option.name, as_written(option.example))));
    }
    if (!option.aliases.empty()) {
        part += fmt::format("- Also accepted as: {}\n", alias_names(option, "`"));
    }
    return part + "\n";
}

std::string option_skeleton(const Option& option)
{
    std::string part = wrapped(option.help, "# ");
    std::string remark = fmt::format("Expected: {}.", expected(option));
    if (option.kind == OptionKind::secret) {
        remark = fmt::format("Or {} = a file whose first line it is.", file_key(option.name));
    }
    if (option.required) {
        remark += " Must be set.";
    }
    if (!option.aliases.empty()) {
        remark += fmt::format(" Also accepted as {}.", alias_names(option, ""));
    }
    part += wrapped(remark, "# ");
    const std::string_view value =
        option.required || option.fallback.empty() ? option.example : option.fallback;
    std::string line = fmt::format("{} = {}", option.name, as_written(value));
    while (line.ends_with(' ')) {
        line.pop_back();
    }
    if (!option.required) {
        // Every line of a value that has several.
        for (std::size_t at = line.find('\n'); at != std::string::npos; at = line.find('\n', at + 1)) {
            line.insert(at + 1, "#");
        }
        line.insert(0, "#");
    }
    return part + line + "\n\n";
}

} // namespace

std::string reference_markdown(std::span<const OptionGroup> groups)
{
    std::string result;
    for (const OptionGroup& group : groups) {
        result += fmt::format("## {}\n\n", group.heading);
        if (!group.help.empty()) {
            result += fmt::format("{}\n\n", group.help);
        }
        for (const auto& table : group.tables) {
            for (const Option& option : table) {
                result += option_markdown(option);
            }
        }
    }
    return result;
}

std::string reference_skeleton(std::span<const OptionGroup> groups)
{
    std::string result;
    std::string_view section;
    for (const OptionGroup& group : groups) {
        if (group.section != section) {
            section = group.section;
            result += fmt::format("[{}]\n\n", section);
        }
        result += fmt::format("## {}\n", group.heading);
        result += wrapped(group.help, "## ");
        result += "\n";
        for (const auto& table : group.tables) {
            for (const Option& option : table) {
                result += option_skeleton(option);
            }
        }
    }
    return result;
}

} // namespace qm::config
