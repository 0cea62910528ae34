#include "ctl/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "ctl/exit_code.h"

namespace qm::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

CommandLine parse(const std::vector<std::string>& words)
{
    return parse_command_line(words);
}

std::vector<std::string> words_of(std::string_view name)
{
    std::vector<std::string> words;
    for (const std::string_view word : text::split(name, ' ')) {
        words.emplace_back(word);
    }
    return words;
}

} // namespace

TEST(CommandLine, EveryVerbHasHelpWithAnExampleInEightyColumns)
{
    for (const Command& command : commands()) {
        auto words = words_of(command.name);
        words.push_back("--help");
        const CommandLine line = parse(words);
        EXPECT_EQ(line.command, nullptr);
        EXPECT_THAT(line.text, HasSubstr("Examples:\n  quarantinectl "));
        EXPECT_THAT(line.text, HasSubstr(std::string(command.name)));
        for (const std::string_view row : text::split(line.text, '\n')) {
            EXPECT_TRUE(row.size() <= 80 || row.starts_with("  quarantinectl ")) << row;
        }
    }
    EXPECT_THAT(parse({"--help"}).text, HasSubstr("release"));
    EXPECT_THAT(parse({"whitelist", "--help"}).text, HasSubstr("add"));
}

TEST(CommandLine, TheVersionIsPrinted)
{
    EXPECT_EQ(parse({"-V"}).text, "quarantinectl " QM_VERSION "\n");
    EXPECT_EQ(parse({"--version"}).command, nullptr);
}

TEST(CommandLine, CommonOptionsStandInFrontOrBehind)
{
    for (const auto& words : {std::vector<std::string>{"-c", "x.conf", "--json", "list", "-q", "spam"},
                              {"list", "-q", "spam", "-c", "x.conf", "--json"},
                              {"list", "--json", "-q", "spam", "--config", "x.conf"}}) {
        const CommandLine line = parse(words);
        ASSERT_NE(line.command, nullptr);
        EXPECT_EQ(line.command->name, "list");
        EXPECT_EQ(line.arguments.configuration, "x.conf");
        EXPECT_TRUE(line.arguments.json);
        EXPECT_EQ(line.arguments.quarantine, "spam");
    }
    EXPECT_EQ(parse({"whitelist", "list", "-c", "x"}).arguments.configuration, "x");
    EXPECT_EQ(parse({"status"}).arguments.configuration, "/etc/quarantine-milter/quarantine-milter.conf");
}

TEST(CommandLine, EachToTakesOneAddressAndIdsMayStandAnywhere)
{
    const CommandLine line = parse({"release", "a", "--to", "u@x", "b", "--to", "v@x", "c"});
    EXPECT_THAT(line.arguments.ids, ElementsAre("a", "b", "c"));
    EXPECT_THAT(line.arguments.to, ElementsAre("u@x", "v@x"));
}

TEST(CommandLine, AnEmptyValueIsAValue)
{
    const CommandLine line = parse({"whitelist", "delete", "--from", "", "--to", ""});
    EXPECT_EQ(line.arguments.from, "");
    EXPECT_EQ(line.arguments.recipient, "");
    EXPECT_EQ(parse({"whitelist", "delete", "1"}).arguments.from, std::nullopt);
}

TEST(CommandLine, AVerbsNameIsAnArgumentBehindAnotherVerb)
{
    const CommandLine line = parse({"preview", "list"});
    EXPECT_EQ(line.command->name, "preview");
    EXPECT_EQ(line.arguments.input, "list");
    EXPECT_EQ(parse({"preview", "-"}).arguments.input, "-");
}

TEST(CommandLine, NonsenseIsAUsageErrorInWords)
{
    for (const auto& words : {std::vector<std::string>{},
                              {"nosuch"},
                              {"whitelist"},
                              {"whitelist", "nosuch"},
                              {"release"},
                              {"show"},
                              {"show", "a", "b"},
                              {"list", "--nosuch"},
                              {"list", "--from"},
                              {"list", "--from", "a", "--from", "b"},
                              {"list", "--limit", "many"},
                              {"copy", "a"},
                              {"setup", "exim"},
                              {"setup", "postfix", "--json"},
                              {"config", "reference", "--json"},
                              {"-c"}}) {
        EXPECT_THROW(parse(words), UsageError) << testing::PrintToString(words);
    }
    try {
        parse({"no\x1b[2Jsuch"});
        FAIL();
    } catch (const UsageError& error) {
        EXPECT_THAT(error.what(), HasSubstr("no\\x1b[2Jsuch: no such verb"));
    }
}

} // namespace qm::ctl
