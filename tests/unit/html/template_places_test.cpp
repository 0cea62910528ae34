// A template that is taken is proved with a parser of its own: no value makes, ends or changes an element.
#include "html/template.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gumbo.h>

#include "quarantine/error.h"

namespace {

using qm::html::Escape;
using qm::html::Template;

const std::vector<std::string> kKnown = {"A", "B"};

/// Begin with a letter each, as does what they are compared with: whether there is text at all decides where
/// a browser puts it, and what it hears of a tag begins with a letter.
const std::vector<std::string> kValues = {
    "x\"><script>alert(1)</script>",
    "x'><img src=y onerror=alert(1)>",
    "x onmouseover=alert(1) style=color:red",
    "x--><b>",
    "x--!><b>",
    "x</title></textarea></style></script><b>",
    "x]]><b>",
    "x`y=z",
    "x/><b",
    "x&quot;><b>",
};

const std::vector<std::string> kPieces = {"{A}",
                                          "{A}",
                                          "{A}",
                                          "{B}",
                                          "{B}",
                                          "<",
                                          ">",
                                          "</",
                                          "<!",
                                          "<!--",
                                          "-->",
                                          "--!>",
                                          "<?",
                                          "<![CDATA[",
                                          "]]>",
                                          "=",
                                          "\"",
                                          "'",
                                          "/",
                                          " ",
                                          "\n",
                                          "a",
                                          "-",
                                          "!",
                                          "[",
                                          "&",
                                          "<p>",
                                          "</p>",
                                          "<b ",
                                          "<td title=",
                                          "<td title=\"",
                                          "<a href=\"",
                                          "<a href='?",
                                          "<a onclick='",
                                          "<a style=\"",
                                          "<title>",
                                          "</title>",
                                          "<textarea>",
                                          "</textarea>",
                                          "<style>",
                                          "</style>",
                                          "</style ",
                                          "<script>",
                                          "</script>",
                                          "<xmp>",
                                          "</xmp>",
                                          "<iframe>",
                                          "</iframe>",
                                          "<svg>",
                                          "</svg>",
                                          "<math>",
                                          "</math>",
                                          "<!--[if mso]>",
                                          "<![endif]-->",
                                          "<!DOCTYPE html>",
                                          "<table>",
                                          "<tr>",
                                          "</table>",
                                          "\">",
                                          "'>",
                                          "<br/>",
                                          "<B/",
                                          " title=",
                                          " x='"};

struct Destroy {
    void operator()(GumboOutput* output) const { gumbo_destroy_output(&kGumboDefaultOptions, output); }
};

/// Elements, what they stand in, their attributes and what could run of these; no text.
void add_skeleton(std::string& result, const GumboNode& node)
{
    if (node.type == GUMBO_NODE_COMMENT) {
        result += "<!>";
    }
    if (node.type != GUMBO_NODE_ELEMENT && node.type != GUMBO_NODE_TEMPLATE) {
        return;
    }
    const GumboElement& element = node.v.element;
    const GumboStringPiece& tag = element.original_tag;
    result += "<" + std::to_string(element.tag);
    if (element.tag == GUMBO_TAG_UNKNOWN) { // its name, which ends where its attributes begin
        const std::string_view written(tag.data, tag.length);
        result += written.substr(0, written.find_first_of(" \n/>"));
    }
    for (unsigned i = 0; i < element.attributes.length; ++i) {
        const auto& attribute = *static_cast<const GumboAttribute*>(element.attributes.data[i]);
        const std::string_view name = attribute.name;
        result.append(" ").append(name);
        if (name.starts_with("on") || name == "style") {
            result.append("=").append(attribute.value);
        }
    }
    result += ">";
    for (unsigned i = 0; i < element.children.length; ++i) {
        add_skeleton(result, *static_cast<const GumboNode*>(element.children.data[i]));
    }
    result += "</>";
}

std::string skeleton(const std::string& html)
{
    const std::unique_ptr<GumboOutput, Destroy> page(
        gumbo_parse_with_options(&kGumboDefaultOptions, html.data(), html.size()));
    std::string result;
    add_skeleton(result, *page->root);
    return result;
}

std::optional<Template> taken(const std::string& source)
{
    try {
        return Template(source, kKnown, Escape::html);
    } catch (const qm::ConfigError&) {
        return std::nullopt;
    }
}

} // namespace

TEST(TemplatePlaces, NoValueChangesTheElementsOfAPage)
{
    std::mt19937 random(20260115); // NOLINT(cert-msc51-cpp): the same soup at every run
    const auto any_of = [&](const std::vector<std::string>& list) -> const std::string& {
        return list.at(std::uniform_int_distribution<std::size_t>(0, list.size() - 1)(random));
    };
    int proved = 0;
    for (int round = 0; round < 50'000; ++round) {
        std::string source;
        for (std::size_t i = 1 + static_cast<std::size_t>(round) % 12; i > 0; --i) {
            source += any_of(kPieces);
        }
        const auto page = taken(source);
        if (!page || !(page->uses("A") || page->uses("B"))) {
            continue;
        }
        ++proved;
        const std::string expected = skeleton(page->render({{"A", "x"}, {"B", "x"}}));
        for (int i = 0; i < 3; ++i) {
            const std::string shown = page->render({{"A", any_of(kValues)}, {"B", any_of(kValues)}});
            ASSERT_EQ(skeleton(shown), expected) << source << "\n-> " << shown;
        }
    }
    EXPECT_GT(proved, 1000);
}
