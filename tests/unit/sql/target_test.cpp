#include <gtest/gtest.h>

#include "quarantine/error.h"
#include "sql/connection.h"

namespace qm::sql {
namespace {

TEST(Target, RelativeSqliteFileStartsAtTheFolder)
{
    const Target target = parse_target("sqlite:///lists/white.db", "/etc/quarantine-milter");
    EXPECT_EQ(target.engine, Engine::sqlite);
    EXPECT_EQ(target.path, "/etc/quarantine-milter/lists/white.db");
}

TEST(Target, FourSlashesAreAnAbsoluteSqliteFile)
{
    EXPECT_EQ(parse_target("sqlite:////var/lib/white list.db", "/etc").path, "/var/lib/white list.db");
}

TEST(Target, EveryPartOfAServerUrlIsRead)
{
    const Target target = parse_target("postgresql://milter:secret@db.example:5433/mail", "/");
    EXPECT_EQ(target.engine, Engine::postgresql);
    EXPECT_EQ(target.user, "milter");
    EXPECT_EQ(target.password, "secret");
    EXPECT_EQ(target.host, "db.example");
    EXPECT_EQ(target.port, 5433);
    EXPECT_EQ(target.database, "mail");
}

TEST(Target, OtherNamesOfTheEnginesAreKnown)
{
    EXPECT_EQ(parse_target("postgres://h/d", "/").engine, Engine::postgresql);
    EXPECT_EQ(parse_target("MariaDB://h/d", "/").engine, Engine::mysql);
    EXPECT_EQ(parse_target("mysql://h/d", "/").engine, Engine::mysql);
    EXPECT_EQ(parse_target("mysql+pool://h/d", "/").engine, Engine::mysql);
}

TEST(Target, PercentEncodedPartsAreDecodedAndALonePercentStays)
{
    const Target target = parse_target("mysql://us%40er:p%3Aa%2Fs%s@h/d", "/");
    EXPECT_EQ(target.user, "us@er");
    EXPECT_EQ(target.password, "p:a/s%s");
}

TEST(Target, PasswordMayHoldSignsOfTheUrl)
{
    const Target target = parse_target("mysql://user:a@b:c?d@h:3306/d", "/");
    EXPECT_EQ(target.password, "a@b:c?d");
    EXPECT_EQ(target.host, "h");
    EXPECT_EQ(target.port, 3306);
}

TEST(Target, SixthVersionAddressesStandInBrackets)
{
    const Target target = parse_target("postgresql://u@[2001:db8::1]:5432/d", "/");
    EXPECT_EQ(target.host, "2001:db8::1");
    EXPECT_EQ(target.port, 5432);
}

TEST(Target, UnixSocketsAndTlsAreParameters)
{
    EXPECT_EQ(parse_target("mysql://u@/d?socket=/run/my.sock", "/").socket, "/run/my.sock");
    const Target target = parse_target("postgresql:///d?host=/run/pg&sslmode=verify-full", "/");
    EXPECT_EQ(target.socket, "/run/pg");
    ASSERT_EQ(target.extra.size(), 1U);
    EXPECT_EQ(target.extra[0].second, "verify-full");
}

TEST(Target, ShownNeverHoldsThePassword)
{
    const Target target = parse_target("postgresql://milter:secret@db.example:5433/mail", "/");
    EXPECT_EQ(target.shown(), "postgresql://milter@db.example:5433/mail");
    EXPECT_EQ(parse_target("sqlite:////a/b.db", "/").shown(), "sqlite:////a/b.db");
}

TEST(Target, MistakesAreConfigErrorsThatSayWhatIsExpectedWithoutThePassword)
{
    for (const std::string url :
         {"", "white.db", "sqlite://white.db", "sqlite:///", "sqlite:///:memory:", "sqlite:///a\"b.db",
          "oracle://u:secret@h/d", "mysql://u:secret@h", "mysql://u:secret@h/", "mysql://u:secret@h:0/d",
          "mysql://u:secret@h:99999/d", "mysql://u:secret@h:port/d", "postgresql://u:secret@[::1/d",
          "postgresql://u:secret@h/d?socket=/x", "mysql://u:secret@h/d?read_timeout=5",
          "mysql://u:secret@h/d%0a", "postgresql://:5432/d"}) {
        try {
            parse_target(url, "/etc");
            ADD_FAILURE() << url;
        } catch (const ConfigError& error) {
            EXPECT_NE(std::string(error.what()).find("expected sqlite:///"), std::string::npos);
            EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << error.what();
        }
    }
    EXPECT_THROW(parse_target("mysql://" + std::string(5000, 'a') + "/d", "/"), ConfigError);
}

} // namespace
} // namespace qm::sql
