// Takes the command line apart by the table of commands.
#pragma once

#include <string>
#include <vector>

#include "ctl/arguments.h"
#include "ctl/commands.h"

namespace qm::ctl {

/// What a command line asks for.
struct CommandLine {
    const Command* command = nullptr; ///< nullptr: print `text` to standard output and end
    Arguments arguments;
    std::string text; ///< help or version
};

/// `words` without the program's name. Errors: UsageError.
CommandLine parse_command_line(std::vector<std::string> words);

} // namespace qm::ctl
