#include "contract/database_fixture.h"

#include <array>
#include <filesystem>

namespace qm::test {

namespace {

class SqliteDatabase final : public Database {
  public:
    SqliteDatabase() { std::filesystem::create_directory(folder_); }
    std::string url() const override { return "sqlite:///" + folder_ + "/test.db"; }
    void go_away() override { std::filesystem::rename(folder_, folder_ + ".away"); }
    void come_back() override { std::filesystem::rename(folder_ + ".away", folder_); }
    void hang() override
    {
        // Another program that holds the file for itself.
        holder_ = std::make_unique<sql::Connection>(target(), options());
        holder_->query("PRAGMA journal_mode = DELETE", {sql::Kind::text});
        holder_->execute("BEGIN EXCLUSIVE");
    }
    void go_on() override { holder_.reset(); }

  private:
    TempDir parent_;
    std::string folder_ = parent_ / "database";
    std::unique_ptr<sql::Connection> holder_;
};

template <typename Server>
class ServerDatabase final : public Database {
  public:
    ServerDatabase() { server_.start(); }
    std::string url() const override { return server_.url(); }
    void go_away() override { server_.stop(); }
    void come_back() override { server_.start(); }
    void hang() override { server_.freeze(); }
    void go_on() override { server_.thaw(); }

  private:
    Server server_;
};

std::array<std::unique_ptr<Database>, 3>& databases()
{
    static std::array<std::unique_ptr<Database>, 3> all;
    return all;
}

/// Ends the servers before the objects of the process go.
class EndDatabases final : public testing::Environment {
  public:
    void TearDown() override
    {
        for (auto& one : databases()) {
            one.reset();
        }
    }
};
const testing::Environment* const kEndDatabases = testing::AddGlobalTestEnvironment(new EndDatabases);

} // namespace

Database& database(sql::Engine engine)
{
    auto& place = databases().at(static_cast<std::size_t>(engine));
    if (place == nullptr) {
        switch (engine) {
        case sql::Engine::sqlite:
            place = std::make_unique<SqliteDatabase>();
            break;
        case sql::Engine::postgresql:
            place = std::make_unique<ServerDatabase<PrivatePostgres>>();
            break;
        case sql::Engine::mysql:
            place = std::make_unique<ServerDatabase<PrivateMariadb>>();
            break;
        }
    }
    return *place;
}

std::string DatabaseTest::engine_name(const testing::TestParamInfo<sql::Engine>& engine)
{
    switch (engine.param) {
    case sql::Engine::sqlite:
        return "Sqlite";
    case sql::Engine::postgresql:
        return "Postgresql";
    case sql::Engine::mysql:
        break;
    }
    return "Mariadb";
}

void DatabaseTest::TearDown()
{
    database().go_on();
}

} // namespace qm::test
