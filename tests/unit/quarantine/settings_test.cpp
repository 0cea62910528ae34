// From the INI file to Settings: the real option tables, the shipped files, the warnings.
#include "quarantine/settings.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "quarantine/check.h"
#include "support/temp_dir.h"

namespace qm {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kGlobal = "[global]\nquarantines = spam\npreferred_quarantine_action = first\n"
                                "quarantine_type = NONE\nnotification_type = NONE\nwhitelist_type = NONE\n";

std::vector<std::string> remarks_of(const LoadedSettings& loaded)
{
    std::vector<std::string> lines;
    for (const auto& remark : loaded.remarks) {
        lines.push_back(remark.str());
    }
    return lines;
}

LoadedSettings load(const std::string& text)
{
    return load_settings_text("/etc/test.conf", text);
}

/// The shipped files name the installed templates: put those of the source tree in their place.
std::string shipped(const std::string& file)
{
    std::string text = read_file(std::string(QM_SOURCE_DIR) + "/conf/" + file, 1 << 20);
    const std::string installed = "/usr/share/quarantine-milter/templates";
    for (auto place = text.find(installed); place != std::string::npos; place = text.find(installed)) {
        text.replace(place, installed.size(), std::string(QM_SOURCE_DIR) + "/templates");
    }
    return text;
}

} // namespace

TEST(Settings, TheShippedConfigurationLoadsWithoutARemark)
{
    const LoadedSettings loaded = load(shipped("quarantine-milter.conf"));
    EXPECT_THAT(remarks_of(loaded), IsEmpty());
    ASSERT_FALSE(loaded.has_mistakes());
    EXPECT_EQ(loaded.settings->quarantines.size(), 2U);
    EXPECT_EQ(loaded.settings->quarantines[0].name, "virus");
    EXPECT_EQ(loaded.settings->global.socket_group, "postfix");
}

TEST(Settings, EveryExampleLoads)
{
    const test::TempDir folder; // the secrets they name
    for (const char* const secret : {"smtp.password", "spam-whitelist.url"}) {
        std::ofstream(folder / secret) << "sqlite:////var/lib/quarantine-milter/whitelist.db\n";
        std::filesystem::permissions(folder / secret, std::filesystem::perms::owner_read);
    }
    std::size_t count = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::string(QM_SOURCE_DIR) + "/conf/examples")) {
        if (entry.path().extension() != ".conf") {
            continue;
        }
        const LoadedSettings loaded =
            load_settings_text(folder / "test.conf", shipped("examples/" + entry.path().filename().string()));
        EXPECT_FALSE(loaded.has_mistakes()) << entry.path() << testing::PrintToString(remarks_of(loaded));
        ++count;
    }
    EXPECT_GE(count, 3U);
}

TEST(Settings, EveryMistakeIsFoundInOneRun)
{
    const LoadedSettings loaded = load("[global]\n"
                                       "quarantines = spam, ghost, spam\n"
                                       "preferred_quarantine_action = middle\n"
                                       "socket_mode = 999\n"
                                       "whitelist_type = NONE\n"
                                       "[spam]\n"
                                       "regex = (unclosed\n"
                                       "quarantine_type = FILE\n"
                                       "action = DESTROY\n"
                                       "notification_type = NONE\n"
                                       "ignore_hosts = 10.0.0.0/33\n"
                                       "smtp_port = 99999\n"
                                       "reject_reason = Grüße\n"
                                       "colour = blue\n");
    EXPECT_TRUE(loaded.has_mistakes());
    const auto lines = remarks_of(loaded);
    for (const char* const part :
         {":2: [global] quarantines: names 'ghost'", ":2: [global] quarantines: names 'spam' twice",
          ":3: [global] preferred_quarantine_action:", ":4: [global] socket_mode:", ":7: [spam] regex:",
          "[spam] quarantine_directory:", ":9: [spam] action:", ":11: [spam] ignore_hosts:",
          ":12: [spam] smtp_port:", ":13: [spam] reject_reason:", ":14: [spam] colour:"}) {
        EXPECT_THAT(lines, testing::Contains(HasSubstr(part))) << part;
    }
}

TEST(Settings, TheAncestorsNamesAreUnderstood)
{
    const test::TempDir folder;
    const LoadedSettings loaded =
        load("[global]\nquarantines: spam\npreferred_quarantin_action = LAST\n"
             "[spam]\nRegex = ^X-Spam-Flag: YES\nstorage_type = file\nstorage_directory = " +
             folder.path() +
             "\naction = discard\nnotification_type = none\nwhitelist_type = none\n"
             "notification_email_smtp_host = localhost\nnotification_email_smtp_port = 2525\n"
             "host_whitelist = 127.0.0.1\n");
    EXPECT_THAT(remarks_of(loaded), IsEmpty());
    ASSERT_FALSE(loaded.has_mistakes());
    EXPECT_EQ(loaded.settings->preferred, policy::Preferred::last);
    EXPECT_TRUE(loaded.settings->quarantines[0].store->keeps());
    EXPECT_TRUE(loaded.settings->ruleset.rules()[0].ignored_clients.at(0).contains("127.0.0.1"));
}

TEST(Settings, WhatIsProbablyNotMeantIsAWarning)
{
    const test::TempDir folder;
    const auto one = [&](const std::string& lines) {
        const LoadedSettings loaded = load(std::string(kGlobal) + "[spam]\nregex = x\n" + lines);
        EXPECT_FALSE(loaded.has_mistakes()) << testing::PrintToString(remarks_of(loaded));
        return remarks_of(loaded);
    };
    EXPECT_THAT(
        one("action = ACCEPT\nquarantine_type = FILE\nquarantine_directory = " + folder.path() + "\n"),
        ElementsAre(HasSubstr("ACCEPT only observes")));
    EXPECT_THAT(one("action = DISCARD\n"), ElementsAre(HasSubstr("mail vanishes")));
    EXPECT_THAT(one("action = HOLD\nwhitelist_type = DB\nwhitelist_db_connection = sqlite:////tmp/none.db\n"),
                ElementsAre(HasSubstr("co-recipients wait")));
    EXPECT_THAT(one("action = REJECT\n[unused]\nregex = y\n"), ElementsAre(HasSubstr("[unused]")));
}

TEST(Settings, EqualBackendsAreSharedAlsoWithTheNextSettings)
{
    const test::TempDir folder;
    const std::string text =
        "[global]\nquarantines = a, b\npreferred_quarantine_action = first\nregex = x\n"
        "action = DISCARD\nnotification_type = NONE\nquarantine_type = FILE\n"
        "quarantine_directory = " +
        folder.path() + "\nwhitelist_type = DB\nwhitelist_db_connection = sqlite:////tmp/none.db\n[a]\n[b]\n";
    const LoadedSettings first = load(text);
    ASSERT_FALSE(first.has_mistakes()) << testing::PrintToString(remarks_of(first));
    EXPECT_EQ(first.settings->quarantines[0].store, first.settings->quarantines[1].store);
    EXPECT_EQ(first.settings->quarantines[0].whitelist, first.settings->quarantines[1].whitelist);
    const LoadedSettings second = load_settings_text("/etc/test.conf", text, first.settings.get());
    EXPECT_EQ(second.settings->quarantines[0].store, first.settings->quarantines[0].store);
    EXPECT_EQ(second.settings->quarantines[0].whitelist, first.settings->quarantines[0].whitelist);
}

TEST(Settings, TheSpoolIsAFolderOfItsOwn)
{
    const test::TempDir folder;
    const std::string email =
        "[spam]\nregex = x\naction = DISCARD\nquarantine_type = NONE\nnotification_type = EMAIL\n"
        "notification_email_from = q@example.org\nnotification_email_subject = s\n"
        "notification_email_template = " +
        std::string(QM_SOURCE_DIR) + "/templates/notice.html\n";
    EXPECT_THAT(remarks_of(load(std::string(kGlobal) + "spool_directory =\n" + email)),
                testing::Contains(HasSubstr("spool_directory: is empty")));
    EXPECT_THAT(remarks_of(load(std::string(kGlobal) + "spool_directory = " + folder.path() +
                                "/\n[spam]\nregex = x\naction = DISCARD\nquarantine_type = FILE\n"
                                "quarantine_directory = " +
                                folder.path() + "/./\n")),
                testing::Contains(HasSubstr("spool_directory: is the folder of the quarantine 'spam'")));
}

TEST(Settings, TheWorldCheckNamesFolderAndReason)
{
    const LoadedSettings loaded =
        load(std::string(kGlobal) + "[spam]\nregex = x\naction = DISCARD\n"
                                    "quarantine_type = FILE\nquarantine_directory = /none\n"
                                    "whitelist_type = DB\nwhitelist_db_connection = "
                                    "postgresql://u:p@127.0.0.1:1/db\n");
    ASSERT_FALSE(loaded.has_mistakes()) << testing::PrintToString(remarks_of(loaded));
    const WorldCheck world = check_world(*loaded.settings);
    EXPECT_THAT(
        world.mistakes,
        ElementsAre(AllOf(HasSubstr("/etc/test.conf:"), HasSubstr(": [spam] quarantine_directory: "),
                          HasSubstr("/none: No such file or directory; expected a folder that "
                                    "quarantine-milter may write: install -d -o quarantine-milter "))));
    EXPECT_THAT(world.unavailable,
                ElementsAre(AllOf(HasSubstr(": [spam] whitelist_db_connection: "), HasSubstr("127.0.0.1"))));
    EXPECT_THAT(world.unavailable, ElementsAre(testing::Not(HasSubstr(":p@"))));
}

TEST(Settings, TheFolderOfTheSocketIsLookedAtAndHowToMakeItIsSaid)
{
    const test::TempDir folder;
    const LoadedSettings loaded = load(std::string(kGlobal) + "socket = unix:" + folder.path() +
                                       "/none/milter.sock\nsocket_group = postfix\ncatalog = sqlite:///" +
                                       (folder / "catalog.db") + "\n[spam]\nregex = x\naction = DISCARD\n");
    ASSERT_FALSE(loaded.has_mistakes()) << testing::PrintToString(remarks_of(loaded));
    EXPECT_THAT(check_places(*loaded.settings, "").unavailable,
                ElementsAre(AllOf(HasSubstr("/etc/test.conf:7: [global] socket: folder "),
                                  HasSubstr("/none: No such file or directory"),
                                  HasSubstr("install -d -o quarantine-milter -g postfix -m 2750 " +
                                            folder.path() + "/none"))));
    EXPECT_THAT(check_places(*loaded.settings, "unix:" + (folder / "milter.sock")).unavailable, IsEmpty());
    EXPECT_THAT(check_places(*loaded.settings, "inet:8891@127.0.0.1").unavailable, IsEmpty());
    // Made by systemd when the service starts.
    EXPECT_THAT(check_places(*loaded.settings, "unix:/run/quarantine-milter/milter.sock").unavailable,
                IsEmpty());
}

} // namespace qm
