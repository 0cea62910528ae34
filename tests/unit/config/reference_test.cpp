#include "config/reference.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "config/dictionary.h"
#include "unit/config/example_options.h"

namespace qm::config {
namespace {

using testing::HasSubstr;

constexpr std::array kOne{
    Option{.name = "smtp_host",
           .fallback = "127.0.0.1",
           .help = "Where notices go.",
           .aliases = "relay|smart_host"},
    Option{.name = "regex", .help = "Which header.", .required = true, .example = "^X: `100%`"},
    Option{.name = "smtp_password", .kind = OptionKind::secret, .help = "The password."},
};

std::vector<OptionGroup> example_groups()
{
    return {{.heading = "All", .help = "For all.", .section = "global", .tables = {kGlobalOptions}},
            {.heading = "A quarantine", .help = "", .section = "spam", .tables = {kQuarantineOptions}}};
}

TEST(Reference, MarkdownShowsEveryFactOfAnOption)
{
    const std::vector<OptionGroup> groups{
        {.heading = "Mail", .help = "About mail.", .section = "spam", .tables = {kOne}}};
    EXPECT_EQ(reference_markdown(groups),
              "## Mail\n\nAbout mail.\n\n"
              "### `smtp_host`\n\nWhere notices go.\n\n"
              "- Value: a text\n- Default: `127.0.0.1`\n"
              "- Also accepted as: `relay`, `smart_host`\n\n"
              "### `regex`\n\nWhich header.\n\n"
              "- Value: a text\n- Must be set\n- Example: `` regex = ^X: `100%%` ``\n\n"
              "### `smtp_password`\n\nThe password.\n\n"
              "- Value: a secret; or `smtp_password_file` with the name of a file whose "
              "first line it is\n\n");
}

TEST(Reference, SkeletonShowsEveryFactOfAnOption)
{
    const std::vector<OptionGroup> groups{
        {.heading = "Mail", .help = "About mail.", .section = "spam", .tables = {kOne}}};
    EXPECT_EQ(reference_skeleton(groups),
              "[spam]\n\n## Mail\n## About mail.\n\n"
              "# Where notices go.\n# Expected: a text. Also accepted as relay, "
              "smart_host.\n#smtp_host = 127.0.0.1\n\n"
              "# Which header.\n# Expected: a text. Must be set.\nregex = ^X: `100%%`\n\n"
              "# The password.\n# Or smtp_password_file = a file whose first line it "
              "is.\n#smtp_password =\n\n");
}

TEST(Reference, EveryOptionIsThere)
{
    const auto groups = example_groups();
    const std::string markdown = reference_markdown(groups);
    const std::string skeleton = reference_skeleton(groups);
    for (const OptionGroup& group : groups) {
        for (const auto& table : group.tables) {
            for (const Option& option : table) {
                EXPECT_THAT(markdown, HasSubstr("### `" + std::string(option.name) + "`"));
                EXPECT_THAT(skeleton, HasSubstr(std::string(option.name) + " ="));
            }
        }
    }
}

TEST(Reference, SkeletonIsAConfigurationWithoutMistakes)
{
    const Config config = parsed(reference_skeleton(example_groups()));
    EXPECT_EQ(told(config), "");
    EXPECT_EQ(config.section("spam")->text("regex"), "^X-Spam");
}

TEST(Reference, SkeletonWithItsDefaultsWrittenOutIsTheSame)
{
    std::string text = reference_skeleton(example_groups());
    for (std::size_t at = 0; (at = text.find("\n#", at)) != std::string::npos; ++at) {
        if (text[at + 2] >= 'a' && text[at + 2] <= 'z') {
            text.erase(at + 1, 1);
        }
    }
    const Config config = parsed(text);
    const Section& spam = *config.section("spam");
    EXPECT_TRUE(spam.is_set("retry"));
    EXPECT_EQ(spam.duration("retry"), std::chrono::minutes(10));
    EXPECT_EQ(told(config), "");
}

TEST(Reference, LongHelpIsWrapped)
{
    static constexpr std::array kLong{Option{.name = "x",
                                             .help = "One two three four five six seven eight nine ten "
                                                     "eleven twelve thirteen fourteen fifteen sixteen."}};
    const std::vector<OptionGroup> groups{{.heading = "H", .help = "", .section = "s", .tables = {kLong}}};
    for (const std::string_view line : text::split(reference_skeleton(groups), '\n')) {
        EXPECT_LE(line.size(), 80U) << line;
    }
}

TEST(Dictionary, NearestNameIsOneThatWasMeant)
{
    const Dictionary dictionary(example_vocabulary());
    EXPECT_EQ(dictionary.nearest("rexeg"), "regex");
    EXPECT_EQ(dictionary.nearest("Quarantine_Type "), "quarantine_type");
    EXPECT_EQ(dictionary.nearest("smtp_passwort"), "smtp_password");
    EXPECT_EQ(dictionary.nearest("smtp_password_fiel"), "smtp_password_file");
    EXPECT_EQ(dictionary.nearest("colour"), "");
    EXPECT_EQ(dictionary.nearest(""), "");
    EXPECT_EQ(dictionary.nearest(std::string(100000, 'x')), "");
}

} // namespace
} // namespace qm::config
