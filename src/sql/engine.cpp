#include "sql/engine.h"

#include <algorithm>
#include <cerrno>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <fmt/format.h>
#include <soci/mysql/soci-mysql.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
// Declares SQLite's functions in a namespace of its own; <sqlite3.h> before it would take them away.
#include <soci/sqlite3/soci-sqlite3.h>

#include "base/text.h"
#include "quarantine/error.h"
#include "sql/watchdog.h"

namespace qm::sql {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// The library hides the types' run-time information, so a dynamic_cast does not link.
template <typename Backend>
Backend& backend_of(soci::session& session)
{
    return *static_cast<Backend*>(session.get_backend());
}

sqlite_api::sqlite3* sqlite_of(soci::session& session)
{
    return backend_of<soci::sqlite3_session_backend>(session).conn_;
}

/// SOCI's MySQL takes key='value' pairs.
void add(std::string& to, std::string_view key, std::string_view value)
{
    if (value.empty()) {
        return;
    }
    to += fmt::format("{}{}='", to.empty() ? "" : " ", key);
    for (const char c : value) {
        if (c == '\'' || c == '\\') {
            to += '\\';
        }
        to += c;
    }
    to += '\'';
}

/// For libpq the parameters stand in a URI: SOCI cuts the other form at blanks, quoted or not.
void add_to_uri(std::string& to, std::string_view key, std::string_view value)
{
    if (value.empty()) {
        return;
    }
    to += fmt::format("{}{}=", to.back() == '?' ? "" : "&", key);
    for (const char c : value) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        to += plain ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
}

/// Whole seconds, at least `least`: the libraries know no smaller unit.
std::string whole_seconds(milliseconds time, int least)
{
    return std::to_string(std::max<std::int64_t>(least, (time.count() + 999) / 1000));
}

std::string postgresql_parameters(const Target& target, const ConnectOptions& options)
{
    std::string out = "postgresql://?";
    add_to_uri(out, "host", target.socket.empty() ? target.host : target.socket);
    add_to_uri(out, "port", target.port == 0 ? std::string() : std::to_string(target.port));
    add_to_uri(out, "user", target.user);
    add_to_uri(out, "password", target.password);
    add_to_uri(out, "dbname", target.database);
    add_to_uri(out, "client_encoding", "UTF8");
    add_to_uri(out, "application_name", "quarantine-milter");
    add_to_uri(out, "connect_timeout", whole_seconds(options.connect_timeout, 2)); // libpq takes 1 as 2
    add_to_uri(out, "tcp_user_timeout", std::to_string(options.statement_timeout.count()));
    add_to_uri(out, "keepalives_idle", "10");
    add_to_uri(out, "keepalives_interval", "5");
    add_to_uri(out, "keepalives_count", "3");
    add_to_uri(out, "gssencmode", "disable");
    for (const auto& [key, value] : target.extra) {
        add_to_uri(out, key, value);
    }
    return out;
}

std::string mysql_parameters(const Target& target, const ConnectOptions& options)
{
    // The library takes "localhost" for a unix socket, even when a port is given.
    const bool tcp = target.host == "localhost" && target.port != 0;
    std::string out;
    add(out, "host", tcp ? "127.0.0.1" : target.host);
    add(out, "port", target.port == 0 ? std::string() : std::to_string(target.port));
    add(out, "unix_socket", target.socket);
    add(out, "user", target.user);
    add(out, "password", target.password);
    add(out, "dbname", target.database);
    add(out, "charset", "utf8mb4");
    add(out, "connect_timeout", whole_seconds(options.connect_timeout, 1));
    add(out, "read_timeout", whole_seconds(options.statement_timeout, 1));
    add(out, "write_timeout", whole_seconds(options.statement_timeout, 1));
    for (const auto& [key, value] : target.extra) {
        add(out, key, value);
    }
    return out;
}

/// A statement of our own without parameters whose failure is told by `required`.
void set_up(soci::session& session, const std::string& statement, bool required = true)
{
    try {
        session.once << statement;
    } catch (const soci::soci_error&) {
        if (required) {
            throw;
        }
    }
}

FileDescriptor duplicate(int socket)
{
    FileDescriptor copy(::fcntl(socket, F_DUPFD_CLOEXEC, 3));
    if (!copy) {
        throw BackendError(fmt::format("database connection: {}", error_text(errno)));
    }
    return copy;
}

Opened open_postgresql(const Target& target, const ConnectOptions& options)
{
    Opened opened;
    opened.session =
        std::make_unique<soci::session>(soci::postgresql, postgresql_parameters(target, options));
    opened.socket = duplicate(PQsocket(backend_of<soci::postgresql_session_backend>(*opened.session).conn_));
    const Watchdog::Watch watch(opened.socket.get(), Watchdog::Clock::now() + options.connect_timeout);
    // The server gives up a little earlier than we do, so that the connection survives a slow statement.
    set_up(*opened.session,
           fmt::format("SET statement_timeout = {}", options.statement_timeout.count() * 9 / 10));
    set_up(*opened.session, "SET datestyle = 'ISO'");
    if (options.durable) {
        // A role or database may have switched it off; what is stronger than `on` stays.
        set_up(*opened.session, "SELECT set_config('synchronous_commit', 'on', false)"
                                " WHERE current_setting('synchronous_commit') = 'off'");
        // A node that vanishes in the middle of a transaction must not keep its locks from the others.
        set_up(*opened.session, "SET idle_in_transaction_session_timeout = '10s'");
        set_up(*opened.session, "SET tcp_keepalives_idle = 10");
        set_up(*opened.session, "SET tcp_keepalives_interval = 5");
        set_up(*opened.session, "SET tcp_keepalives_count = 3");
    }
    return opened;
}

Opened open_mysql(const Target& target, const ConnectOptions& options)
{
    Opened opened;
    opened.session = std::make_unique<soci::session>(soci::mysql, mysql_parameters(target, options));
    MYSQL* const native = backend_of<soci::mysql_session_backend>(*opened.session).conn_;
    opened.socket = duplicate(static_cast<int>(mysql_get_socket(native)));
    const Watchdog::Watch watch(opened.socket.get(), Watchdog::Clock::now() + options.connect_timeout);
    const auto wait = std::max<std::int64_t>(1, options.statement_timeout.count() * 9 / 10000);
    set_up(*opened.session, fmt::format("SET SESSION innodb_lock_wait_timeout = {}", wait));
    // MariaDB only.
    set_up(*opened.session,
           fmt::format("SET SESSION max_statement_time = {:.3f}",
                       static_cast<double>(options.statement_timeout.count()) * 0.0009),
           false);
    return opened;
}

/// One PRAGMA or the like; the engine's message when it fails, "" else. `answer` gets the first column.
std::string sqlite_run(sqlite_api::sqlite3* database, const std::string& statement,
                       std::string* answer = nullptr)
{
    const auto first_column = [](void* to, int count, char** values, char** /*names*/) {
        if (to != nullptr && count > 0 && values[0] != nullptr) {
            *static_cast<std::string*>(to) = values[0];
        }
        return 0;
    };
    const int result = sqlite_api::sqlite3_exec(database, statement.c_str(), first_column, answer, nullptr);
    return result == SQLITE_OK ? std::string() : sqlite_api::sqlite3_errmsg(database);
}

void sqlite_set_up(sqlite_api::sqlite3* database, const std::string& statement, const Target& target)
{
    const std::string problem = sqlite_run(database, statement);
    if (!problem.empty()) {
        throw BackendError(fmt::format("database {}: {}: {}", target.shown(), statement, problem));
    }
}

/// Another process may be making the same change: SQLite then says "locked" at once, without its busy
/// timeout.
void switch_to_wal(sqlite_api::sqlite3* database, const Target& target, milliseconds patience)
{
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
        std::string mode;
        std::string problem = sqlite_run(database, "PRAGMA journal_mode = WAL", &mode);
        if (problem.empty() && mode == "wal") {
            return;
        }
        const int code = sqlite_api::sqlite3_errcode(database) & 0xff;
        const bool busy = !problem.empty() && (code == SQLITE_BUSY || code == SQLITE_LOCKED);
        if (!busy || std::chrono::steady_clock::now() >= deadline) {
            throw BackendError(fmt::format("database {}: cannot use write-ahead logging: {}", target.shown(),
                                           problem.empty() ? "journal mode stays " + mode : problem));
        }
        std::this_thread::sleep_for(milliseconds(5));
    }
}

/// The file itself, made if allowed. It is never opened and closed here when it exists: closing it would drop
/// the locks that another connection of this process has on it (fcntl(2)).
struct stat sqlite_file(const Target& target, const ConnectOptions& options)
{
    struct stat info = {};
    int problem = ::stat(target.path.c_str(), &info) == 0 ? 0 : errno;
    if (problem == ENOENT && options.create && !options.read_only) {
        const FileDescriptor made(::open(target.path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        problem = made || errno == EEXIST ? 0 : errno;
        if (problem == 0 && ::stat(target.path.c_str(), &info) != 0) {
            problem = errno;
        }
    }
    if (problem != 0) {
        throw BackendError(fmt::format("database {}: {}", target.shown(), error_text(problem)));
    }
    if (!S_ISREG(info.st_mode)) {
        throw BackendError(fmt::format("database {}: this is no regular file", target.shown()));
    }
    return info;
}

/// For the whole process and before its first connection: SQLite counts no memory. Counting takes a lock at
/// every allocation, on which all connections meet.
void configure_sqlite()
{
    static const int done = sqlite_api::sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    static_cast<void>(done); // too late is no harm
}

Opened open_sqlite(const Target& target, const ConnectOptions& options)
{
    configure_sqlite();
    const struct stat info = sqlite_file(target, options);
    Opened opened;
    opened.device = info.st_dev;
    opened.inode = info.st_ino;
    opened.session = std::make_unique<soci::session>(soci::sqlite3, fmt::format("db=\"{}\"", target.path));
    sqlite_api::sqlite3* const database = sqlite_of(*opened.session);
    sqlite_api::sqlite3_extended_result_codes(database, 0);
    set_busy_timeout(*opened.session, options.busy_timeout);
    if (options.read_only) {
        sqlite_set_up(database, "PRAGMA query_only = ON", target);
        return opened;
    }
    switch_to_wal(database, target, options.busy_timeout);
    sqlite_set_up(database, options.durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
                  target);
    sqlite_set_up(database, "PRAGMA foreign_keys = ON", target);
    // What a savepoint may have to take back waits in memory, and a batch of mails fits the cache: both would
    // go through a file otherwise.
    sqlite_set_up(database, "PRAGMA temp_store = MEMORY", target);
    sqlite_set_up(database, "PRAGMA cache_size = -16384", target);
    // A page that many mails change goes from the log into the file once in 16 MB, not in 4.
    sqlite_set_up(database, "PRAGMA wal_autocheckpoint = 4096", target);
    return opened;
}

int past_deadline(void* deadline)
{
    return std::chrono::steady_clock::now() >=
                   *static_cast<const std::chrono::steady_clock::time_point*>(deadline)
               ? 1
               : 0;
}

} // namespace

Opened open_session(const Target& target, const ConnectOptions& options)
{
    try {
        switch (target.engine) {
        case Engine::sqlite:
            return open_sqlite(target, options);
        case Engine::postgresql:
            return open_postgresql(target, options);
        case Engine::mysql:
            return open_mysql(target, options);
        }
    } catch (const soci::soci_error& problem) {
        throw BackendError(
            fmt::format("database {}: {}", target.shown(), scrubbed(problem.get_error_message(), target)));
    }
    throw std::logic_error("unknown engine");
}

bool is_lost(soci::session& session, Engine engine)
{
    switch (engine) {
    case Engine::postgresql:
        return PQstatus(backend_of<soci::postgresql_session_backend>(session).conn_) != CONNECTION_OK;
    case Engine::mysql: {
        // 1927: killed by the administrator. What the client itself complains of (2000 and up) leaves the
        // protocol in an unknown state.
        const unsigned code = mysql_errno(backend_of<soci::mysql_session_backend>(session).conn_);
        return code == 1927 || (code >= CR_MIN_ERROR && code <= CR_MAX_ERROR);
    }
    case Engine::sqlite:
        switch (sqlite_api::sqlite3_errcode(sqlite_of(session)) & 0xff) {
        case SQLITE_IOERR:
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
            return true;
        default:
            return false;
        }
    }
    return true;
}

void obey_deadline(soci::session& session, const std::chrono::steady_clock::time_point* deadline)
{
    // The number: virtual machine instructions between two looks at the clock, some tens of microseconds.
    sqlite_api::sqlite3_progress_handler(sqlite_of(session), 4000, past_deadline,
                                         const_cast<std::chrono::steady_clock::time_point*>(
                                             deadline)); // NOLINT: read only, C has no const void*
}

void set_busy_timeout(soci::session& session, milliseconds timeout)
{
    sqlite_api::sqlite3_busy_timeout(sqlite_of(session),
                                     static_cast<int>(std::max<std::int64_t>(1, timeout.count())));
}

std::string scrubbed(const std::string& message, const Target& target)
{
    std::string out = message;
    if (!target.password.empty()) {
        for (std::size_t at = out.find(target.password); at != std::string::npos;
             at = out.find(target.password, at + 3)) {
            out.replace(at, target.password.size(), "***");
        }
    }
    return text::one_line(out, 500);
}

bool is_abandoned(const Opened& opened, const Target& target)
{
    if (target.engine == Engine::sqlite) {
        struct stat info = {};
        return ::stat(target.path.c_str(), &info) != 0 || info.st_dev != opened.device ||
               info.st_ino != opened.inode;
    }
    // Nobody asked anything, so whatever arrived is a farewell.
    pollfd descriptor{opened.socket.get(), POLLIN, 0};
    return ::poll(&descriptor, 1, 0) > 0;
}

} // namespace qm::sql
