#include "catalog/schema.h"

#include <array>
#include <span>
#include <string>

#include <fmt/format.h>

#include "catalog/held_rows.h"
#include "quarantine/error.h"

namespace qm::catalog {
namespace {

/// `{auto}` stands for the engine's automatic integer key. Times are microseconds since 1970, UTC. A
/// migration, once released, is never changed: a new one is added.
constexpr std::array kVersion1{
    "CREATE TABLE held_message ("
    " id VARCHAR(26) NOT NULL PRIMARY KEY,"
    " quarantine VARCHAR(255) NOT NULL,"
    " received BIGINT NOT NULL,"
    " sender TEXT NOT NULL,"
    " queue_id TEXT NOT NULL,"
    " client_address TEXT NOT NULL,"
    " client_name TEXT NOT NULL,"
    " client_user TEXT NOT NULL,"
    " subject TEXT NOT NULL,"
    " header_from TEXT NOT NULL,"
    " header_date TEXT NOT NULL,"
    " why TEXT NOT NULL,"
    " match_groups TEXT NOT NULL," // JSON: [[name, text], ...]
    " size BIGINT NOT NULL,"
    " digest CHAR(64) NOT NULL,"
    " action VARCHAR(16) NOT NULL,"
    " notes TEXT NOT NULL,"
    " stored BIGINT NOT NULL)", // 1: in the quarantine's store, 0: the quarantine keeps nothing
    "CREATE INDEX held_message_received ON held_message (received)",
    "CREATE INDEX held_message_quarantine ON held_message (quarantine, received)",
    "CREATE INDEX held_message_digest ON held_message (digest)",

    "CREATE TABLE held_recipient ("
    " message VARCHAR(26) NOT NULL REFERENCES held_message (id) ON DELETE CASCADE,"
    " position BIGINT NOT NULL,"
    " address TEXT NOT NULL,"     // spelling as received
    " address_key TEXT NOT NULL," // for looking up
    " state VARCHAR(16) NOT NULL,"
    " reply TEXT NOT NULL,"
    " changed BIGINT NOT NULL,"
    " PRIMARY KEY (message, position))",
    "CREATE INDEX held_recipient_address ON held_recipient (address_key, message)",
    "CREATE INDEX held_recipient_state ON held_recipient (state, message)",

    "CREATE TABLE notice ("
    " number {auto},"
    " message VARCHAR(26) NOT NULL REFERENCES held_message (id) ON DELETE CASCADE,"
    " recipient TEXT NOT NULL,"
    " state VARCHAR(16) NOT NULL," // due, sent, refused, expired
    " attempts BIGINT NOT NULL,"
    " created BIGINT NOT NULL,"
    " next_attempt BIGINT NOT NULL,"
    " claimed_by TEXT NOT NULL,"
    " claimed_until BIGINT NOT NULL,"
    " message_id TEXT NOT NULL,"
    " reply TEXT NOT NULL)",
    "CREATE INDEX notice_state ON notice (state, next_attempt)",
    "CREATE INDEX notice_message ON notice (message)",

    // Mail of ours that may come back through the milter: a notice sent, a message released.
    "CREATE TABLE own_mail ("
    " digest CHAR(64) NOT NULL,"
    " recipient_key TEXT NOT NULL,"
    " kind VARCHAR(16) NOT NULL," // notice, release
    " until BIGINT NOT NULL,"
    " PRIMARY KEY (digest, recipient_key))",
    "CREATE INDEX own_mail_until ON own_mail (until)",
};

/// What a search asks is written into each row of held_recipient, so that one index answers it: with the
/// message last it also gives them in the order of time.
constexpr std::array kVersion2{
    "ALTER TABLE held_message ADD COLUMN gone BIGINT NOT NULL DEFAULT 0", // 1: bytes deleted, or about to be
    "ALTER TABLE held_recipient ADD COLUMN outcome_unknown BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE held_recipient ADD COLUMN claim BIGINT NOT NULL DEFAULT 0", // of the last release
    "ALTER TABLE held_recipient ADD COLUMN quarantine VARCHAR(255) NOT NULL DEFAULT ''",
    "ALTER TABLE held_recipient ADD COLUMN sender_key TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE held_recipient ADD COLUMN sender_domain TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE held_recipient ADD COLUMN address_domain TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE notice ADD COLUMN send_to TEXT NOT NULL DEFAULT ''",
    "UPDATE notice SET send_to = recipient",
    // Ids are in the order of time byte by byte, whatever the database's language makes of letters.
    "{postgresql}ALTER TABLE held_message ALTER COLUMN id TYPE VARCHAR(26) COLLATE \"C\"",
    "{postgresql}ALTER TABLE held_recipient ALTER COLUMN message TYPE VARCHAR(26) COLLATE \"C\"",
    "{postgresql}ALTER TABLE notice ALTER COLUMN message TYPE VARCHAR(26) COLLATE \"C\"",
    "DROP INDEX held_message_received",
    "DROP INDEX held_message_quarantine",
    "DROP INDEX held_recipient_address",
    "DROP INDEX held_recipient_state",
};

constexpr std::array kVersion2Indexes{
    "CREATE INDEX held_message_kept ON held_message (quarantine, id, received, size, stored, gone)",
    "CREATE INDEX held_recipient_state ON held_recipient (state, quarantine, message)",
    "CREATE INDEX held_recipient_sender_key ON held_recipient"
    " (sender_key, quarantine, state, message, address_domain)",
    "CREATE INDEX held_recipient_sender_domain ON held_recipient (sender_domain, quarantine, state, message)",
    "CREATE INDEX held_recipient_address_key ON held_recipient"
    " (address_key, quarantine, state, message, sender_key, sender_domain)",
    "CREATE INDEX held_recipient_address_domain ON held_recipient"
    " (address_domain, quarantine, state, message)",
    "CREATE INDEX held_recipient_domains ON held_recipient"
    " (sender_domain, address_domain, quarantine, state, message)",
};

constexpr std::array kVersion3{
    // 1: a postman has begun to send it, and what came of that is not on record yet.
    "ALTER TABLE notice ADD COLUMN sending BIGINT NOT NULL DEFAULT 0",
};

using Statements = std::span<const char* const>;

/// The rows of version 1 get the columns of version 2 that only a program can fill.
void fill_version2(sql::Connection& connection)
{
    using sql::Kind;
    constexpr std::int64_t kBatch = 1000;
    std::string message;
    std::int64_t position = -1;
    for (;;) {
        const auto rows = connection.query(
            "SELECT r.message, r.position, r.address, m.sender, m.quarantine FROM held_recipient r"
            " JOIN held_message m ON m.id = r.message WHERE (r.message, r.position) > (:1, :2)"
            " ORDER BY r.message, r.position LIMIT :3",
            {Kind::text, Kind::integer, Kind::text, Kind::text, Kind::text}, {message, position, kBatch});
        for (const sql::Row& row : rows) {
            message = sql::text_of(row.at(0));
            position = sql::integer_of(row.at(1));
            const AddressKey address(sql::text_of(row.at(2)));
            const AddressKey sender(sql::text_of(row.at(3)));
            connection.execute("UPDATE held_recipient SET address_domain = :1, sender_key = :2,"
                               " sender_domain = :3, quarantine = :4 WHERE message = :5 AND position = :6",
                               {address.domain, sender.key, sender.domain, row.at(4), message, position});
        }
        if (rows.size() < kBatch) {
            return;
        }
    }
}

struct Migration {
    Statements statements;
    void (*fill)(sql::Connection& connection);
    Statements indexes; ///< made when the rows are filled: far cheaper
};

constexpr std::array<Migration, kSchemaVersion> kMigrations{{
    {.statements = kVersion1, .fill = nullptr, .indexes = {}},
    {.statements = kVersion2, .fill = fill_version2, .indexes = kVersion2Indexes},
    {.statements = kVersion3, .fill = nullptr, .indexes = {}},
}};

std::string for_engine(std::string statement, sql::Engine engine)
{
    constexpr std::string_view kAuto = "{auto}";
    if (const auto place = statement.find(kAuto); place != std::string::npos) {
        statement.replace(place, kAuto.size(),
                          engine == sql::Engine::sqlite ? "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT"
                                                        : "BIGSERIAL NOT NULL PRIMARY KEY");
    }
    return statement;
}

void run(sql::Connection& connection, Statements statements)
{
    constexpr std::string_view kServerOnly = "{postgresql}";
    for (const std::string_view statement : statements) {
        if (!statement.starts_with(kServerOnly)) {
            connection.execute(for_engine(std::string(statement), connection.engine()));
        } else if (connection.engine() == sql::Engine::postgresql) {
            connection.execute(std::string(statement.substr(kServerOnly.size())));
        }
    }
}

bool has_version_table(sql::Connection& connection)
{
    const char* const question =
        connection.engine() == sql::Engine::sqlite
            ? "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'qm_schema'"
            : "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND "
              "table_name = 'qm_schema'";
    const auto rows = connection.query(question, {sql::Kind::integer});
    return !rows.empty() && sql::integer_of(rows.front().at(0)) > 0;
}

std::int64_t version_of(sql::Connection& connection)
{
    if (!has_version_table(connection)) {
        return 0;
    }
    const auto rows = connection.query("SELECT max(version) FROM qm_schema", {sql::Kind::integer});
    const std::int64_t version = rows.empty() ? 0 : sql::integer_of(rows.front().at(0));
    if (version > kSchemaVersion) {
        throw BackendError(
            fmt::format("catalog: it was written by a newer version of this program (schema {}, this "
                        "program knows {}); install that version again",
                        version, kSchemaVersion));
    }
    return version;
}

} // namespace

void migrate(sql::Connection& connection)
{
    if (version_of(connection) == kSchemaVersion) {
        return;
    }
    sql::Transaction transaction(connection);
    const std::int64_t version = version_of(connection);
    if (version == 0) {
        connection.execute("CREATE TABLE IF NOT EXISTS qm_schema (version BIGINT NOT NULL)");
    }
    for (std::int64_t next = version; next < kSchemaVersion; ++next) {
        const Migration& migration = kMigrations.at(static_cast<std::size_t>(next));
        run(connection, migration.statements);
        if (migration.fill != nullptr) {
            migration.fill(connection);
        }
        run(connection, migration.indexes);
        connection.execute("INSERT INTO qm_schema (version) VALUES (:1)", {next + 1});
    }
    transaction.commit();
}

std::string through_index(const sql::Connection& connection, const std::string& name)
{
    return connection.engine() == sql::Engine::sqlite ? " INDEXED BY " + name : std::string();
}

bool is_current(sql::Connection& connection)
{
    return version_of(connection) == kSchemaVersion;
}

void check_version(sql::Connection& connection)
{
    version_of(connection);
}

} // namespace qm::catalog
