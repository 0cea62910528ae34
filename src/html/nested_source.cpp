#include "html/nested_source.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "html/allowed.h"
#include "html/nesting.h"
#include "html/references.h"
#include "html/style.h"
#include "html/tokens.h"

namespace qm::html {
namespace {

constexpr std::size_t kMaxAttributeValue = 8192; ///< bytes

/// How many bytes at the beginning of valid UTF-8 are a character that no page may have: NUL, the other
/// controls but tab, line ends and form feed, noncharacters (HTML, "preprocessing the input stream"). 0:
/// none.
std::size_t forbidden_length(std::string_view text)
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x20) {
        return first == '\t' || first == '\n' || first == '\f' || first == '\r' ? 0 : 1;
    }
    switch (first) {
    case 0x7F:
        return 1;
    case 0xC2:
        return byte(1) < 0xA0 ? 2 : 0;
    case 0xEF: // U+FDD0 to U+FDEF, U+FFFE, U+FFFF
        return (byte(1) == 0xB7 && byte(2) >= 0x90 && byte(2) <= 0xAF) || (byte(1) == 0xBF && byte(2) >= 0xBE)
                   ? 3
                   : 0;
    default: // the last two of each plane
        return first >= 0xF0 && (byte(1) & 0x0FU) == 0x0F && byte(2) == 0xBF && byte(3) >= 0xBE ? 4 : 0;
    }
}

/// Valid UTF-8 with U+FFFD for what gumbo would read as that: the same for whoever reads the source. `input`
/// itself where nothing is changed, else in `changed`.
std::string_view readable_bytes(std::string_view input, std::string& changed)
{
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (input.starts_with(kByteOrderMark)) {
        input.remove_prefix(kByteOrderMark.size());
    }
    std::size_t begin = 0; ///< of what stays as it is
    std::size_t at = 0;
    while (at < input.size()) {
        const auto first = static_cast<unsigned char>(input[at]);
        if (first >= 0x20 && first < 0x7F) {
            ++at;
            continue;
        }
        const std::string_view rest = input.substr(at);
        const std::size_t valid = text::utf8_length(rest);
        const std::size_t forbidden = valid == 0 ? 1 : forbidden_length(rest);
        if (forbidden == 0) {
            at += valid;
            continue;
        }
        changed.append(input, begin, at - begin);
        changed += "\uFFFD";
        at += forbidden;
        begin = at;
    }
    return begin == 0 ? input : std::string_view(changed.append(input, begin));
}

/// The colors of a page, which are attributes of its body and of nothing else, as declarations.
std::string page_colors(const Token& token)
{
    std::string style;
    for (const auto& [name, property] : {std::pair{"bgcolor", "background-color:"}, {"text", "color:"}}) {
        const RawAttribute* const raw = token.find(name);
        const auto color = raw == nullptr ? std::nullopt : allowed_value(Value::color, raw->value);
        style += color ? property + *color + ";" : "";
    }
    return style;
}

void append_quoted(std::string_view value, std::string& source)
{
    std::string changed;
    value = with_short_numbers(value, changed);
    for (auto at = value.find('"'); at != std::string_view::npos; at = value.find('"')) {
        source += value.substr(0, at);
        source += "&quot;";
        value.remove_prefix(at + 1);
    }
    source += value;
}

/// The attributes that the element may have, each once, in double quotes. They are checked again, with
/// character references decoded, before anything of them is shown.
std::string attribute_source(const Token& token, const Element& element)
{
    std::string source;
    std::string colors = element.name == "body" ? page_colors(token) : std::string();
    std::vector<const Attribute*> seen;
    seen.reserve(token.attributes.size());
    for (const RawAttribute& raw : token.attributes) {
        const Attribute* const attribute = find_attribute(element, raw.name);
        if (attribute == nullptr || attribute->value == Value::target ||
            raw.value.size() > kMaxAttributeValue || std::ranges::find(seen, attribute) != seen.end()) {
            continue;
        }
        seen.push_back(attribute);
        source += ' ';
        source += attribute->name;
        source += "=\"";
        if (attribute->value == Value::style) {
            source += std::exchange(colors, {});
            if (!may_be_clean(raw.value)) { // the colors would go with it
                source += '"';
                continue;
            }
        }
        append_quoted(raw.value, source);
        source += '"';
    }
    if (!colors.empty()) {
        source += " style=\"" + colors + "\"";
    }
    return source;
}

/// Elements that are left out, but the end tag of a link in them does not end the link around them. An empty
/// element in their place tells that the text of the link is not in one piece.
bool holds_links(std::string_view name)
{
    constexpr std::array<std::string_view, 6> kNames = {"applet", "marquee", "math",
                                                        "object", "svg",     "template"};
    return std::ranges::find(kNames, name) != kNames.end();
}

/// `a` without a target is no link, and yet ends the one before it.
void start_link(const Token& token, Nesting& nesting)
{
    nesting.end_link();
    const RawAttribute* const html = token.find("href");
    const RawAttribute* const raw = html != nullptr ? html : token.find("xlink:href"); // of SVG
    if (raw != nullptr) {
        std::string target;
        append_quoted(text::trim(raw->value), target); // however long: its host may stand at its end
        nesting.start_link(target);
    }
}

/// What a form control shows is in its attributes.
std::string_view text_of_control(const Token& token)
{
    constexpr std::array<std::string_view, 7> kWithoutText = {"checkbox", "color", "file", "hidden",
                                                              "image",    "radio", "range"};
    const auto value_of = [&](std::string_view name) {
        const RawAttribute* const raw = token.find(name);
        return raw == nullptr ? std::string_view() : raw->value;
    };
    if (token.name == "option" || token.name == "optgroup") {
        return value_of("label");
    }
    if (token.name != "input" ||
        std::ranges::find(kWithoutText, text::to_lower(value_of("type"))) != kWithoutText.end()) {
        return {};
    }
    const std::string_view value = value_of("value");
    return value.empty() ? value_of("placeholder") : value;
}

/// `next`: stands in the element. What a label and the text behind it say both is said once.
void add_label(std::string_view label, const Token& next, Nesting& nesting)
{
    const bool is_same = next.kind == Token::Kind::text && text::trim(next.text) == text::trim(label);
    if (!label.empty() && !is_same) {
        nesting.add_text(" ");
        nesting.add_text(label);
        nesting.add_text(" ");
    }
}

/// Buttons stand beside each other without a blank; their words would become one.
void part_button(const Element& element, Nesting& nesting)
{
    if (element.name == "button") {
        nesting.add_text(" ");
    }
}

} // namespace

std::string nested_source(std::string_view input, std::uint64_t max_input, bool& cut)
{
    cut = cut || input.size() > max_input;
    std::string changed;
    Nesting nesting;
    Tokenizer tokens(readable_bytes(text::cut_utf8(input, max_input), changed));
    std::string_view label;
    for (;;) {
        const Token& token = tokens.next();
        add_label(std::exchange(label, {}), token, nesting);
        const bool is_tag = token.kind == Token::Kind::start || token.kind == Token::Kind::end;
        const Element* const element = is_tag ? find_element(token.name) : nullptr;
        cut = cut || token.attributes_cut;
        if (token.kind == Token::Kind::done) {
            break;
        }
        if (token.kind == Token::Kind::start && token.name == "input") {
            label = text_of_control(token);
        } else if (token.kind == Token::Kind::text) {
            nesting.add_text(token.text);
        } else if (token.kind == Token::Kind::verbatim) {
            nesting.add_verbatim(token.text);
        } else if (token.kind == Token::Kind::start && holds_links(token.name)) {
            const Element& nothing = *find_element("span");
            nesting.start(nothing, {});
            nesting.end(nothing);
        } else if (element == nullptr || (element->name == "html" && token.kind == Token::Kind::start &&
                                          token.find("dir") == nullptr)) {
            continue; // `html` is around everything: of use only where it turns the reading order
        } else if (token.kind == Token::Kind::start) {
            if (element->is_link) {
                start_link(token, nesting);
            }
            part_button(*element, nesting);
            nesting.start(*element, attribute_source(token, *element));
            label = text_of_control(token);
        } else {
            nesting.end(*element);
            part_button(*element, nesting);
            if (element->is_link) {
                nesting.end_link();
            }
        }
    }
    cut = cut || nesting.cut();
    return nesting.finish();
}

} // namespace qm::html
