// The verbs: one row each. The parser, --help and the tests of the manual read the rows.
#pragma once

#include <span>
#include <string_view>

#include "ctl/context.h"

namespace CLI {
class App;
}

namespace qm::ctl {

struct Command {
    std::string_view name; ///< "release", "whitelist add"
    std::string_view summary;
    std::string_view examples; ///< lines for --help
    bool has_json = true;
    void (*add_options)(CLI::App& app, Arguments& arguments) = nullptr;
    int (*run)(Context& context) = nullptr;
};

/// In the order of --help.
std::span<const Command> commands();

/// Words that stand in front of verbs: "whitelist".
struct CommandGroup {
    std::string_view name;
    std::string_view summary;
};
std::span<const CommandGroup> command_groups();

} // namespace qm::ctl
