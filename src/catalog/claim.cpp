#include "catalog/claim.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>

#include "base/random.h"
#include "quarantine/error.h"

namespace qm::catalog {
namespace {

/// A file offset and a key of an advisory lock; 0 is nobody's.
std::int64_t random_number()
{
    std::uint64_t bits = 0;
    const std::string bytes = random_bytes(sizeof bits);
    std::memcpy(&bits, bytes.data(), sizeof bits);
    return static_cast<std::int64_t>(bits >> 2U) | 1;
}

struct flock byte_at(std::int64_t number)
{
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = number;
    lock.l_len = 1;
    return lock;
}

BackendError trouble(const std::string& file)
{
    return BackendError("catalog: lock in " + file + ": " + error_text(errno));
}

} // namespace

std::string Releases::Claim::file() const
{
    return catalog_.file() + ".claims";
}

std::int64_t Releases::Claim::hold()
{
    auto held = held_.lock();
    if (catalog_.file().empty()) {
        lock_in_session(*held);
    } else {
        lock_byte(*held);
    }
    return held->number;
}

void Releases::Claim::lock_byte(Held& held) const
{
    if (held.file) {
        return;
    }
    FileDescriptor opened(::open(file().c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!opened) {
        throw trouble(file());
    }
    held.number = random_number();
    struct flock lock = byte_at(held.number);
    if (fcntl(opened.get(), F_OFD_SETLK, &lock) != 0) {
        throw trouble(file());
    }
    held.file = std::move(opened);
}

void Releases::Claim::lock_in_session(Held& held) const
{
    if (held.session && !held.session->is_broken() && !held.session->is_abandoned()) {
        return;
    }
    auto session = std::make_unique<sql::Connection>(catalog_.readers().target(), sql::ConnectOptions{});
    held.number = random_number();
    const auto rows = session->query("SELECT CASE WHEN pg_try_advisory_lock(:1) THEN 1 ELSE 0 END",
                                     {sql::Kind::integer}, {held.number});
    if (sql::integer_of(rows.at(0).at(0)) == 0) {
        throw BackendError("catalog: the lock of this process is held by another one");
    }
    held.session = std::move(session);
}

bool Releases::Claim::is_alive(std::int64_t number, sql::Connection& database) const
{
    if (catalog_.file().empty()) {
        const auto rows = database.query(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND (classid::bigint << 32) + objid::bigint = :1",
            {sql::Kind::integer}, {number});
        return sql::integer_of(rows.at(0).at(0)) > 0;
    }
    const FileDescriptor opened(::open(file().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!opened) {
        if (errno == ENOENT) {
            return false;
        }
        throw trouble(file());
    }
    struct flock lock = byte_at(number);
    if (fcntl(opened.get(), F_OFD_GETLK, &lock) != 0) {
        throw trouble(file());
    }
    return lock.l_type != F_UNLCK;
}

} // namespace qm::catalog
