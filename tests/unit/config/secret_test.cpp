#include "config/secret.h"

#include <cstdlib>
#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "quarantine/error.h"
#include "support/temp_dir.h"
#include "unit/config/example_options.h"
#include "unit/config/written.h"

namespace qm::config {
namespace {

using test::TempDir;

/// $CREDENTIALS_DIRECTORY for as long as it lives.
class Credentials {
  public:
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the test has one thread
    explicit Credentials(const std::string& path) { setenv("CREDENTIALS_DIRECTORY", path.c_str(), 1); }
    Credentials(const Credentials&) = delete;
    Credentials& operator=(const Credentials&) = delete;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the test has one thread
    ~Credentials() { unsetenv("CREDENTIALS_DIRECTORY"); }
};

Config in_folder(const TempDir& folder, std::string_view options)
{
    return Config(folder.path() + "/q.conf", with_spam("regex = x\n" + std::string(options)),
                  example_vocabulary());
}

TEST(Secret, UrlWithAPasswordIsKnown)
{
    for (const char* url : {"mysql://user:password@host:3306/db", "postgresql://u:p@h/db",
                            "postgresql://h/db?password=p", "x://:p@h"}) {
        EXPECT_TRUE(holds_password(url)) << url;
        EXPECT_TRUE(is_url_with_password(url)) << url;
    }
    for (const char* url :
         {"sqlite:///x.db", "sqlite:////var/lib/a:b@c.db", "mysql://user@host:3306/db",
          "mysql://user:@host/db", "postgresql://h/db?password=&x=1", "postgresql://h:5432/db", ""}) {
        EXPECT_FALSE(holds_password(url)) << url;
        EXPECT_FALSE(is_url_with_password(url)) << url;
    }
    EXPECT_TRUE(holds_password("geheim"));
    EXPECT_FALSE(is_url_with_password("geheim"));
    EXPECT_FALSE(is_url_with_password("see https://u:p@h/ for more"));
}

TEST(Secret, IsTheFirstLineOfItsFile)
{
    const TempDir folder;
    written(folder / "pw", "geheim \r\nsecond\n");
    const Config config = in_folder(folder, "smtp_password_file = pw\n");
    EXPECT_EQ(config.section("spam")->secret("smtp_password"), "geheim ");
    EXPECT_TRUE(config.section("spam")->is_set("smtp_password"));
    EXPECT_EQ(told(config), "");
}

TEST(Secret, AbsoluteNameIsTakenAsItIs)
{
    const TempDir folder;
    const TempDir other;
    const std::string file = written(other / "pw", "geheim");
    EXPECT_EQ(in_folder(folder, "SMTP_Password_File = " + file).section("spam")->secret("smtp_password"),
              "geheim");
}

TEST(Secret, RelativeNameIsLookedForAmongTheCredentialsFirst)
{
    const TempDir folder;
    const TempDir credentials;
    written(folder / "pw", "of the folder");
    const Config config = in_folder(folder, "smtp_password_file = pw\n");
    const Credentials environment(credentials.path());
    EXPECT_EQ(config.section("spam")->secret("smtp_password"), "of the folder");
    written(credentials / "pw", "of systemd");
    EXPECT_EQ(config.section("spam")->secret("smtp_password"), "of systemd");
}

TEST(Secret, BothWaysAtOnceIsAMistake)
{
    const TempDir folder;
    EXPECT_EQ(told(in_folder(folder, "smtp_password = x\nsmtp_password_file = pw\n")),
              folder.path() +
                  "/q.conf:6: [spam] smtp_password_file: \"smtp_password\" in line 5 says the same; "
                  "expected only one of them\n");
    EXPECT_EQ(told(in_folder(folder, "smtp_password_file = pw\nsmtp_password = x\n")),
              folder.path() +
                  "/q.conf:6: [spam] smtp_password: \"smtp_password_file\" in line 5 says the same; "
                  "expected only one of them\n");
}

TEST(Secret, SectionsOwnFileWinsOverGlobalsText)
{
    const TempDir folder;
    written(folder / "pw", "own");
    const Config config(
        folder.path() + "/q.conf",
        "[global]\nquarantines = a, b\nsmtp_password = all\n[a]\nsmtp_password_file = pw\n[b]\n",
        example_vocabulary());
    EXPECT_EQ(config.section("a")->secret("smtp_password"), "own");
    EXPECT_EQ(config.section("b")->secret("smtp_password"), "all");
    EXPECT_EQ(told(config), "");
}

TEST(Secret, UnreadableFileIsAMistakeThatNamesIt)
{
    const TempDir folder;
    const Config config = in_folder(folder, "smtp_password_file = pw\n");
    EXPECT_EQ(config.section("spam")->secret("smtp_password"), "");
    EXPECT_EQ(told(config), folder.path() + "/q.conf:5: [spam] smtp_password_file: cannot read " +
                                folder.path() + "/pw: No such file or directory\n");
}

/// As who has become another user in the meantime; root again at the end.
class AsNobody {
  public:
    AsNobody() { EXPECT_EQ(seteuid(65534), 0); }
    ~AsNobody() { EXPECT_EQ(seteuid(0), 0); }
    AsNobody(const AsNobody&) = delete;
    AsNobody& operator=(const AsNobody&) = delete;
};

TEST(Secret, WhatOnlyRootMayReadIsKeptForTheUserThatRootBecomes)
{
    ASSERT_EQ(geteuid(), 0U) << "run the tests as root";
    const TempDir folder;
    ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
    for (const char* const name : {"pw", "other", "gone"}) {
        written(folder / name, "geheim\n");
        ASSERT_EQ(chmod((folder / name).c_str(), 0600), 0);
    }
    EXPECT_EQ(read_secret(folder / "pw"), "geheim");
    EXPECT_EQ(read_secret(folder / "gone"), "geheim");
    ASSERT_EQ(unlink((folder / "gone").c_str()), 0);
    const AsNobody nobody;
    EXPECT_EQ(read_secret(folder / "pw"), "geheim");
    EXPECT_THROW(read_secret(folder / "other"), BackendError); // root has not read it
    EXPECT_THROW(read_secret(folder / "gone"), BackendError);  // it is not there any more
}

TEST(Secret, EmptyFileOrNameIsAMistake)
{
    const TempDir folder;
    written(folder / "pw", "\ngeheim\n");
    const Config config = in_folder(folder, "smtp_password_file = pw\ndatabase_file =\n");
    EXPECT_EQ(config.section("spam")->secret("smtp_password"), "");
    EXPECT_EQ(config.section("spam")->secret("database"), "");
    EXPECT_EQ(told(config), folder.path() + "/q.conf:5: [spam] smtp_password_file: the first line of " +
                                folder.path() + "/pw is empty; expected the secret\n" + folder.path() +
                                "/q.conf:6: [spam] database_file: empty; expected the path of a file\n");
}

TEST(Secret, WorldReadableFileIsAWarning)
{
    const TempDir folder;
    written(folder / "pw", "geheim\n", 0644);
    const Config config = in_folder(folder, "smtp_password_file = pw\n");
    EXPECT_EQ(config.section("spam")->secret("smtp_password"), "geheim");
    EXPECT_EQ(told(config), folder.path() +
                                "/q.conf:5: warning: [spam] smtp_password_file: everybody on this machine "
                                "may read " +
                                folder.path() + "/pw; expected mode 0640 or less\n");
}

} // namespace
} // namespace qm::config
