// The one room that knows a database client library (SOCI over SQLite, PostgreSQL, MariaDB/MySQL).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace qm::sql {

enum class Engine : std::uint8_t { sqlite, postgresql, mysql };

/// A database named by a URL: `sqlite:///relative.db`, `sqlite:////absolute/path.db`,
/// `postgresql://user:password@host:port/db` (also `postgres://`), `mysql://user:password@host:port/db` (also
/// `mariadb://`); user, password, host and database percent-decoded; `?socket=/path` (mysql) and
/// `?host=/folder` (postgresql) name a unix socket; `?sslmode=`, `?sslrootcert=` (postgresql) and `?sslca=`
/// (mysql) ask for TLS.
struct Target {
    Engine engine = Engine::sqlite;
    std::string path; ///< sqlite: absolute file name
    std::string user, password, host, database, socket;
    std::uint16_t port = 0;                                 ///< 0: the engine's usual one
    std::vector<std::pair<std::string, std::string>> extra; ///< further words for the client library (TLS)

    /// For messages: the URL without the password.
    std::string shown() const;
};

/// Reads such a URL; a relative SQLite path starts at `folder`. Errors: ConfigError saying what is expected.
Target parse_target(std::string_view url, const std::string& folder);

/// A value on its way in or out. Text is bytes.
using Value = std::variant<std::monostate, std::int64_t, std::string>;
enum class Kind : std::uint8_t { integer, text };
using Row = std::vector<Value>;

/// `text` as this engine keeps it: SQLite as it is (though its text functions stop at a NUL). The others take
/// valid UTF-8 without NUL only: every other byte is U+FFFD and its two hexadecimal digits, so that two
/// different texts stay different. Doing it twice changes nothing.
std::string as_stored(Engine engine, std::string_view text);

/// How a connection behaves.
struct ConnectOptions {
    std::chrono::seconds connect_timeout{3};
    std::chrono::milliseconds statement_timeout{
        4000}; ///< one statement, network included; then the connection is cut
    std::chrono::milliseconds busy_timeout{2000}; ///< sqlite: how long to wait for another writer
    bool durable = false;   ///< sqlite: synchronous=FULL (else NORMAL); WAL in both cases
    bool create = false;    ///< sqlite: create the file (mode 0600) when it is missing
    bool read_only = false; ///< sqlite
};

/// One connection with its prepared statements (kept by their text).
///
/// Thread-safety: none; one thread at a time.
/// Errors: BackendError naming the database (never the password), the statement's first words and the
/// engine's message. After an error that broke the connection, is_broken() is true: throw the object away.
class Connection {
  public:
    Connection(const Target& target, const ConnectOptions& options);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    Engine engine() const;
    bool is_broken() const;

    /// True when the server has closed this connection while nobody used it, or the SQLite file was removed
    /// or replaced. Only between statements; costs one system call.
    bool is_abandoned() const;

    /// No statement that begins from now on goes on beyond `limit` (nothing: statement_timeout alone counts).
    /// A Pool forgets it when the lease ends.
    void give_up_at(std::optional<std::chrono::steady_clock::time_point> limit);

    /// Says that nobody may use this connection again.
    void mark_broken();

    /// Runs one statement with bound parameters (:1, :2, ..., each at least once) and returns how many rows
    /// it changed. Texts are bound as_stored(). Statements with another number of parameters than given are
    /// a std::logic_error.
    std::int64_t execute(const std::string& statement, const Row& parameters = {});

    /// Runs a query; every column is read as the kind given for it (NULL as monostate).
    std::vector<Row> query(const std::string& statement, const std::vector<Kind>& columns,
                           const Row& parameters = {});

    /// The id made by the last INSERT into a table with an automatic key named `id`.
    /// (Prefer INSERT ... RETURNING where the engine has it: query().)
    std::int64_t last_insert_id(const std::string& table);

  private:
    class Body;
    std::unique_ptr<Body> body_;
};

/// BEGIN in the constructor (sqlite: BEGIN IMMEDIATE), ROLLBACK in the destructor unless commit() returned.
class Transaction {
  public:
    explicit Transaction(Connection& connection);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

  private:
    Connection& connection_;
    bool open_ = true;
};

/// Text and integer access with a clear error for surprises (NULL gives "" and 0).
std::string text_of(const Value& value);
std::int64_t integer_of(const Value& value);

/// A few connections shared by many threads.
///
/// A database that is away or hangs costs its own askers only, and of these only those who ask it at that
/// moment: once a connection to a server broke, or could not be made, the pool answers "away" within 0.3 s,
/// and a thread of its own tries the server until it answers.
///
/// Thread-safety: every member may be called at once from any thread.
class Pool {
  public:
    Pool(Target target, ConnectOptions options, std::size_t size);
    ~Pool();

    class Lease {
      public:
        Connection& operator*() const { return *connection_; }
        Connection* operator->() const { return connection_.get(); }
        Lease(Lease&&) noexcept = default;
        ~Lease();

      private:
        friend class Pool;
        Lease(Pool& pool, std::unique_ptr<Connection> connection)
            : pool_(&pool), connection_(std::move(connection))
        {
        }
        Pool* pool_;
        std::unique_ptr<Connection> connection_;
    };

    /// A connection of our own until the lease ends. Errors: BackendError when none is free or the database
    /// is away within `patience`.
    Lease lease(std::chrono::milliseconds patience);

    const Target& target() const;

  private:
    class Body;
    std::unique_ptr<Body> body_;
};

} // namespace qm::sql
