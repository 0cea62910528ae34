#include "ctl/command_line.h"

#include <algorithm>
#include <map>
#include <memory>
#include <sstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "ctl/exit_code.h"
#include "ctl/output.h"

namespace qm::ctl {
namespace {

constexpr std::size_t kColumn = 30;
constexpr const char* kGeneralExamples =
    "Examples:\n"
    "  quarantinectl status\n"
    "  quarantinectl list --since 2d --to u@our.example\n"
    "  quarantinectl release 01m7y7e3gw --to u@our.example\n"
    "  quarantinectl VERB --help\n"
    "\n"
    "Exit: 0 all done, 1 some failed, 2 nothing matched, 10 (explain) somebody would be held, 64 wrong\n"
    "command line, 69 unavailable, 75 try again, 77 no permission, 78 configuration. See quarantinectl(8).";

/// Descriptions in lines of at most this many columns.
constexpr std::size_t kWidth = 80;

std::string wrapped(const std::string& text)
{
    std::string result;
    std::size_t used = 0;
    for (const std::string_view word : text::split(text, ' ')) {
        if (used > 0 && used + 1 + word.size() > kWidth - kColumn) {
            result += '\n';
            used = 0;
        }
        result += used > 0 ? " " : "";
        result += word;
        used += word.size() + 1;
    }
    return result;
}

/// --help: names and what they stand for; defaults and limits are in the sentences.
class HelpFormatter final : public CLI::Formatter {
  public:
    HelpFormatter()
    {
        column_width(kColumn);
        label("SUBCOMMAND", "VERB");
        label("OPTIONS", "OPTION ...");
        label("Positionals", "Arguments");
    }

    std::string make_option_name(const CLI::Option* option, bool positional) const override
    {
        return option->get_name(positional, true);
    }
    std::string make_option_opts(const CLI::Option* option) const override
    {
        const bool has_value = !option->get_positional() && option->get_type_size() != 0;
        return has_value ? " " + option->get_type_name() : "";
    }
    std::string make_option_desc(const CLI::Option* option) const override
    {
        return wrapped(option->get_description());
    }
    std::string make_subcommand(const CLI::App* verb) const override
    {
        std::stringstream out;
        CLI::detail::format_help(out, verb->get_name(), wrapped(verb->get_description()), kColumn);
        return out.str();
    }
};

CLI::App* group_of(CLI::App& app, std::string_view name)
{
    const std::string text(name);
    const auto known = app.get_subcommands([&](const CLI::App* made) { return made->get_name() == text; });
    if (!known.empty()) {
        return known.front();
    }
    const auto group = std::ranges::find(command_groups(), name, &CommandGroup::name);
    CLI::App* const made = app.add_subcommand(text, std::string(group->summary));
    made->get_help_ptr()->description("This help");
    made->require_subcommand(1);
    made->group("Verbs");
    made->footer("quarantinectl " + text + " VERB --help says more.");
    return made;
}

CLI::App* add_command(CLI::App& app, const Command& command, Arguments& arguments)
{
    const auto blank = command.name.find(' ');
    CLI::App* const parent =
        blank == std::string_view::npos ? &app : group_of(app, command.name.substr(0, blank));
    const std::string_view word =
        blank == std::string_view::npos ? command.name : command.name.substr(blank + 1);
    CLI::App* const made = parent->add_subcommand(std::string(word), std::string(command.summary));
    made->get_help_ptr()->description("This help");
    made->require_subcommand(0);
    made->group("Verbs");
    made->footer(fmt::format("Examples:\n{}\n{}", command.examples,
                             command.has_json ? "-c FILE and --json may stand here too."
                                              : "-c FILE may stand here too."));
    command.add_options(*made, arguments);
    return made;
}

/// CLI11's words for a command line that ends before the verb.
constexpr std::string_view kNoVerb = "A subcommand is required";

std::string missing_verb(const CLI::App& app)
{
    const auto named = app.get_subcommands();
    if (named.empty()) {
        return "name a verb (--help lists them)";
    }
    const auto group = std::ranges::find(command_groups(), named.front()->get_name(), &CommandGroup::name);
    return fmt::format("{}: name what to do (--help says more). {}", named.front()->get_name(),
                       group == command_groups().end() ? "" : group->summary);
}

} // namespace

CommandLine parse_command_line(std::vector<std::string> words)
{
    CommandLine result;
    CLI::App app("Shows, releases and deletes held mail, and looks after quarantine-milter.",
                 "quarantinectl");
    app.formatter(std::make_shared<HelpFormatter>());
    app.get_help_ptr()->description("This help");
    app.fallthrough();
    app.require_subcommand(1);
    app.footer(kGeneralExamples);
    bool version = false;
    app.add_option("-c,--config", result.arguments.configuration,
                   fmt::format("Configuration file; {} unless told", kDefaultConfiguration))
        ->type_name("FILE");
    app.add_flag("--json", result.arguments.json, "One JSON document instead of text");
    app.add_flag("-V,--version", version, "Print the version")->trigger_on_parse();
    std::map<const Command*, CLI::App*> parsers;
    for (const Command& command : commands()) {
        parsers[&command] = add_command(app, command, result.arguments);
    }
    std::ranges::reverse(words); // CLI11 takes them from the back
    try {
        app.parse(std::move(words));
    } catch (const CLI::Success&) {
        result.text = app.help();
        return result;
    } catch (const CLI::ParseError& error) {
        const std::vector<std::string> unknown = app.remaining(true);
        if (!version && !unknown.empty() && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
            throw UsageError(fmt::format("{}: no such verb or option (--help names them)",
                                         harmless_line(unknown.front())));
        }
        if (!version && std::string_view(error.what()) == kNoVerb) {
            throw UsageError(missing_verb(app));
        }
        if (!version) {
            throw UsageError(fmt::format("{} (--help says more)", harmless_line(error.what())));
        }
    }
    if (version) {
        result.text = fmt::format("quarantinectl {}\n", QM_VERSION);
        return result;
    }
    const auto chosen = std::ranges::find_if(parsers, [](const auto& row) { return row.second->parsed(); });
    result.command = chosen->first;
    if (result.arguments.json && !result.command->has_json) {
        throw UsageError(fmt::format("{} has no --json", result.command->name));
    }
    return result;
}

} // namespace qm::ctl
