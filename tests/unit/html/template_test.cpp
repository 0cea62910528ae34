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

constexpr std::array<std::string_view, 1> kVerbatim = {"EMAIL_HTML_TEXT"};

std::string rendered(std::string_view source, const std::string& from = "<a&\"b'>")
{
    return Template(source, kKnown, Escape::html, kVerbatim)
        .render({{"EMAIL_FROM", from}, {"EMAIL_HTML_TEXT", "<p>x</p>"}});
}

std::string mistake(std::string_view source)
{
    try {
        const Template parsed(source, kKnown, Escape::html, kVerbatim);
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
    EXPECT_EQ(Template("{EMAIL_FROM}", kKnown).render({{"EMAIL_FROM", "<a>"}}), "<a>");
}

TEST(Template, AValueIsTextWhereverItMayStand)
{
    constexpr std::string_view kEscaped = "&lt;a&amp;&quot;b&#39;&gt;";
    for (const std::string_view source : {"X",
                                          "<p>X</p>",
                                          "<td title=\"X\">",
                                          "<td title='X'>",
                                          "<td class=a title = \"a X b\" id=b>",
                                          "<TD TITLE=\"X\">",
                                          "<br/>X",
                                          "<br class=a/>X",
                                          "<td title=\"a>b\">X",
                                          "<td title='\"'>X",
                                          "<td title=\"X: y\">",
                                          "<td a='1'title='X'>",
                                          "<input disabled value=\"X\">",
                                          "<b href>X</b>",
                                          "<title>X</title>",
                                          "<TITLE>a <b style='X'> X</TITLE>",
                                          "<textarea rows=2>X</textarea>",
                                          "<title></title><p title='X'>",
                                          "<!-- X -->",
                                          "<!-- a -- b > X -->",
                                          "<!-->X",
                                          "<!--->X",
                                          "<!-- a --!>X",
                                          "<!-- <p title=X> -->",
                                          "<!DOCTYPE html>X",
                                          "<?xml version='1.0'?>X",
                                          "</>X",
                                          "</ a>X",
                                          "<!>X",
                                          "<!-a>X",
                                          "a < b X",
                                          "<<b>X",
                                          "<3 X",
                                          "<style>p{color:red}</style>X",
                                          "<style>a </styles> b </style\n>X",
                                          "<script>if (a<b) { '</p title=' }</script>X",
                                          "<STYLE></STYLE>X",
                                          "<style></style/>X",
                                          "<!--[if mso]><td title=\"X\">X</td><![endif]-->X",
                                          "<!--[if !mso]><!--><p>X</p><!--<![endif]-->X",
                                          "</p title=a>X",
                                          "<a onclick=\"x()\">X",
                                          "<a style='x' title='X'>",
                                          "<svg><title>a</title></svg>X",
                                          "<img alt=\"X\" src=\"cid:logo.png\">"}) {
        std::string with_name(source);
        std::string expected(source);
        for (auto [text, by] :
             {std::pair(&with_name, std::string_view("{EMAIL_FROM}")), {&expected, kEscaped}}) {
            for (auto at = text->find('X'); at != std::string::npos; at = text->find('X', at + by.size())) {
                text->replace(at, 1, by);
            }
        }
        EXPECT_EQ(mistake(with_name), "");
        EXPECT_EQ(rendered(with_name), expected);
    }
}

TEST(Template, InAnAddressAValueIsPercentEncoded)
{
    const std::string subject = "a b&c=d\"'<>#?/:;,\u00E4+(@x.org)~_-.";
    const std::string encoded = "a%20b%26c%3Dd%22%27%3C%3E%23%3F%2F%3A%3B%2C%C3%A4%2B%28@x.org%29~_-.";
    struct Row {
        std::string before;
        std::string behind;
    };
    for (const Row& row : std::vector<Row>{
             {"<a href=\"mailto:", "\">"},
             {"<a href='mailto:a@b?subject=", "&amp;body='>"},
             {"<a href=\"https://desk.example/?id=", "\">"},
             {"<a href=\" HTTPS://desk.example:8443/a/", "/b\">"},
             {"<a class=b HREF = \"?id=", "\">"},
             {"<a href=\"/", "\">"},
             {"<a href=\"#", "\">"},
             {"<a href=\"", "\">"},
             {"<a href=\"a/", ":b\">"},
             {"<img src=\"cid:", "\">"},
             {"<td background='/", "'>"},
             {"<q cite='?", "'>"},
             {"<form action='?", "'>"},
             {"<button formaction='?", "'>"},
             {"<video poster='?", "'>"},
             {"<object data='?", "'>"},
             {"<img longdesc='?", "'>"},
         }) {
        EXPECT_EQ(rendered(row.before + "{EMAIL_FROM}" + row.behind, subject),
                  row.before + encoded + row.behind);
    }
    EXPECT_EQ(rendered("<a href=\"{EMAIL_FROM}\">", "javascript:alert(1)"),
              "<a href=\"javascript%3Aalert%281%29\">");
    EXPECT_EQ(rendered("<a href=\"{EMAIL_FROM}\">", "//evil.example/"), "<a href=\"%2F%2Fevil.example%2F\">");
    EXPECT_EQ(rendered("<a href='?' title=\"{EMAIL_FROM}\">", "a:b"), "<a href='?' title=\"a:b\">");
}

TEST(Template, WhereNoEscapingHelpsAVariableIsAMistake)
{
    struct Row {
        std::string source;
        std::string place;
    };
    for (const Row& row : std::vector<Row>{
             {"<td title={EMAIL_FROM}>", "without quotation marks"},
             {"<td title= {EMAIL_FROM}>", "without quotation marks"},
             {"<td title=a{EMAIL_FROM}>", "without quotation marks"},
             {"<td title=a/{EMAIL_FROM}>", "without quotation marks"},
             {"<a href=https://a.example/?{EMAIL_FROM}>", "without quotation marks"},
             {"<td {EMAIL_FROM}>", "in a tag"},
             {"<td{EMAIL_FROM}>", "in a tag"},
             {"<{EMAIL_FROM}>", "in a tag"},
             {"</{EMAIL_FROM}>", "in a tag"},
             {"</p {EMAIL_FROM}>", "in a tag"},
             {"<td title{EMAIL_FROM}='x'>", "in a tag"},
             {"<td title {EMAIL_FROM}>", "in a tag"},
             {"<td title='x'{EMAIL_FROM}>", "in a tag"},
             {"<td title='x' {EMAIL_FROM}>", "in a tag"},
             {"<td/{EMAIL_FROM}>", "in a tag"},
             {"</style {EMAIL_FROM}", "in a tag"},
             {"<!{EMAIL_FROM}>", "in a declaration"},
             {"<!-{EMAIL_FROM}>", "in a declaration"},
             {"<!DOCTYPE {EMAIL_FROM}>", "in a declaration"},
             {"<?{EMAIL_FROM}>", "in a declaration"},
             {"<!--[if {EMAIL_FROM}]>", "in a declaration"},
             {"<!--[IF mso]><td title={EMAIL_FROM}><![endif]-->", "without quotation marks"},
             {"<!--[if mso]><a href='?<![endif]--><td {EMAIL_FROM}>", "in a tag"},
             {"<a onclick=\"x('{EMAIL_FROM}')\">", "attribute onclick"},
             {"<a OnMouseOver='{EMAIL_FROM}'>", "attribute onmouseover"},
             {"<p style=\"color: {EMAIL_FROM}\">", "attribute style"},
             {"<iframe srcdoc='{EMAIL_FROM}'>", "attribute srcdoc"},
             {"<meta http-equiv=refresh content='0;url={EMAIL_FROM}'>", "attribute content"},
             {"<img srcset='{EMAIL_FROM} 2x'>", "attribute srcset"},
             {"<style>p { color: {EMAIL_FROM} }</style>", "in <style>"},
             {"<STYLE type='text/css'></styles>{EMAIL_FROM}</STYLE>", "in <style>"},
             {"<script>x = '{EMAIL_FROM}'</script>", "in <script>"},
             {"<script src='a'></p>{EMAIL_FROM}</script>", "in <script>"},
             {"<xmp>{EMAIL_FROM}</xmp>", "in <xmp>"},
             {"<svg><title><b title={EMAIL_FROM}></title></svg>", "in <svg>"},
             {"<math>{EMAIL_FROM}</math>", "in <math>"},
             {"<plaintext>{EMAIL_FROM}", "in <plaintext>"},
             {"<a href='https://{EMAIL_FROM}/'>", "in the host"},
             {"<a href='https://a.example{EMAIL_FROM}'>", "in the host"},
             {"<a href='https:{EMAIL_FROM}'>", "in the host"},
             {"<a href='h\nttps:/\\{EMAIL_FROM}'>", "in the host"},
             {"<a href='//{EMAIL_FROM}'>", "in the host"},
             {"<a href='/\\{EMAIL_FROM}'>", "in the host"},
             {"<a href='/{SUBGROUP_0}/{EMAIL_FROM}'>", "in the host"},
             {"<a href='javascript:a({EMAIL_FROM})'>", "http: or https:"},
             {"<a href='data:text/html,{EMAIL_FROM}'>", "http: or https:"},
             {"<a href='java&#115;cript:{EMAIL_FROM}'>", "http: or https:"},
             {"<a href='{SUBGROUP_0}:{EMAIL_FROM}'>", "in front of the colon"},
             {"<a href='java{SUBGROUP_0}cript:{EMAIL_FROM}'>", "in front of the colon"},
         }) {
        const std::string said = mistake("\n\n" + row.source + "\n");
        EXPECT_EQ(said.rfind("line ", 0), 0U) << row.source;
        EXPECT_NE(said.find(row.place), std::string::npos) << row.source << ": " << said;
        EXPECT_NE(said.find("expected: "), std::string::npos) << said;
    }
    EXPECT_EQ(
        mistake("\n\n<td title={EMAIL_FROM}>"),
        "line 3: {EMAIL_FROM} stands in an attribute value without quotation marks; expected: in text, or "
        "in the quoted value of an attribute that is neither style nor script");
    EXPECT_TRUE(mistake("\n<a href='{SUBGROUP_0}\n\n:'>").starts_with("line 2: ")) << "of the variable";
}

TEST(Template, OurHtmlStandsBetweenTagsOnly)
{
    for (const std::string_view source :
         {"<td title='{EMAIL_HTML_TEXT}'>", "<a href='{EMAIL_HTML_TEXT}'>", "<!-- {EMAIL_HTML_TEXT} -->",
          "<!--[if mso]>{EMAIL_HTML_TEXT}<![endif]-->", "<title>{EMAIL_HTML_TEXT}</title>",
          "<textarea>{EMAIL_HTML_TEXT}</textarea>", "<style>{EMAIL_HTML_TEXT}</style>",
          "<td {EMAIL_HTML_TEXT}>"}) {
        EXPECT_NE(mistake(source).find("expected: in text, between tags"), std::string::npos) << source;
    }
    EXPECT_EQ(mistake("<title></title><!-- --><td>{EMAIL_HTML_TEXT}</td>"), "");
}

TEST(Template, ASubjectIsNoHtml)
{
    EXPECT_EQ(
        Template("<a href={EMAIL_FROM} onclick=\"{EMAIL_FROM}\">", kKnown).render({{"EMAIL_FROM", "x y"}}),
        "<a href=x y onclick=\"x y\">");
}

TEST(Template, AVariableWithoutValueIsEmpty)
{
    EXPECT_EQ(rendered("[{SUBGROUP_0}]"), "[]");
}

TEST(Template, AValueIsNotReadAsATemplate)
{
    EXPECT_EQ(Template("{EMAIL_FROM}", kKnown).render({{"EMAIL_FROM", "{SUBGROUP_0}{{"}}), "{SUBGROUP_0}{{");
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
