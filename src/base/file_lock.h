// One program at a time: a lock that ends with its process.
#pragma once

#include <optional>
#include <string>

#include "base/file.h"

namespace qm {

/// Holds flock(2) on a file until it is destroyed or the process ends, however it ends.
class FileLock {
  public:
    /// Creates the file (0600) if it is missing. Nothing if another process holds it. Errors: BackendError.
    static std::optional<FileLock> try_lock(const std::string& path);

  private:
    explicit FileLock(FileDescriptor file) : file_(std::move(file)) {}
    FileDescriptor file_;
};

} // namespace qm
