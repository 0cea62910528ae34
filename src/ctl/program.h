// The program around its verbs: configuration, user, log, desk.
#pragma once

#include <memory>
#include <string>

#include "ctl/commands.h"
#include "ctl/context.h"

namespace qm::ctl {

/// The configuration as the daemon's user sees it: read once to learn the user, become it for good (when
/// started as root), read again. Errors: NoPermission when the file may not be read, ConfigError.
LoadedSettings load_as_user(const std::string& file);

/// The context of the real program.
class Program final : public Context {
  public:
    using Context::Context;

    std::shared_ptr<const Settings> settings() override;
    Desk& desk(OpenDesk::Mode mode) override;
    Time now() const override;

  private:
    std::shared_ptr<const Settings> settings_;
    std::unique_ptr<OpenDesk> desk_;
};

/// Runs a verb. What it throws is said on standard error and becomes the exit code.
int run_command(const Command& command, Context& context);

/// The whole program: parses, runs, reports. Returns the exit code.
int run_program(int argc, char** argv);

} // namespace qm::ctl
