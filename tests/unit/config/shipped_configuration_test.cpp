// The configurations that come with the package use only what the contract names, and can be read.
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/text.h"
#include "config/ini_file.h"
#include "config/units.h"

namespace qm::config {
namespace {

const std::set<std::string, std::less<>>& contract()
{
    static const std::set<std::string, std::less<>> names{"quarantines",
                                                          "preferred_quarantine_action",
                                                          "regex",
                                                          "quarantine_type",
                                                          "action",
                                                          "notification_type",
                                                          "whitelist_type",
                                                          "smtp_host",
                                                          "smtp_port",
                                                          "reject_reason",
                                                          "quarantine_directory",
                                                          "notification_email_from",
                                                          "notification_email_subject",
                                                          "notification_email_template",
                                                          "notification_email_replacement_img",
                                                          "notification_email_embedded_imgs",
                                                          "socket",
                                                          "socket_mode",
                                                          "socket_group",
                                                          "catalog",
                                                          "user",
                                                          "log",
                                                          "log_level",
                                                          "on_regex_limit",
                                                          "smtp_tls",
                                                          "smtp_user",
                                                          "smtp_password",
                                                          "smtp_password_file",
                                                          "notification_domains",
                                                          "notification_email_envelope_from",
                                                          "whitelist_db_connection",
                                                          "whitelist_db_connection_file",
                                                          "whitelist_db_table",
                                                          "ignore_hosts",
                                                          "notification_email_strip_images",
                                                          "notification_retry_days",
                                                          "quarantine_days",
                                                          "quarantine_max_size",
                                                          "whitelist_expire_days",
                                                          "also_notify",
                                                          "log_subject",
                                                          "spool_directory"};
    return names;
}

class Reader final : public IniVisitor {
  public:
    void section(int, const std::string& name) override
    {
        EXPECT_TRUE(sections.try_emplace(name).second) << name;
        current_ = name;
    }
    void option(int line, const std::string& name, const std::string& value) override
    {
        EXPECT_TRUE(is_option(name)) << line << ": " << name;
        EXPECT_TRUE(sections[current_].emplace(name, value).second) << line << ": " << name;
    }
    bool is_option(std::string_view name) const override { return contract().contains(name); }
    void broken(int line, const std::string& what) override { ADD_FAILURE() << line << ": " << what; }
    void doubtful(int line, const std::string& what) override { ADD_FAILURE() << line << ": " << what; }

    std::string of(const std::string& section, const std::string& option)
    {
        const auto& own = sections[section];
        return own.contains(option) ? own.at(option) : sections["global"][option];
    }

    std::map<std::string, std::map<std::string, std::string>> sections;

  private:
    std::string current_;
};

class ShippedConfiguration : public testing::TestWithParam<const char*> {
  protected:
    std::string text_ = read_file(std::string(QM_SOURCE_DIR) + "/conf/" + GetParam(), kLongestFile);
};

TEST_P(ShippedConfiguration, IsReadWithoutMistakeAndSetsWhatIsMandatory)
{
    Reader reader;
    read_ini(text_, reader);
    const auto quarantines = parse_list(reader.of("global", "quarantines"));
    EXPECT_EQ(quarantines.size() + 1, reader.sections.size());
    EXPECT_NE(reader.of("global", "preferred_quarantine_action"), "");
    for (const std::string& quarantine : quarantines) {
        ASSERT_TRUE(reader.sections.contains(quarantine)) << quarantine;
        for (const char* option :
             {"regex", "quarantine_type", "action", "notification_type", "whitelist_type"}) {
            EXPECT_NE(reader.of(quarantine, option), "") << quarantine << " " << option;
        }
        EXPECT_EQ(reader.of(quarantine, "quarantine_type") == "FILE",
                  reader.sections[quarantine].contains("quarantine_directory"))
            << quarantine;
    }
}

TEST_P(ShippedConfiguration, FitsAnEditorAndIsAscii)
{
    EXPECT_TRUE(text::is_ascii(text_));
    for (const std::string_view line : text::split(text_, '\n')) {
        EXPECT_LE(line.size(), 120U) << line;
    }
}

INSTANTIATE_TEST_SUITE_P(All, ShippedConfiguration,
                         testing::Values("quarantine-milter.conf", "examples/incoming-virus-and-spam.conf",
                                         "examples/monitor-only.conf", "examples/several-whitelists.conf"),
                         [](const auto& file) {
                             std::string name = std::filesystem::path(file.param).stem();
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

} // namespace
} // namespace qm::config
