// The sign of life of a process that releases mail.
#pragma once

#include <cstdint>
#include <optional>

#include "base/guarded.h"
#include "catalog/process_lock.h"
#include "catalog/releases.h"

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
    bool is_alive(std::int64_t number, sql::Connection& database) const
    {
        return ProcessLock::is_taken(catalog_, number, database);
    }

  private:
    struct Held {
        std::int64_t number = 0;
        std::optional<ProcessLock> lock;
    };

    Catalog& catalog_;
    Guarded<Held> held_;
};

} // namespace qm::catalog
