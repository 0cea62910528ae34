// The sign of life of a process that releases mail.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/file.h"
#include "base/guarded.h"
#include "catalog/releases.h"
#include "sql/connection.h"

namespace qm::catalog {

/// A number that is locked while its process lives, so that others can tell whose release was left behind.
///
/// Thread-safety: every member may be called at once from any thread. Errors: BackendError.
class Releases::Claim {
  public:
    explicit Claim(Catalog& catalog) : catalog_(catalog) {}

    /// Our number: drawn and locked by the first call, locked anew under another number when the server has
    /// lost the session that held it.
    std::int64_t hold();

    /// True while somebody (we too) holds `number`. A server is asked through `database`.
    bool is_alive(std::int64_t number, sql::Connection& database) const;

  private:
    struct Held {
        std::int64_t number = 0;
        FileDescriptor file;                      ///< SQLite
        std::unique_ptr<sql::Connection> session; ///< PostgreSQL
    };

    std::string file() const;
    void lock_byte(Held& held) const;
    void lock_in_session(Held& held) const;

    Catalog& catalog_;
    Guarded<Held> held_;
};

} // namespace qm::catalog
