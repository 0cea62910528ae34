#include "catalog/process_lock.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>

#include "quarantine/error.h"

namespace qm::catalog {
namespace {

struct flock byte_at(std::int64_t number)
{
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = number;
    lock.l_len = 1;
    return lock;
}

std::string lock_file(const Catalog& catalog)
{
    return catalog.file() + ".claims";
}

BackendError trouble(const std::string& file)
{
    return BackendError("catalog: lock in " + file + ": " + error_text(errno));
}

/// Nothing: somebody has it.
FileDescriptor lock_byte(const std::string& name, std::int64_t number)
{
    FileDescriptor file(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) {
        throw trouble(name);
    }
    struct flock lock = byte_at(number);
    if (fcntl(file.get(), F_OFD_SETLK, &lock) == 0) {
        return file;
    }
    if (errno != EAGAIN && errno != EACCES) {
        throw trouble(name);
    }
    return {};
}

/// nullptr: somebody has it.
std::unique_ptr<sql::Connection> lock_in_session(const sql::Target& target, std::int64_t number)
{
    auto session = std::make_unique<sql::Connection>(target, sql::ConnectOptions{});
    // A machine that vanished keeps its locks until its connection is found dead. (On a unix socket the
    // server takes these without effect.)
    session->execute("SET tcp_keepalives_idle = 30");
    session->execute("SET tcp_keepalives_interval = 10");
    session->execute("SET tcp_keepalives_count = 3");
    const auto rows = session->query("SELECT CASE WHEN pg_try_advisory_lock(:1) THEN 1 ELSE 0 END",
                                     {sql::Kind::integer}, {number});
    return sql::integer_of(rows.at(0).at(0)) == 0 ? nullptr : std::move(session);
}

} // namespace

std::optional<ProcessLock> ProcessLock::try_take(Catalog& catalog, std::int64_t number)
{
    ProcessLock lock;
    if (catalog.file().empty()) {
        lock.session_ = lock_in_session(catalog.readers().target(), number);
    } else {
        lock.file_ = lock_byte(lock_file(catalog), number);
    }
    if (!lock.file_ && lock.session_ == nullptr) {
        return std::nullopt;
    }
    return lock;
}

bool ProcessLock::is_held() const
{
    return file_ || (session_ != nullptr && !session_->is_broken() && !session_->is_abandoned());
}

bool ProcessLock::is_taken(Catalog& catalog, std::int64_t number, sql::Connection& database)
{
    if (catalog.file().empty()) {
        const auto rows = database.query(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND (classid::bigint << 32) + objid::bigint = :1",
            {sql::Kind::integer}, {number});
        return sql::integer_of(rows.at(0).at(0)) > 0;
    }
    const std::string name = lock_file(catalog);
    const FileDescriptor file(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file) {
        if (errno == ENOENT) {
            return false;
        }
        throw trouble(name);
    }
    struct flock lock = byte_at(number);
    if (fcntl(file.get(), F_OFD_GETLK, &lock) != 0) {
        throw trouble(name);
    }
    return lock.l_type != F_UNLCK;
}

std::optional<ProcessLock> take_turn(Catalog& catalog, Turn turn)
{
    return ProcessLock::try_take(catalog, static_cast<std::int64_t>(turn));
}

} // namespace qm::catalog
