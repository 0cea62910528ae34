// What became of each mail, line by line.
#pragma once

#include <string>
#include <string_view>

#include "base/file.h"

namespace qm::load {

/// A file of lines "MESSAGE-ID KIND WORD": offered, right, wrong, deferred, lost, broken-off. Each line is in
/// the file before the worker goes on.
///
/// Thread-safety: note() may be called from any thread.
class Journal {
  public:
    /// "" : keeps nothing. Errors: std::runtime_error.
    explicit Journal(const std::string& path);

    explicit operator bool() const { return static_cast<bool>(file_); }
    void note(std::string_view message_id, std::string_view kind, std::string_view word) const;

  private:
    FileDescriptor file_;
};

} // namespace qm::load
