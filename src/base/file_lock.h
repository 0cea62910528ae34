// One program at a time: a lock that ends with its process.
#pragma once

#include <optional>
#include <string>

#include "base/file.h"

namespace qm {

/// Holds a file locked (fcntl(2), open file description lock) until it is destroyed or the process ends,
/// however it ends.
class FileLock {
  public:
    /// Creates the file (0600) if it is missing. Nothing if somebody holds it. Errors: BackendError.
    static std::optional<FileLock> try_lock(const std::string& path);

    /// True if somebody holds it. Takes and creates nothing. Errors: BackendError.
    static bool is_locked(const std::string& path);

  private:
    explicit FileLock(FileDescriptor file) : file_(std::move(file)) {}
    FileDescriptor file_;
};

} // namespace qm
