// One run of a verb: what it was told, where it speaks, and what it works on once it asks for it.
#pragma once

#include <memory>

#include "ctl/arguments.h"
#include "ctl/output.h"
#include "quarantine/desk.h"
#include "quarantine/open_desk.h"

namespace qm::ctl {

/// Nothing is read, opened or given up before a verb asks: one that needs no configuration runs without, and
/// one that reads files as the user who called opens its FileFeed first.
///
/// Thread-safety: none.
class Context {
  public:
    Context(const Arguments& arguments, Output& output) : arguments_(arguments), output_(output) {}
    virtual ~Context() = default;
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    const Arguments& arguments() const { return arguments_; }
    Output& output() { return output_; }

    /// The configuration. Started as root, the process has become the daemon's user when it returns, and
    /// threads may start. Errors: ConfigError, NoPermission.
    virtual std::shared_ptr<const Settings> settings() = 0;

    /// The desk, opened by the first call. Errors: as settings(), BackendError.
    virtual Desk& desk(OpenDesk::Mode mode) = 0;

    virtual Time now() const = 0;

  private:
    const Arguments& arguments_;
    Output& output_;
};

} // namespace qm::ctl
