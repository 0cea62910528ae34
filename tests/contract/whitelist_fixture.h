// A whitelist table of its own for each test, in the engine of the test.
#pragma once

#include <atomic>
#include <thread>

#include "contract/database_fixture.h"
#include "quarantine/error.h"
#include "support/fake_section.h"
#include "whitelist/builtin_whitelists.h"

namespace qm::whitelist {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline const WhitelistType& type(std::string_view name)
{
    for (const WhitelistType& row : builtin_whitelists()) {
        if (row.name == name) {
            return row;
        }
    }
    throw std::logic_error("no such whitelist");
}

/// Calls `done` until it says yes; false when the time is over.
template <typename Done>
bool comes_true(Done done, seconds time = seconds(20))
{
    const auto deadline = Clock::now() + time;
    while (!done()) {
        if (Clock::now() >= deadline) {
            return false;
        }
        std::this_thread::yield();
    }
    return true;
}

class WhitelistContract : public test::DatabaseTest {
  protected:
    WhitelistContract()
    {
        static std::atomic<int> count = 0;
        table_ = "wl_" + std::to_string(++count);
        section_.add(type("DB").options);
        section_.set("whitelist_db_connection", database().url());
        section_.set("whitelist_db_table", table_);
    }

    std::unique_ptr<Whitelist> open() const { return type("DB").open(section_); }
    std::unique_ptr<WhitelistRows> rows() const { return open()->rows(); }

    std::int64_t add(const std::string& mailfrom, const std::string& recipient)
    {
        return rows()->add({0, mailfrom, recipient, "", "", "", false}).value_or(-1);
    }
    /// As a person with an SQL prompt would; the table is there.
    void add_raw(const sql::Value& mailfrom, const sql::Value& recipient)
    {
        sql::Connection connection = database().connect();
        connection.execute("INSERT INTO " + table_ +
                               " (mailfrom, recipient, created, last_used, comment, permanent) "
                               "VALUES (:1, :2, '2020-01-01 00:00:00', '2020-01-01 00:00:00', '', " +
                               (GetParam() == sql::Engine::postgresql ? "false" : "0") + ")",
                           {mailfrom, recipient});
    }
    /// The same with its times (NULL for none).
    void add_raw(const std::string& mailfrom, const sql::Value& created, const sql::Value& last_used,
                 bool permanent)
    {
        const bool has_boolean = GetParam() == sql::Engine::postgresql;
        database().connect().execute(
            "INSERT INTO " + table_ +
                " (mailfrom, recipient, created, last_used, comment, permanent) "
                "VALUES (:1, '', :2, :3, '', " +
                (has_boolean ? (permanent ? "true" : "false") : (permanent ? "1" : "0")) + ")",
            {mailfrom, created, last_used});
    }
    /// The ancestor's table, made by its library, but that NULL is allowed.
    void make_ancestors_table()
    {
        const std::string id = GetParam() == sql::Engine::sqlite ? "INTEGER NOT NULL PRIMARY KEY"
                               : GetParam() == sql::Engine::postgresql
                                   ? "SERIAL NOT NULL PRIMARY KEY"
                                   : "INTEGER AUTO_INCREMENT NOT NULL PRIMARY KEY";
        const std::string moment = GetParam() == sql::Engine::postgresql ? "TIMESTAMP" : "DATETIME";
        const std::string flag = GetParam() == sql::Engine::postgresql ? "BOOLEAN" : "SMALLINT";
        database().connect().execute("CREATE TABLE " + table_ + " (id " + id +
                                     ", mailfrom VARCHAR(255), recipient VARCHAR(255), created " + moment +
                                     ", last_used " + moment + ", comment TEXT NOT NULL, permanent " + flag +
                                     " NOT NULL, UNIQUE (mailfrom, recipient))");
    }
    std::string last_used(std::int64_t id)
    {
        for (const WhitelistRow& row : rows()->list({})) {
            if (row.id == id) {
                return row.last_used;
            }
        }
        return {};
    }
    void set_last_used(std::int64_t id, const std::string& time)
    {
        database().connect().execute("UPDATE " + table_ + " SET last_used = :1 WHERE id = :2", {time, id});
    }

    std::string table_;
    test::FakeSection section_;
};

} // namespace qm::whitelist
