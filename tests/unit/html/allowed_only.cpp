#include "unit/html/allowed_only.h"

#include <gumbo.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "base/text.h"

namespace qm::test {
namespace {

constexpr std::array<std::string_view, 51> kElements = {
    "abbr",  "acronym", "address",  "b",     "blockquote", "br",     "caption", "center", "cite",
    "code",  "col",     "colgroup", "dd",    "del",        "dfn",    "div",     "dl",     "dt",
    "em",    "font",    "h1",       "h2",    "h3",         "h4",     "h5",      "h6",     "hr",
    "i",     "img",     "ins",      "kbd",   "li",         "mark",   "ol",      "p",      "pre",
    "q",     "s",       "samp",     "small", "span",       "strike", "strong",  "sub",    "sup",
    "table", "tbody",   "td",       "tfoot", "th",         "thead"};
constexpr std::array<std::string_view, 5> kMoreElements = {"tr", "tt", "u", "ul", "var"};
constexpr std::array<std::string_view, 25> kAttributes = {
    "align", "alt",   "bgcolor", "border", "cellpadding", "cellspacing", "color", "colspan",
    "dir",   "face",  "height",  "lang",   "nowrap",      "rowspan",     "size",  "span",
    "src",   "start", "style",   "type",   "valign",      "value",       "width"};
/// A font may be called by any of these words.
constexpr std::array<std::string_view, 10> kNeverInProperty = {
    "position", "z-index", "display",   "visibility", "opacity",
    "behavior", "binding", "transform", "overflow",   "float"};
constexpr std::array<std::string_view, 8> kNeverInStyle = {"url(", "expression(", "\\",       "/*",
                                                           "!",    "@",           "margin:-", "javascript:"};

template <std::size_t count>
bool contains(const std::array<std::string_view, count>& all, std::string_view one)
{
    return std::ranges::find(all, one) != all.end();
}

struct Destroy {
    void operator()(GumboOutput* output) const { gumbo_destroy_output(&kGumboDefaultOptions, output); }
};

bool is_harmless(const std::string& style)
{
    const auto has = [](std::string_view text, const auto& words) {
        return std::ranges::any_of(
            words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
    };
    return !has(style, kNeverInStyle) &&
           std::ranges::none_of(text::split(style, ';'), [&](std::string_view declaration) {
               const std::string_view property = declaration.substr(0, declaration.find(':'));
               return property != "text-transform" && has(property, kNeverInProperty);
           });
}

std::string judge_attribute(std::string_view element, const GumboAttribute& attribute)
{
    const std::string_view name = attribute.name;
    const std::string_view value = attribute.value;
    if (!contains(kAttributes, name) || name.empty()) {
        return "attribute " + std::string(name);
    }
    if (name == "src" && (element != "img" || !value.starts_with("cid:"))) {
        return "src " + std::string(value);
    }
    return name == "style" && !is_harmless(text::to_lower(value)) ? "style " + std::string(value) : "";
}

enum class Mending { forbidden, fine };

std::string judge_element(const GumboNode& node, Mending mending)
{
    if (node.v.element.tag_namespace != GUMBO_NAMESPACE_HTML) {
        return "foreign element";
    }
    const std::string_view name = gumbo_normalized_tagname(node.v.element.tag);
    if (!contains(kElements, name) && !contains(kMoreElements, name)) {
        return "element " + std::string(name);
    }
    if (mending == Mending::forbidden && (node.parse_flags & GUMBO_INSERTION_BY_PARSER) != 0) {
        return "the parser had to mend " + std::string(name);
    }
    const GumboVector& attributes = node.v.element.attributes;
    for (unsigned i = 0; i < attributes.length; ++i) {
        if (auto wrong = judge_attribute(name, *static_cast<const GumboAttribute*>(attributes.data[i]));
            !wrong.empty()) {
            return wrong;
        }
    }
    return "";
}

std::string judge(std::string_view html, Mending mending)
{
    if (text::to_valid_utf8(html) != html) {
        return "not valid UTF-8";
    }
    GumboOptions options = kGumboDefaultOptions;
    options.fragment_context = GUMBO_TAG_DIV;
    const std::unique_ptr<GumboOutput, Destroy> tree(
        gumbo_parse_with_options(&options, html.data(), html.size()));
    std::vector<const GumboNode*> waiting{tree->root};
    while (!waiting.empty()) {
        const GumboNode& node = *waiting.back();
        waiting.pop_back();
        if (node.type == GUMBO_NODE_COMMENT || node.type == GUMBO_NODE_CDATA ||
            node.type == GUMBO_NODE_TEMPLATE) {
            return "a comment, CDATA or template";
        }
        if (node.type != GUMBO_NODE_ELEMENT) {
            continue;
        }
        if (&node != tree->root) {
            if (auto wrong = judge_element(node, mending); !wrong.empty()) {
                return wrong;
            }
        }
        for (unsigned i = 0; i < node.v.element.children.length; ++i) {
            waiting.push_back(static_cast<const GumboNode*>(node.v.element.children.data[i]));
        }
    }
    return "";
}

} // namespace

std::string what_is_not_allowed(std::string_view html)
{
    return judge(html, Mending::forbidden);
}

std::string what_is_harmful(std::string_view html)
{
    return judge(html, Mending::fine);
}

} // namespace qm::test
