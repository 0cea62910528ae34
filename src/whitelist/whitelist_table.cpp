#include "whitelist/whitelist_table.h"

#include <algorithm>
#include <cctype>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "quarantine/error.h"

namespace qm::whitelist {

namespace {

constexpr std::size_t kLongestIdentifier = 63; ///< PostgreSQL cuts longer ones

bool is_identifier(std::string_view text)
{
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    return !text.empty() && text.size() <= kLongestIdentifier && letter(text.front()) &&
           std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

/// The ancestor's columns; the defaults are for rows that people insert by hand.
std::string create_statement(sql::Engine engine, const TableName& name)
{
    struct Words {
        std::string_view id, moment, text_default, flag, behind;
    };
    const auto words = [engine]() -> Words {
        switch (engine) {
        case sql::Engine::postgresql:
            return {"SERIAL NOT NULL PRIMARY KEY", "TIMESTAMP", " DEFAULT ''",
                    "BOOLEAN NOT NULL DEFAULT FALSE", ""};
        case sql::Engine::mysql:
            // No default for a text: MySQL, unlike MariaDB, refuses it.
            return {"INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY", "DATETIME", "",
                    "BOOLEAN NOT NULL DEFAULT FALSE", " DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"};
        case sql::Engine::sqlite:
            break;
        }
        return {"INTEGER NOT NULL PRIMARY KEY", "DATETIME", " DEFAULT ''", "INTEGER NOT NULL DEFAULT 0", ""};
    }();
    return fmt::format("CREATE TABLE IF NOT EXISTS {0} ("
                       "id {1}, "
                       "mailfrom VARCHAR(255) NOT NULL DEFAULT '', "
                       "recipient VARCHAR(255) NOT NULL DEFAULT '', "
                       "created {2} NOT NULL DEFAULT CURRENT_TIMESTAMP, "
                       "last_used {2} NOT NULL DEFAULT CURRENT_TIMESTAMP, "
                       "comment TEXT {3}, "
                       "permanent {4}, "
                       "UNIQUE (mailfrom, recipient)){5}",
                       name.quoted(engine), words.id, words.moment,
                       words.text_default.empty() ? "" : "NOT NULL" + std::string(words.text_default),
                       words.flag, words.behind);
}

} // namespace

std::optional<TableName> TableName::parse(std::string_view text)
{
    TableName name;
    if (const std::size_t dot = text.find('.'); dot != std::string_view::npos) {
        name.schema_ = std::string(text.substr(0, dot));
        text.remove_prefix(dot + 1);
        if (!is_identifier(name.schema_)) {
            return std::nullopt;
        }
    }
    if (!is_identifier(text)) {
        return std::nullopt;
    }
    name.table_ = std::string(text);
    return name;
}

std::string TableName::quoted(sql::Engine engine) const
{
    const std::string_view quote = engine == sql::Engine::mysql ? "`" : "\"";
    const std::string table = fmt::format("{0}{1}{0}", quote, table_);
    return schema_.empty() ? table : fmt::format("{0}{1}{0}.{2}", quote, schema_, table);
}

std::optional<TablePlace> read_place(const Section& section)
{
    const std::string url = section.secret("whitelist_db_connection");
    const std::optional<TableName> name = TableName::parse(section.text("whitelist_db_table"));
    if (!name) {
        section.mistake(
            "whitelist_db_table",
            "this cannot be the name of a table; expected letters, digits and _, not beginning with a "
            "digit, at most 63, optionally behind a schema and a dot");
    }
    if (url.empty()) {
        return std::nullopt; // required: noted by the section itself
    }
    try {
        sql::Target target = sql::parse_target(url, section.folder());
        if (name) {
            return TablePlace{std::move(target), *name};
        }
    } catch (const ConfigError& error) {
        section.mistake("whitelist_db_connection", error.what());
    }
    return std::nullopt;
}

bool table_exists(sql::Connection& connection, const TableName& name)
{
    switch (connection.engine()) {
    case sql::Engine::sqlite:
        return !connection
                    .query(fmt::format("SELECT name FROM {}sqlite_master WHERE type IN ('table', 'view') "
                                       "AND lower(name) = lower(:1)",
                                       name.schema().empty() ? "" : "\"" + name.schema() + "\"."),
                           {sql::Kind::text}, {name.table()})
                    .empty();
    case sql::Engine::postgresql: {
        const auto rows = connection.query("SELECT to_regclass(:1)::text", {sql::Kind::text},
                                           {name.quoted(connection.engine())});
        return !sql::text_of(rows.at(0).at(0)).empty();
    }
    case sql::Engine::mysql:
        return !connection
                    .query("SELECT table_name FROM information_schema.tables "
                           "WHERE table_schema = COALESCE(NULLIF(:1, ''), DATABASE()) AND table_name = :2",
                           {sql::Kind::text}, {name.schema(), name.table()})
                    .empty();
    }
    return false;
}

void ensure_table(sql::Connection& connection, const TableName& name)
{
    if (table_exists(connection, name)) {
        return;
    }
    try {
        connection.execute(create_statement(connection.engine(), name));
    } catch (const BackendError&) {
        // PostgreSQL lets two makers of one table collide in spite of IF NOT EXISTS.
        if (connection.is_broken() || !table_exists(connection, name)) {
            throw;
        }
    }
}

std::string database_time(std::chrono::system_clock::time_point time)
{
    return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

} // namespace qm::whitelist
