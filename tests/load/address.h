// Where a milter listens, in the words of libmilter.
#pragma once

#include <string>

#include <sys/socket.h>

#include "base/file.h"

namespace qm::load {

/// unix:/path, inet:port@host or inet6:port@host; the host is an address.
class Address {
  public:
    /// Errors: std::runtime_error.
    explicit Address(const std::string& text);

    /// A socket that does not block and is connected or about to be. Without one errno says why: EAGAIN when
    /// the milter's queue is full.
    FileDescriptor connect() const;

  private:
    sockaddr_storage address_{};
    socklen_t length_ = 0;
};

} // namespace qm::load
