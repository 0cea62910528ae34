#include "html/tree.h"

#include <gumbo.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "base/text.h"
#include "html/nesting.h"
#include "html/tokens.h"

namespace qm::html {
namespace {

constexpr std::size_t kMaxAttributeValue = 8192; ///< bytes

struct DestroyTree {
    void operator()(GumboOutput* output) const noexcept
    {
        gumbo_destroy_output(&kGumboDefaultOptions, output);
    }
};
using Tree = std::unique_ptr<GumboOutput, DestroyTree>;

/// Valid UTF-8 without NUL, which ends a text for gumbo.
std::string readable_bytes(std::string_view input)
{
    const std::string valid = text::to_valid_utf8(input);
    std::string_view rest = valid;
    if (rest.starts_with("\xEF\xBB\xBF")) {
        rest.remove_prefix(3);
    }
    std::string result;
    result.reserve(rest.size());
    for (const char c : rest) {
        if (c == '\0') {
            result += "\uFFFD";
        } else {
            result.push_back(c);
        }
    }
    return result;
}

const RawAttribute* find_raw(const Token& token, std::string_view name)
{
    const auto found = std::ranges::find_if(token.attributes, [&](const RawAttribute& raw) {
        return text::equals_ignoring_case(raw.name, name);
    });
    return found == token.attributes.end() ? nullptr : &*found;
}

/// The colors of a page, which are attributes of its body and of nothing else, as declarations.
std::string page_colors(const Token& token)
{
    std::string style;
    for (const auto& [name, property] : {std::pair{"bgcolor", "background-color:"}, {"text", "color:"}}) {
        const RawAttribute* const raw = find_raw(token, name);
        const auto color = raw == nullptr ? std::nullopt : allowed_value(Value::color, raw->value);
        style += color ? property + *color + ";" : "";
    }
    return style;
}

/// The attributes that the element may have, each once, in double quotes. They are checked again, with
/// character references decoded, before anything of them is shown.
std::string attribute_source(const Token& token, const Element& element)
{
    std::string source;
    std::string colors = element.name == "body" ? page_colors(token) : std::string();
    std::vector<const Attribute*> seen;
    for (const RawAttribute& raw : token.attributes) {
        const Attribute* const attribute = find_attribute(element, raw.name);
        const bool is_target = attribute != nullptr && attribute->value == Value::target;
        if (attribute == nullptr || (raw.value.size() > kMaxAttributeValue && !is_target) ||
            std::ranges::find(seen, attribute) != seen.end()) {
            continue;
        }
        const std::string_view value =
            is_target ? text::cut_utf8(text::trim(raw.value), kMaxAttributeValue) : raw.value;
        seen.push_back(attribute);
        source += ' ';
        source += attribute->name;
        source += "=\"";
        if (attribute->value == Value::style) {
            source += std::exchange(colors, {});
        }
        for (const char c : value) {
            if (c == '"') {
                source += "&quot;";
            } else {
                source.push_back(c);
            }
        }
        source += '"';
    }
    if (!colors.empty()) {
        source += " style=\"" + colors + "\"";
    }
    return source;
}

/// The first half of the work: HTML that holds nothing but allowed elements, well nested.
std::string nested_source(std::string_view input, bool& cut)
{
    Nesting nesting;
    Tokenizer tokens(input);
    for (;;) {
        const Token& token = tokens.next();
        const bool is_tag = token.kind == Token::Kind::start || token.kind == Token::Kind::end;
        const Element* const element = is_tag ? find_element(token.name) : nullptr;
        cut = cut || token.attributes_cut;
        if (token.kind == Token::Kind::done) {
            break;
        }
        if (token.kind == Token::Kind::text) {
            nesting.add_text(token.text);
        } else if (token.kind == Token::Kind::verbatim) {
            nesting.add_verbatim(token.text);
        } else if (element == nullptr || (element->name == "html" && token.kind == Token::Kind::start &&
                                          find_raw(token, "dir") == nullptr)) {
            continue; // `html` is around everything: of use only where it turns the reading order
        } else if (token.kind == Token::Kind::start) {
            nesting.start(*element, attribute_source(token, *element));
        } else {
            nesting.end(*element);
        }
    }
    cut = cut || nesting.cut();
    return nesting.finish();
}

/// Which element of ours a node is. A link stands in the source as a span with a target, so that gumbo's
/// special treatment of `a` inside `a` changes nothing.
const Element* element_of(const GumboNode& node)
{
    if (node.type != GUMBO_NODE_ELEMENT || node.v.element.tag_namespace != GUMBO_NAMESPACE_HTML) {
        return nullptr;
    }
    const GumboElement& element = node.v.element;
    if (element.tag == GUMBO_TAG_SPAN && gumbo_get_attribute(&element.attributes, "href") != nullptr) {
        return find_element("a");
    }
    if (element.tag == GUMBO_TAG_UNKNOWN) {
        GumboStringPiece name = element.original_tag;
        gumbo_tag_from_original_text(&name);
        return name.data == nullptr ? nullptr : find_element({name.data, name.length});
    }
    return find_element(gumbo_normalized_tagname(element.tag));
}

Attributes attributes_of(const GumboNode& node, const Element& element)
{
    Attributes result;
    const GumboVector& vector = node.v.element.attributes;
    for (unsigned i = 0; i < vector.length; ++i) {
        const auto* const item = static_cast<const GumboAttribute*>(vector.data[i]);
        if (const Attribute* const attribute = find_attribute(element, item->name)) {
            result.add({attribute, item->value});
        }
    }
    return result;
}

/// Without recursion: what has been entered waits here to be left.
struct Step {
    const GumboNode* node = nullptr;
    const Element* element = nullptr; ///< nullptr: not entered, its children are
    unsigned next_child = 0;
};

void show(const GumboNode& root, Visitor& visitor)
{
    std::vector<Step> path{{&root, nullptr, 0}};
    while (!path.empty()) {
        Step& step = path.back();
        const GumboVector& children = step.node->v.element.children;
        if (step.next_child == children.length) {
            if (step.element != nullptr) {
                visitor.leave(*step.element);
            }
            path.pop_back();
            continue;
        }
        const auto& child = *static_cast<const GumboNode*>(children.data[step.next_child++]);
        if (child.type == GUMBO_NODE_TEXT || child.type == GUMBO_NODE_WHITESPACE) {
            visitor.text(child.v.text.text);
        } else if (child.type == GUMBO_NODE_ELEMENT) {
            const Element* const element = element_of(child);
            if (element != nullptr) {
                visitor.enter(*element, attributes_of(child, *element));
            }
            path.push_back({&child, element, 0});
        }
    }
}

} // namespace

std::optional<std::string_view> Attributes::find(std::string_view name) const
{
    const auto found =
        std::ranges::find_if(items_, [&](const Item& item) { return item.attribute->name == name; });
    return found == items_.end() ? std::nullopt : std::optional(found->value);
}

bool walk(std::string_view input, std::uint64_t max_input, Visitor& visitor)
{
    bool cut = input.size() > max_input;
    const std::string source = nested_source(readable_bytes(text::cut_utf8(input, max_input)), cut);
    GumboOptions options = kGumboDefaultOptions;
    options.fragment_context = GUMBO_TAG_DIV;
    options.max_errors = 0;
    const Tree tree(gumbo_parse_with_options(&options, source.data(), source.size()));
    if (tree) {
        show(*tree->root, visitor);
    }
    return cut;
}

} // namespace qm::html
