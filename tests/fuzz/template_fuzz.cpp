// Any text as a template of a notice with any values: it is taken, or its mistake is named with its line.
// What is taken has every value where its name stood and nothing else changed. In a page no value makes, ends
// or changes an element; nor does the text of a held mail.
//
// The template, a line of ====, and the values of EMAIL_FROM, score and EMAIL_HTML_TEXT, one a line.
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gumbo.h>

#include "base/text.h"
#include "fuzz/commands.h"
#include "fuzz/property.h"
#include "html/sanitizer.h"
#include "html/template.h"
#include "notify/sender_line.h"
#include "quarantine/error.h"

namespace {

using namespace qm;
using fuzz::expect;
using fuzz::expect_same;
using html::Escape;
using html::Template;

const std::vector<std::string>& known()
{
    static const std::vector<std::string> names{"EMAIL_FROM", "score", "EMAIL_HTML_TEXT"};
    return names;
}
constexpr std::array<std::string_view, 1> kVerbatim{"EMAIL_HTML_TEXT"};

/// What stands where a name stood. No template has this sign.
constexpr char kMark = '\x01';
std::string mark_of(const std::string& name)
{
    return kMark + name + kMark;
}

// ---- A page as a browser sees it --------------------------------------------------------------------------

struct Destroy {
    void operator()(GumboOutput* output) const { gumbo_destroy_output(&kGumboDefaultOptions, output); }
};
using Page = std::unique_ptr<GumboOutput, Destroy>;

Page parsed(std::string_view html)
{
    return Page(gumbo_parse_with_options(&kGumboDefaultOptions, html.data(), html.size()));
}

bool is_element(const GumboNode& node)
{
    return node.type == GUMBO_NODE_ELEMENT || node.type == GUMBO_NODE_TEMPLATE;
}

/// Calls `visit(node)` for every node, parents first.
template <typename Visit>
void for_each_node(const GumboOutput& page, Visit visit)
{
    std::vector<const GumboNode*> waiting{page.root};
    while (!waiting.empty()) {
        const GumboNode& node = *waiting.back();
        waiting.pop_back();
        visit(node);
        const unsigned count = is_element(node) ? node.v.element.children.length : 0;
        for (unsigned i = count; i-- > 0;) {
            waiting.push_back(static_cast<const GumboNode*>(node.v.element.children.data[i]));
        }
    }
}

template <typename Visit>
void for_each_attribute(const GumboNode& node, Visit visit)
{
    const unsigned count = is_element(node) ? node.v.element.attributes.length : 0;
    for (unsigned i = 0; i < count; ++i) {
        visit(*static_cast<const GumboAttribute*>(node.v.element.attributes.data[i]));
    }
}

std::string_view tag_of(const GumboNode* node)
{
    return node != nullptr && is_element(*node) ? gumbo_normalized_tagname(node->v.element.tag) : "";
}

/// Elements, what they stand in, and the names of their attributes; no text.
std::string skeleton(std::string_view html)
{
    std::string result;
    for_each_node(*parsed(html), [&](const GumboNode& node) {
        if (node.type == GUMBO_NODE_COMMENT) {
            result += "<!>";
        }
        if (is_element(node)) {
            result.append("<").append(tag_of(node.parent)).append(">").append(tag_of(&node));
        }
        for_each_attribute(
            node, [&](const GumboAttribute& attribute) { result.append(" ").append(attribute.name); });
    });
    return result;
}

// ---- The properties ---------------------------------------------------------------------------------------

struct Input {
    std::string_view source;
    html::Variables values;
};

Input input_of(std::string_view bytes)
{
    constexpr std::string_view kLine = "\n====\n";
    Input input;
    const auto end = std::min(bytes.find(kLine), bytes.size());
    input.source = bytes.substr(0, end);
    const auto lines = text::split(bytes.substr(std::min(end + kLine.size(), bytes.size())), '\n');
    for (std::size_t i = 0; i < known().size() && i < lines.size(); ++i) {
        input.values[known()[i]] = fuzz::unescaped(lines[i]);
    }
    return input;
}

/// The line that a mistake names is one of the template's, and has a brace.
void check_mistake(std::string_view source, std::string_view what)
{
    expect(what.starts_with("line "), "a mistake has its line");
    std::size_t number = 0;
    for (what.remove_prefix(5); !what.empty() && what.front() >= '0' && what.front() <= '9';
         what.remove_prefix(1)) {
        number = 10 * number + static_cast<std::size_t>(what.front() - '0');
    }
    const auto lines = text::split(source, '\n');
    expect(number >= 1 && number <= lines.size() && lines[number - 1].find('{') != std::string_view::npos,
           "the line of a mistake has its brace");
}

std::optional<Template> take(std::string_view source, Escape escape)
{
    try {
        return Template(source, known(), escape, kVerbatim);
    } catch (const ConfigError& error) {
        check_mistake(source, error.what());
        return std::nullopt;
    }
}

html::Variables marks()
{
    html::Variables values;
    for (const std::string& name : known()) {
        values[name] = mark_of(name);
    }
    return values;
}

/// `marked` with values where the marks stand.
std::string filled(const std::string& marked, const html::Variables& values)
{
    std::string result;
    for (std::string_view rest = marked; !rest.empty();) {
        const auto begin = std::min(rest.find(kMark), rest.size());
        result += rest.substr(0, begin);
        rest.remove_prefix(begin);
        if (!rest.empty()) {
            const auto end = rest.find(kMark, 1);
            const auto value = values.find(rest.substr(1, end - 1));
            result += value == values.end() ? "" : value->second;
            rest.remove_prefix(end + 1);
        }
    }
    return result;
}

void check_values(const Template& text, const Input& input)
{
    const std::string marked = text.render(marks());
    expect_same(text.render(input.values), filled(marked, input.values),
                "a value stands where its name stood");
    for (const std::string& name : known()) {
        expect(text.uses(name) == (marked.find(mark_of(name)) != std::string::npos), "what is used is said");
    }
}

void check_page(const Template& page, const Input& input)
{
    // A page depends on whether there is any text at all, and a tag on the letter it begins with.
    html::Variables harmless;
    html::Variables values;
    for (const std::string& name : known()) {
        const auto found = input.values.find(name);
        const std::string value = found == input.values.end() ? "" : found->second;
        harmless[name] = "x";
        values[name] = "x" + (name == kVerbatim[0] ? html::escape(value) : value);
    }
    expect_same(skeleton(page.render(values)), skeleton(page.render(harmless)), "no value changes a page");
}

/// The text of a held mail stays in its place.
void check_held_text(const Input& input)
{
    static const Template page(
        "<html><body><div id=\"a\">{EMAIL_HTML_TEXT}</div><p id=\"b\">x</p></body></html>", known(),
        Escape::html, kVerbatim);
    const auto value = input.values.find("EMAIL_HTML_TEXT");
    const std::string text = html::sanitize(value == input.values.end() ? "" : value->second).html;
    const Page tree = parsed(page.render({{"EMAIL_HTML_TEXT", text}}));
    std::string children;
    for_each_node(*tree, [&](const GumboNode& node) {
        const bool in_body = node.parent != nullptr && is_element(*node.parent) &&
                             node.parent->v.element.tag == GUMBO_TAG_BODY;
        if (in_body) {
            const GumboAttribute* const id =
                is_element(node) ? gumbo_get_attribute(&node.v.element.attributes, "id") : nullptr;
            children += id == nullptr ? "?" : id->value;
        }
    });
    expect_same(children, "ab", "the text of a mail stays in its place");
}

void check_sender(const Input& input)
{
    const auto line = input.source.substr(0, input.source.find('\n'));
    try {
        const auto sender = notify::SenderLine(line, known()).render(input.values);
        expect(notify::fits_header(sender.address), "a sender has an address");
        expect_same(sender.name, text::one_line(sender.name), "a sender's name is one line");
    } catch (const ConfigError&) { // NOLINT(bugprone-empty-catch): it is no sender
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are bytes
    const Input input = input_of({reinterpret_cast<const char*>(data), size});
    check_held_text(input);
    check_sender(input);
    if (input.source.find(kMark) != std::string_view::npos) {
        return 0;
    }
    if (const auto text = take(input.source, Escape::none)) {
        check_values(*text, input);
    }
    if (const auto page = take(input.source, Escape::html)) {
        check_page(*page, input);
    }
    return 0;
}
