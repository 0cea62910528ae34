#include "config/section.h"

#include <filesystem>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/example_options.h"

namespace qm::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Section, DefaultsAreThoseOfTheTable)
{
    const Config config = parsed(with_spam("regex = x\n"));
    const Section& spam = *config.section("spam");
    EXPECT_EQ(spam.choice("quarantine_type"), 0U);
    EXPECT_EQ(spam.text("reject_reason"), "Message rejected");
    EXPECT_EQ(spam.number("smtp_port"), 25);
    EXPECT_FALSE(spam.flag("strip"));
    EXPECT_EQ(spam.duration("retry"), 10min);
    EXPECT_EQ(spam.duration("keep_days"), std::chrono::days(14));
    EXPECT_EQ(spam.number("keep_days"), 14);
    EXPECT_EQ(spam.size("limit"), 1048576U);
    EXPECT_EQ(spam.path("quarantine_directory"), "");
    EXPECT_THAT(spam.list("ignore_hosts"), IsEmpty());
    EXPECT_THAT(spam.paths("embedded_imgs"), IsEmpty());
    EXPECT_THAT(spam.list("parts"), ElementsAre("text"));
    EXPECT_EQ(spam.secret("smtp_password"), "");
    EXPECT_EQ(spam.secret("database"), "sqlite:///x.db");
    EXPECT_FALSE(spam.is_set("smtp_port"));
    EXPECT_EQ(told(config), "");
}

TEST(Section, EveryKindIsRead)
{
    const Config config =
        parsed(with_spam("regex = x\nquarantine_type = file\nsmtp_port = 2525\nstrip = YES\n"
                         "retry = 2h\nkeep_days = 30\nlimit = 10K\nignore_hosts = a, b\n"
                         "parts = HTML, text\nsmtp_password = geheim\n"));
    const Section& spam = *config.section("spam");
    EXPECT_EQ(spam.choice("quarantine_type"), 1U);
    EXPECT_EQ(spam.number("smtp_port"), 2525);
    EXPECT_TRUE(spam.flag("strip"));
    EXPECT_EQ(spam.duration("retry"), 2h);
    EXPECT_EQ(spam.duration("keep_days"), std::chrono::days(30));
    EXPECT_EQ(spam.size("limit"), 10240U);
    EXPECT_THAT(spam.list("ignore_hosts"), ElementsAre("a", "b"));
    EXPECT_EQ(spam.secret("smtp_password"), "geheim");
    EXPECT_TRUE(spam.is_set("smtp_port"));
    EXPECT_EQ(told(config), "");
}

TEST(Section, ItemsOfAListWithChoicesAreSpeltAsInTheTable)
{
    const Config config = parsed(with_spam("regex = x\nparts = HTML, text\n"));
    EXPECT_THAT(config.section("spam")->list("parts"), ElementsAre("html", "text"));
}

TEST(Section, OptionNamesAreReadInAnyCaseAndSectionNamesAsWritten)
{
    const Config config = parsed("[global]\nQuarantines = Spam\n[Spam]\nREGEX = x\nSmtp_Port: 26\n");
    EXPECT_EQ(config.section("spam"), nullptr);
    ASSERT_NE(config.section("Spam"), nullptr);
    EXPECT_EQ(config.section("Spam")->number("SMTP_port"), 26);
    EXPECT_EQ(told(config), "");
}

TEST(Section, AnyOptionCanStandInGlobalAsADefault)
{
    const Config config = parsed("[spam]\nregex = x\n[virus]\nregex = y\nsmtp_port = 2\n"
                                 "[global]\nquarantines = spam\nsmtp_port = 1\n");
    EXPECT_EQ(config.section("spam")->number("smtp_port"), 1);
    EXPECT_EQ(config.section("virus")->number("smtp_port"), 2);
    EXPECT_TRUE(config.section("spam")->is_set("smtp_port"));
    EXPECT_THAT(config.section_names(), ElementsAre("spam", "virus"));
    EXPECT_EQ(config.global().name(), "global");
    EXPECT_EQ(config.section("global"), &config.global());
}

TEST(Section, EmptyValueOverridesGlobal)
{
    const Config config =
        parsed("[global]\nquarantines = spam\nignore_hosts = a\n[spam]\nregex = x\nignore_hosts =\n");
    EXPECT_THAT(config.section("spam")->list("ignore_hosts"), IsEmpty());
    EXPECT_TRUE(config.section("spam")->is_set("ignore_hosts"));
}

TEST(Section, AliasIsTheSameOption)
{
    const Config config =
        parsed("[global]\nquarantines = spam\npreferred_quarantin_action = FIRST\nstorage_type = FILE\n"
               "[spam]\nregex = x\nhost_whitelist = h\n");
    EXPECT_EQ(config.global().choice("preferred_quarantine_action"), 0U);
    EXPECT_EQ(config.section("spam")->choice("quarantine_type"), 1U);
    EXPECT_EQ(config.section("spam")->choice("storage_type"), 1U);
    EXPECT_THAT(config.section("spam")->list("ignore_hosts"), ElementsAre("h"));
    EXPECT_EQ(told(config), "");
}

TEST(Section, RelativePathsStartAtTheConfigurationFile)
{
    const Config config("/etc/qm/q.conf",
                        with_spam("regex = x\nquarantine_directory = held\nembedded_imgs = a.png, /b.png\n"),
                        example_vocabulary());
    const Section& spam = *config.section("spam");
    EXPECT_EQ(spam.folder(), "/etc/qm");
    EXPECT_EQ(spam.path("quarantine_directory"), "/etc/qm/held");
    EXPECT_THAT(spam.paths("embedded_imgs"), ElementsAre("/etc/qm/a.png", "/b.png"));
}

TEST(Section, FolderIsAbsoluteAlsoForARelativeFile)
{
    EXPECT_EQ(parsed("[global]\n").global().folder(), std::filesystem::current_path().string());
}

TEST(Section, OptionsThatNoTableHasAreOurOwnMistake)
{
    const Config config = parsed(with_spam("regex = x\n"));
    EXPECT_THROW(static_cast<void>(config.global().text("colour")), std::logic_error);
    EXPECT_THROW(static_cast<void>(config.global().is_set("colour")), std::logic_error);
    EXPECT_THROW(config.global().mistake("colour", "red"), std::logic_error);
}

TEST(Section, OptionOfAnotherKindIsOurOwnMistake)
{
    const Config config = parsed(with_spam("regex = x\n"));
    EXPECT_THROW(static_cast<void>(config.global().number("socket")), std::logic_error);
    EXPECT_THROW(static_cast<void>(config.global().text("smtp_password")), std::logic_error);
}

TEST(Section, RegexMayHoldAnyBytes)
{
    const Config config = parsed(with_spam("regex = \xff\xfe ; x\n"));
    EXPECT_EQ(config.section("spam")->text("regex"), "\xff\xfe ; x");
    EXPECT_EQ(told(config), "");
}

} // namespace
} // namespace qm::config
