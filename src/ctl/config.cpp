// quarantinectl config check|show|reference
#include <fmt/format.h>

#include "base/text.h"
#include "config/ini_file.h"
#include "config/reference.h"
#include "config/secret.h"
#include "ctl/exit_code.h"
#include "ctl/json_of.h"
#include "ctl/program.h"
#include "ctl/verbs.h"
#include "quarantine/check.h"
#include "quarantine/error.h"

namespace qm::ctl {
namespace {

constexpr std::string_view kGlobal = "global";
constexpr std::string_view kHidden = "(hidden)";

Json json_of(const config::Remark& remark)
{
    return {{"file", remark.file},
            {"line", remark.line},
            {"section", remark.section},
            {"option", remark.option},
            {"what", remark.what}};
}

/// What the configuration says of one option, as it would be written; nothing for an option that is not set
/// and has no default.
std::optional<std::string> value_of(const Section& section, const Option& option)
{
    if (!section.is_set(option.name) && option.fallback.empty()) {
        return std::nullopt;
    }
    if (option.kind != OptionKind::secret) {
        return section.text(option.name);
    }
    std::string secret = section.secret(option.name);
    return config::holds_password(secret) ? std::string(kHidden) : secret;
}

/// "quarantine_type = FILE": options of one type of backend concern only the quarantines that have it.
bool concerns(const config::OptionGroup& group, const Section& section)
{
    const auto equals = group.heading.find(" = ");
    return equals == std::string::npos ||
           text::equals_ignoring_case(section.text(group.heading.substr(0, equals)),
                                      group.heading.substr(equals + 3));
}

using Values = std::vector<std::pair<std::string, std::string>>;

Values values_of(const Section& section, bool global)
{
    Values values;
    for (const config::OptionGroup& group : option_groups()) {
        if ((group.section == kGlobal) != global || (!global && !concerns(group, section))) {
            continue;
        }
        for (const auto table : group.tables) {
            for (const Option& option : table) {
                if (auto value = value_of(section, option)) {
                    values.emplace_back(option.name, std::move(*value));
                }
            }
        }
    }
    return values;
}

void print(Output& output, std::string_view section, const Values& values)
{
    output.line(output.strong(fmt::format("[{}]", harmless_line(section))));
    for (const auto& [name, value] : values) {
        output.write(harmless_lines(fmt::format("{} = {}\n", name, config::as_written(value))));
    }
    output.line("");
}

Json object_of(const Values& values)
{
    Json json = Json::object();
    for (const auto& [name, value] : values) {
        json[name] = value;
    }
    return json;
}

/// Mistakes and warnings of the world are lines, like those of the file.
int verdict(const LoadedSettings& loaded, const WorldCheck& world)
{
    if (loaded.has_mistakes() || !world.mistakes.empty()) {
        return kConfiguration;
    }
    return world.unavailable.empty() ? kDone : kUnavailable;
}

} // namespace

int run_config_check(Context& context)
{
    Output& output = context.output();
    const std::string& file = context.arguments().configuration;
    LoadedSettings loaded;
    WorldCheck world;
    try {
        loaded = load_as_user(file);
        world = loaded.has_mistakes() ? WorldCheck{} : check_places(*loaded.settings, "");
    } catch (const ConfigError& error) { // there is no such user
        world.mistakes.push_back(fmt::format("{}: {}", file, error.what()));
    }
    const int code = verdict(loaded, world);
    Json mistakes = Json::array();
    Json warnings = Json::array();
    for (const config::Remark& remark : loaded.remarks) {
        output.remark(remark.str());
        (remark.warning ? warnings : mistakes).push_back(json_of(remark));
    }
    for (const auto* const lines : {&world.mistakes, &world.unavailable}) {
        for (const std::string& line : *lines) {
            output.remark(line);
        }
    }
    if (output.wants_json()) {
        output.json({{"file", file},
                     {"ok", code == kDone},
                     {"mistakes", std::move(mistakes)},
                     {"warnings", std::move(warnings)},
                     {"unusable", world.mistakes},
                     {"unavailable", world.unavailable}});
    } else if (code == kDone) {
        output.line(fmt::format("{}: ok", harmless_line(file)));
    }
    return code;
}

int run_config_show(Context& context)
{
    Output& output = context.output();
    const auto settings = context.settings(); // says what is wrong, and becomes the daemon's user
    const config::Config config(settings->file, vocabulary());
    const Values global = values_of(config.global(), true);
    Json quarantines = Json::array();
    if (!output.wants_json()) {
        print(output, kGlobal, global);
    }
    for (const Quarantine& quarantine : settings->quarantines) {
        const Section* const section = config.section(quarantine.name);
        if (section == nullptr) {
            throw ConfigError(fmt::format("{} has changed while it was read", settings->file));
        }
        const Values values = values_of(*section, false);
        if (output.wants_json()) {
            quarantines.push_back({{"name", quarantine.name}, {"options", object_of(values)}});
        } else {
            print(output, quarantine.name, values);
        }
    }
    if (output.wants_json()) {
        output.json({{"file", settings->file},
                     {"global", object_of(global)},
                     {"quarantines", std::move(quarantines)}});
    }
    return kDone;
}

int run_config_reference(Context& context)
{
    const auto groups = option_groups();
    context.output().write(context.arguments().ini ? config::reference_skeleton(groups)
                                                   : config::reference_markdown(groups));
    return kDone;
}

} // namespace qm::ctl
