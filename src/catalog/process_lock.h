// Locks that end with their process, on whatever machine it runs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/file.h"
#include "catalog/catalog.h"
#include "sql/connection.h"

namespace qm::catalog {

/// A number that is locked while this object, its process and (on a server) its session live. SQLite: one
/// byte of the file `<catalog>.claims` (F_OFD_SETLK); PostgreSQL: an advisory lock of a session of its own,
/// which the server notices to be dead after a minute without a sign of life (a connection pooler that gives
/// one session to many, as pgbouncer in its transaction mode, does not keep it).
///
/// Thread-safety: none. Errors: BackendError.
class ProcessLock {
  public:
    /// Nothing: somebody has it, this process included.
    static std::optional<ProcessLock> try_take(Catalog& catalog, std::int64_t number);

    /// False: the session that held it is lost, and with it the lock.
    bool is_held() const;

    /// Does somebody have it (we too)? A server is asked through `database`.
    static bool is_taken(Catalog& catalog, std::int64_t number, sql::Connection& database);

  private:
    ProcessLock() = default;

    FileDescriptor file_;                      ///< SQLite
    std::unique_ptr<sql::Connection> session_; ///< PostgreSQL
};

/// Jobs that one process does at a time. The numbers never change: other versions run beside this one. Claims
/// (Releases) are odd.
enum class Turn : std::int64_t {
    expire = 0x716d'0000'0002, ///< what is too old goes
    stores = 0x716d'0000'0004, ///< stores and catalog are made to agree; mail of elsewhere is taken up
};

/// The turn at a job; nothing: another process is at it.
std::optional<ProcessLock> take_turn(Catalog& catalog, Turn turn);

} // namespace qm::catalog
