// A child process that outlives neither its purpose nor its parent.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace qm::test {

/// What a child becomes before its program starts.
struct ChildSettings {
    std::vector<std::string> command;
    std::string input = "/dev/null";
    std::string log; ///< gets standard output and standard error
    uid_t user = 0;  ///< 0: stay
    gid_t group = 0;
};

/// Runs the command as a child and returns its exit status (128 + signal when it was killed).
int run_and_wait(const ChildSettings& settings);

/// Starts a keeper: it starts the command, and when the command ends or `lifeline` (the reading end of a
/// pipe) sees the end of the file, it kills the command and all its descendants and ends. Returns the
/// keeper's pid.
pid_t start_kept(const ChildSettings& settings, int lifeline);

/// The children of a process, as the kernel knows them.
std::vector<pid_t> children_of(pid_t process);

} // namespace qm::test
