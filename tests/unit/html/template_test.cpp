#include "html/template.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "quarantine/error.h"

using qm::html::Escape;
using qm::html::Template;

namespace {

const std::vector<std::string> kKnown = {"EMAIL_FROM", "EMAIL_HTML_TEXT", "SUBGROUP_0", "color"};

std::string rendered(std::string_view source)
{
    return Template(source, kKnown)
        .render({{"EMAIL_FROM", "<a&\"b'>"}, {"EMAIL_HTML_TEXT", "<p>x</p>"}}, Escape::html,
                std::array<std::string_view, 1>{"EMAIL_HTML_TEXT"});
}

std::string mistake(std::string_view source)
{
    try {
        const Template parsed(source, kKnown);
        return "";
    } catch (const qm::ConfigError& error) {
        return error.what();
    }
}

} // namespace

TEST(Template, VariablesAreEscapedUnlessTheyAreOurHtml)
{
    EXPECT_EQ(rendered("<b title='{EMAIL_FROM}'>{EMAIL_HTML_TEXT}</b>"),
              "<b title='&lt;a&amp;&quot;b&#39;&gt;'><p>x</p></b>");
    EXPECT_EQ(Template("{EMAIL_FROM}", kKnown).render({{"EMAIL_FROM", "<a>"}}, Escape::none), "<a>");
}

TEST(Template, AVariableWithoutValueIsEmpty)
{
    EXPECT_EQ(rendered("[{SUBGROUP_0}]"), "[]");
}

TEST(Template, AValueIsNotReadAsATemplate)
{
    EXPECT_EQ(Template("{EMAIL_FROM}", kKnown).render({{"EMAIL_FROM", "{SUBGROUP_0}{{"}}, Escape::none),
              "{SUBGROUP_0}{{");
}

TEST(Template, DoubledBracesAreLiteral)
{
    EXPECT_EQ(rendered("{{EMAIL_FROM}} {{}} p {{ color: red }}"), "{EMAIL_FROM} {} p { color: red }");
    EXPECT_EQ(rendered("a}}b"), "a}b");
}

TEST(Template, AStyleSheetStandsForItself)
{
    for (const std::string_view css :
         {"p { color: red }", "p{color:red}", "@media (x) { p { color:red } }", "@media x{p{color:red}}",
          "{}", "{ }", "{\"a\":{\"b\":1}}", "{ EMAIL_FROM }", "{1}", "}", "a { b", "p{\n  color: red;\n}"}) {
        EXPECT_EQ(rendered(css), css);
    }
}

TEST(Template, AnUnknownNameIsSaidWithItsLineAndTheKnownOnes)
{
    const std::string said = mistake("one\ntwo {EMAIL_FORM}\n");
    EXPECT_NE(said.find("line 2"), std::string::npos) << said;
    EXPECT_NE(said.find("EMAIL_FORM"), std::string::npos) << said;
    EXPECT_NE(said.find("EMAIL_FROM"), std::string::npos) << said;
}

TEST(Template, ANameThatIsNotClosedIsSaidWithItsLine)
{
    EXPECT_NE(mistake("a\n\n{EMAIL_FROM <b>").find("line 3"), std::string::npos);
    EXPECT_NE(mistake("{EMAIL_FROM").find("line 1"), std::string::npos);
    EXPECT_NE(mistake("{UNKNOWN").find("closing"), std::string::npos);
    EXPECT_EQ(mistake("p {color:red}"), "");
}

TEST(Template, KnowsWhatItUses)
{
    const Template parsed("{EMAIL_FROM} {{color}}", kKnown);
    EXPECT_TRUE(parsed.uses("EMAIL_FROM"));
    EXPECT_FALSE(parsed.uses("color"));
}
