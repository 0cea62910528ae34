#include <string>

#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/ini_file.h"
#include "support/temp_dir.h"
#include "unit/config/example_options.h"
#include "unit/config/written.h"

namespace qm::config {
namespace {

using test::TempDir;

TEST(ConfigFile, IsReadAndItsFolderKnown)
{
    const TempDir folder;
    const std::string file =
        written(folder / "q.conf", with_spam("regex = x\nquarantine_directory = held\n"));
    const Config config(file, example_vocabulary());
    EXPECT_EQ(told(config), "");
    EXPECT_EQ(config.section("spam")->path("quarantine_directory"), folder.path() + "/held");
}

TEST(ConfigFile, MissingFileIsOneRemark)
{
    const TempDir folder;
    const std::string file = folder.path() + "/none.conf";
    const Config config(file, example_vocabulary());
    static_cast<void>(config.global().list("quarantines"));
    config.mistake("spam", "no such section");
    EXPECT_EQ(told(config), file + ": cannot be read: No such file or directory\n");
    EXPECT_TRUE(config.has_mistakes());
}

TEST(ConfigFile, UnreadableFileIsOneRemark)
{
    const TempDir folder;
    const std::string file = written(folder / "q.conf", "[global]\n", 0);
    const uid_t before = geteuid();
    if (before == 0) { // root may read everything
        ASSERT_EQ(seteuid(65534), 0);
    }
    const std::string remarks = told(Config(file, example_vocabulary()));
    ASSERT_EQ(seteuid(before), 0);
    EXPECT_EQ(remarks, file + ": cannot be read: Permission denied\n");
}

TEST(ConfigFile, FolderIsNoFile)
{
    const TempDir folder;
    EXPECT_EQ(told(Config(folder.path(), example_vocabulary())),
              folder.path() + ": cannot be read: not a regular file\n");
}

TEST(ConfigFile, OverlongFileIsOneRemark)
{
    const TempDir folder;
    const std::string text = "[global]\n" + std::string(kLongestFile, '\n');
    const std::string file = written(folder / "q.conf", text);
    EXPECT_EQ(told(Config(file, example_vocabulary())),
              file + ": cannot be read: longer than 1048576 bytes\n");
    EXPECT_EQ(told(parsed(text)), "q.conf: the file has 1048585 bytes; expected at most 1048576\n");
}

TEST(ConfigFile, WorldReadableFileWithAPasswordIsAWarning)
{
    const TempDir folder;
    const std::string text = with_spam("regex = x\nsmtp_password = geheim\n"
                                       "database = mysql://user:geheim@db.example/quarantine\n");
    const std::string file = written(folder / "q.conf", text, 0644);
    const Config config(file, example_vocabulary());
    EXPECT_EQ(told(config),
              fmt::format(
                  "{0}:5: warning: [spam] smtp_password: a password in a file that everybody on this machine "
                  "may read; expected mode 0640 or less, or the password in a file of its own "
                  "(smtp_password_file)\n"
                  "{0}:6: warning: [spam] database: a password in a file that everybody on this machine may "
                  "read; expected mode 0640 or less, or the password in a file of its own (database_file)\n",
                  file));
    EXPECT_FALSE(config.has_mistakes());
    EXPECT_EQ(told(Config(written(folder / "p.conf", text, 0640), example_vocabulary())), "");
}

TEST(ConfigFile, WorldReadableFileWithoutAPasswordIsFine)
{
    const TempDir folder;
    const std::string file = written(
        folder / "q.conf", with_spam("regex = x\ndatabase = sqlite:///x.db\nsmtp_password =\n"), 0644);
    EXPECT_EQ(told(Config(file, example_vocabulary())), "");
}

} // namespace
} // namespace qm::config
