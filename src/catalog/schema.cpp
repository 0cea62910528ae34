#include "catalog/schema.h"

#include <array>
#include <span>
#include <string>

#include <fmt/format.h>

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

constexpr std::array<std::span<const char* const>, kSchemaVersion> kMigrations{kVersion1};

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
        for (const char* const statement : kMigrations.at(static_cast<std::size_t>(next))) {
            connection.execute(for_engine(statement, connection.engine()));
        }
        connection.execute("INSERT INTO qm_schema (version) VALUES (:1)", {next + 1});
    }
    transaction.commit();
}

void check_version(sql::Connection& connection)
{
    version_of(connection);
}

} // namespace qm::catalog
