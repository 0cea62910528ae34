// What differs between the engines below SOCI: how a connection is opened, which socket it has, when it is
// lost.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/file.h"
#include "sql/connection.h"

namespace soci {
class session;
} // namespace soci

namespace qm::sql {

/// An open connection, before its first statement.
struct Opened {
    std::unique_ptr<soci::session> session;
    FileDescriptor socket;               ///< a duplicate of the library's; none for SQLite
    std::uint64_t device = 0, inode = 0; ///< SQLite: the file that was opened
};

/// Errors: BackendError without the password.
Opened open_session(const Target& target, const ConnectOptions& options);

/// True when the library itself says that the connection is gone (or, SQLite, the file is not to be trusted).
bool is_lost(soci::session& session, Engine engine);

/// SQLite: nothing of the next statement waits or computes longer than until `deadline`, which must live as
/// long as the session. The other engines have the watchdog.
void obey_deadline(soci::session& session, const std::chrono::steady_clock::time_point* deadline);

/// SQLite: how long the next statement waits for another writer.
void set_busy_timeout(soci::session& session, std::chrono::milliseconds timeout);

/// The message of the library, in one line, without the password.
std::string scrubbed(const std::string& message, const Target& target);

/// True when the other side has closed an idle connection, or the SQLite file is not the same any more.
bool is_abandoned(const Opened& opened, const Target& target);

} // namespace qm::sql
