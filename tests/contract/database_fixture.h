// The engines a contract about databases is proved for, each with a way to take it away and to make it hang.
#pragma once

#include <memory>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "sql/connection.h"
#include "support/servers.h"
#include "support/temp_dir.h"

namespace qm::test {

/// One database for the life of a test program.
class Database {
  public:
    virtual ~Database() = default;
    virtual std::string url() const = 0;
    /// Nobody is there any more / again, with all that was in it.
    virtual void go_away() = 0;
    virtual void come_back() = 0;
    /// It takes questions and does not answer / answers again.
    virtual void hang() = 0;
    virtual void go_on() = 0;

    sql::Target target() const { return sql::parse_target(url(), "/"); }
    static sql::ConnectOptions options()
    {
        sql::ConnectOptions options;
        options.create = true;
        return options;
    }
    sql::Connection connect() const { return {target(), options()}; }
};

/// The program's database of this engine, started at the first call; it ends with the program's tests.
Database& database(sql::Engine engine);

/// A test for each engine. `test_name(...)` is the third argument of INSTANTIATE_TEST_SUITE_P: one ctest test
/// runs all tests of one engine, chosen by this name.
class DatabaseTest : public testing::TestWithParam<sql::Engine> {
  public:
    static std::string engine_name(const testing::TestParamInfo<sql::Engine>& engine);

  protected:
    Database& database() const { return test::database(GetParam()); }
    void TearDown() override;
};

inline auto every_engine()
{
    return testing::Values(sql::Engine::sqlite, sql::Engine::postgresql, sql::Engine::mysql);
}

} // namespace qm::test
