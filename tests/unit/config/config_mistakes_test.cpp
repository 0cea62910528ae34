#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/mistakes.h"
#include "unit/config/example_options.h"

namespace qm::config {
namespace {

TEST(ConfigMistakes, AllOfThemAreFoundInOneRun)
{
    const Config config = parsed("before = 1\n"                           // 1
                                 "[global]\n"                             // 2
                                 "quarantines = spam, virus\n"            // 3
                                 "Quarantines = spam\n"                   // 4
                                 "preferred_quarantine_action = middle\n" // 5
                                 "no separator\n"                         // 6
                                 "[spam]\n"                               // 7
                                 "rexeg = x\n"                            // 8
                                 "smtp_port = 70000\n"                    // 9
                                 "storage_type = FILE\n"                  // 10
                                 "quarantine_type = FILE\n"               // 11
                                 "socket = unix:/x\n"                     // 12
                                 "reject_reason = no\n"                   // 13
                                 "  strip = yes\n"                        // 14
                                 "[DEFAULT]\n"                            // 15
                                 "smtp_port = many\n"                     // 16
                                 "[spam]\n"                               // 17
                                 "[virus\n"                               // 18
                                 "retry = soon\n"                         // 19
                                 "= 5\n"                                  // 20
                                 "[ham]\n"                                // 21
                                 "reject_reason = \xff\n");               // 22
    static_cast<void>(config.section("spam")->text("regex"));
    EXPECT_TRUE(config.has_mistakes());
    EXPECT_EQ(
        told(config),
        "q.conf:1: the option \"before\" stands before the first section; expected [global] above it\n"
        "q.conf:4: [global] quarantines: set twice, first in line 3; expected once\n"
        "q.conf:5: [global] preferred_quarantine_action: expected one of first, last; found \"middle\"\n"
        "q.conf:6: neither a section nor an option; expected \"[section]\" or \"option = value\"\n"
        "q.conf:7: [spam] regex: not set; expected a text\n"
        "q.conf:8: [spam] rexeg: unknown option; did you mean \"regex\"?\n"
        "q.conf:9: [spam] smtp_port: expected a whole number from 1 to 65535; found \"70000\"\n"
        "q.conf:11: [spam] quarantine_type: another name of \"storage_type\" in line 10; expected only one "
        "of "
        "them\n"
        "q.conf:12: [spam] socket: this option is for all quarantines; expected in [global]\n"
        "q.conf:14: \"strip\" is indented and would continue the value of \"reject_reason\" (line 13); "
        "expected "
        "it at the start of the line\n"
        "q.conf:15: [DEFAULT]: this section has no meaning here; expected [global], whose options are the "
        "defaults of all quarantines\n"
        "q.conf:16: [DEFAULT] smtp_port: expected a whole number from 1 to 65535; found \"many\"\n"
        "q.conf:17: [spam]: there is such a section in line 7 already; expected one\n"
        "q.conf:18: not a section; expected \"[name]\" with a name of at most 40 bytes\n"
        "q.conf:19: retry: expected a time such as 30s, 10m, 4h, 7d or 2w; found \"soon\"\n"
        "q.conf:20: nothing stands before the \"=\"; expected the name of an option\n"
        "q.conf:22: [ham] reject_reason: the value is not valid UTF-8; expected UTF-8\n");
}

TEST(ConfigMistakes, UnknownOptionIsAMistakeWithOrWithoutASuggestion)
{
    EXPECT_EQ(told(parsed(with_spam("colour = red\nsmpt_port = 1\nwhitelist = x\nhost_whitelst = x\n"))),
              "q.conf:4: [spam] colour: unknown option\n"
              "q.conf:5: [spam] smpt_port: unknown option; did you mean \"smtp_port\"?\n"
              "q.conf:6: [spam] whitelist: unknown option\n"
              "q.conf:7: [spam] host_whitelst: unknown option; did you mean \"host_whitelist\"?\n");
}

TEST(ConfigMistakes, BadValueIsFoundThoughNobodyReadsItAndTheDefaultIsUsed)
{
    const Config config = parsed(with_spam("smtp_port = x\n"));
    EXPECT_EQ(config.section("spam")->number("smtp_port"), 25);
    EXPECT_EQ(told(config),
              "q.conf:4: [spam] smtp_port: expected a whole number from 1 to 65535; found \"x\"\n");
}

TEST(ConfigMistakes, MistakeInGlobalIsToldOnceWithItsOwnPlace)
{
    const Config config = parsed("[global]\nquarantines = a, b\nsmtp_port = x\nreject_reason = {X}\n"
                                 "[a]\nregex = 1\n[b]\nregex = 2\n");
    for (const char* name : {"a", "b"}) {
        static_cast<void>(config.section(name)->number("smtp_port"));
        config.section(name)->mistake("reject_reason", "unknown variable {X}; expected {QUARANTINE_ID}");
        config.section(name)->warning("regex", "matches all");
    }
    EXPECT_EQ(told(config),
              "q.conf:3: [global] smtp_port: expected a whole number from 1 to 65535; found \"x\"\n"
              "q.conf:4: [global] reject_reason: unknown variable {X}; expected {QUARANTINE_ID}\n"
              "q.conf:6: warning: [a] regex: matches all\n"
              "q.conf:8: warning: [b] regex: matches all\n");
}

TEST(ConfigMistakes, MissingRequiredOptionIsToldAtTheSectionsHeader)
{
    const Config config = parsed("\n[global]\n\n[spam]\n");
    static_cast<void>(config.global().list("quarantines"));
    static_cast<void>(config.section("spam")->text("regex"));
    static_cast<void>(config.section("spam")->text("regex"));
    EXPECT_EQ(told(config), "q.conf:2: [global] quarantines: not set; expected a list with commas\n"
                            "q.conf:4: [spam] regex: not set; expected a text\n");
}

TEST(ConfigMistakes, RequiredOptionMayComeFromGlobal)
{
    const Config config = parsed("[global]\nquarantines = spam\nregex = x\n[spam]\n");
    EXPECT_EQ(config.section("spam")->text("regex"), "x");
    EXPECT_EQ(told(config), "");
}

TEST(ConfigMistakes, RequiredOptionMustNotBeEmpty)
{
    EXPECT_EQ(told(parsed(with_spam("regex =\n"))), "q.conf:4: [spam] regex: empty; expected a text\n");
}

TEST(ConfigMistakes, MissingGlobalIsOneMistake)
{
    const Config empty = parsed("");
    static_cast<void>(empty.global().list("quarantines"));
    EXPECT_EQ(told(empty), "q.conf: there is no section [global]; expected one\n");
    EXPECT_EQ(
        told(parsed("[Global]\nstrip = yes\n")),
        "q.conf: there is no section [global]; [Global] is another one, because the case of a section's name "
        "counts\n");
}

TEST(ConfigMistakes, RemarkAboutASectionStandsAtItsHeader)
{
    const Config config = parsed(with_spam("regex = x\n"));
    config.mistake("spam", "stores and accepts");
    config.warning("ham", "has no section");
    EXPECT_EQ(told(config), "q.conf: warning: [ham]: has no section\nq.conf:3: [spam]: stores and accepts\n");
}

TEST(ConfigMistakes, WarningAloneIsNoMistake)
{
    const Config config = parsed(with_spam("regex = x\n"));
    config.warning("spam", "odd");
    EXPECT_FALSE(config.has_mistakes());
    EXPECT_EQ(config.remarks().size(), 1U);
}

TEST(ConfigMistakes, RegexOnSeveralLinesIsDoubtful)
{
    EXPECT_EQ(
        told(parsed(with_spam("regex = a\n  |b\n"))),
        "q.conf:4: warning: [spam] regex: the regex goes on in another line, and a line break matches in no "
        "header; expected one line, or (?x) at its begin\n");
    EXPECT_EQ(told(parsed(with_spam("regex = (?ix)a\n  |b\n"))), "");
}

TEST(ConfigMistakes, InterpolationIsNotDoneAndThatIsTold)
{
    EXPECT_EQ(told(parsed(with_spam("regex = x\nreject_reason = see %(base_url)s\n"))),
              "q.conf:5: warning: [spam] reject_reason: \"%(name)s\" is taken as it stands, not replaced by "
              "another "
              "option's value\n");
}

TEST(ConfigMistakes, RemarkIsOnePrintableLineAndKeepsBackslashes)
{
    const Remark remark{.file = "a\nb", .line = 3, .section = "s\x1b", .option = "o", .what = "\\d\r\n\xff"};
    EXPECT_EQ(remark.str(), "a\\x0ab:3: [s\\x1b] o: \\d\\x0d\\x0a\\xff");
    EXPECT_EQ(told(parsed(with_spam("regex = x\nsmtp_port = \x1b[31m\n"))),
              "q.conf:5: [spam] smtp_port: expected a whole number from 1 to 65535; found \"\\x1b[31m\"\n");
}

TEST(ConfigMistakes, FileOfNothingButMistakesIsToldInPart)
{
    std::string text = "[global]\n";
    for (int i = 0; i < 100000; ++i) {
        text += fmt::format("o{}=1\n", i);
    }
    const Config config = parsed(text);
    ASSERT_EQ(config.remarks().size(), Mistakes::kMost + 1);
    EXPECT_EQ(config.remarks().back().what, "more than 1000 remarks; the others are not shown");
    EXPECT_TRUE(config.has_mistakes());
}

TEST(ConfigMistakes, SecretIsNeverPrinted)
{
    const Config config =
        parsed(with_spam("smtp_password = geheim\xff\nsmtp_password = geheim2\nsmtp_password geheim3\n"
                         "smtp_password_file = geheim4\nsmtp_pasword = geheim5\n"));
    EXPECT_GE(config.remarks().size(), 4U);
    EXPECT_EQ(told(config).find("geheim"), std::string::npos) << told(config);
}

} // namespace
} // namespace qm::config
