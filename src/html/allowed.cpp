#include "html/allowed.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "html/style.h"
#include "html/values.h"

namespace qm::html {
namespace {

constexpr std::size_t kMaxDeclaration = 300; ///< bytes of the value of one CSS property

// ---- elements and their attributes ------------------------------------------------------------------------

constexpr std::array kEverywhere = {Attribute{"dir", Value::direction}, Attribute{"lang", Value::language},
                                    Attribute{"style", Value::style}};
constexpr std::array kLink = {Attribute{"href", Value::target}};
constexpr std::array kImage = {Attribute{"alt", Value::text}};
constexpr std::array kAligned = {Attribute{"align", Value::align}};
constexpr std::array kRule = {Attribute{"align", Value::align}, Attribute{"color", Value::color},
                              Attribute{"size", Value::small_number}, Attribute{"width", Value::length}};
constexpr std::array kFont = {Attribute{"color", Value::color}, Attribute{"face", Value::font_face},
                              Attribute{"size", Value::font_size}};
constexpr std::array kOrdered = {Attribute{"start", Value::number}, Attribute{"type", Value::list_type}};
constexpr std::array kUnordered = {Attribute{"type", Value::list_type}};
constexpr std::array kItem = {Attribute{"type", Value::list_type}, Attribute{"value", Value::number}};
constexpr std::array kTable = {Attribute{"align", Value::align},
                               Attribute{"bgcolor", Value::color},
                               Attribute{"border", Value::small_number},
                               Attribute{"cellpadding", Value::small_number},
                               Attribute{"cellspacing", Value::small_number},
                               Attribute{"height", Value::length},
                               Attribute{"width", Value::length}};
constexpr std::array kColumn = {Attribute{"align", Value::align}, Attribute{"span", Value::span},
                                Attribute{"width", Value::length}};
constexpr std::array kRow = {Attribute{"align", Value::align}, Attribute{"bgcolor", Value::color},
                             Attribute{"height", Value::length}, Attribute{"valign", Value::vertical_align}};
constexpr std::array kCell = {Attribute{"align", Value::align},
                              Attribute{"bgcolor", Value::color},
                              Attribute{"colspan", Value::span},
                              Attribute{"height", Value::length},
                              Attribute{"nowrap", Value::yes},
                              Attribute{"rowspan", Value::span},
                              Attribute{"valign", Value::vertical_align},
                              Attribute{"width", Value::length}};

// Sorted by name. An element that is written as another one may have the attributes of its own row only.
constexpr std::array kElements = {
    Element{"a", Role::inline_text, kLink, true, "span"},
    Element{"abbr"},
    Element{"acronym"},
    Element{"address", Role::block},
    Element{"article", Role::block, {}, false, "div"},
    Element{"aside", Role::block, {}, false, "div"},
    Element{"b"},
    // <big> inside <big> has no end; a page of ours has no use for it.
    Element{"big", Role::inline_text, {}, false, "span"},
    Element{"blockquote", Role::block},
    Element{"body", Role::block, {}, false, "div"},
    Element{"br", Role::void_text},
    Element{"button", Role::inline_text, {}, false, "span"},
    Element{"caption", Role::caption, kAligned},
    Element{"center", Role::block},
    Element{"cite"},
    Element{"code"},
    Element{"col", Role::column, kColumn},
    Element{"colgroup", Role::column_group, kColumn},
    Element{"datalist", Role::block, {}, false, "div"},
    Element{"dd", Role::term},
    Element{"del"},
    Element{"details", Role::block, {}, false, "div"},
    Element{"dfn"},
    Element{"dialog", Role::block, {}, false, "div"},
    Element{"dir", Role::list, kUnordered, false, "ul"},
    Element{"div", Role::block, kAligned},
    Element{"dl", Role::list},
    Element{"dt", Role::term},
    Element{"em"},
    Element{"fieldset", Role::block, {}, false, "div"},
    Element{"figcaption", Role::block, {}, false, "div"},
    Element{"figure", Role::block, {}, false, "div"},
    Element{"font", Role::inline_text, kFont},
    Element{"footer", Role::block, {}, false, "div"},
    Element{"form", Role::block, {}, false, "div"},
    Element{"h1", Role::heading, kAligned},
    Element{"h2", Role::heading, kAligned},
    Element{"h3", Role::heading, kAligned},
    Element{"h4", Role::heading, kAligned},
    Element{"h5", Role::heading, kAligned},
    Element{"h6", Role::heading, kAligned},
    Element{"header", Role::block, {}, false, "div"},
    Element{"hgroup", Role::block, {}, false, "div"},
    Element{"hr", Role::void_block, kRule},
    Element{"html", Role::block, {}, false, "div"},
    Element{"i"},
    Element{"image", Role::void_text, kImage, false, "img"},
    Element{"img", Role::void_text, kImage},
    Element{"ins"},
    Element{"kbd"},
    Element{"legend", Role::block, {}, false, "div"},
    Element{"li", Role::list_item, kItem},
    Element{"listing", Role::block, {}, false, "pre"},
    Element{"main", Role::block, {}, false, "div"},
    Element{"mark"},
    Element{"menu", Role::list, kUnordered, false, "ul"},
    Element{"nav", Role::block, {}, false, "div"},
    Element{"ol", Role::list, kOrdered},
    Element{"optgroup", Role::block, {}, false, "div"},
    Element{"option", Role::block, {}, false, "div"},
    Element{"p", Role::paragraph, kAligned},
    Element{"pre", Role::block},
    Element{"q"},
    Element{"s"},
    Element{"samp"},
    Element{"search", Role::block, {}, false, "div"},
    Element{"section", Role::block, {}, false, "div"},
    Element{"select", Role::block, {}, false, "div"},
    Element{"small"},
    Element{"span"},
    Element{"strike"},
    Element{"strong"},
    Element{"sub"},
    Element{"summary", Role::block, {}, false, "div"},
    Element{"sup"},
    Element{"table", Role::table, kTable},
    Element{"tbody", Role::row_group, kRow},
    Element{"td", Role::cell, kCell},
    Element{"tfoot", Role::row_group, kRow},
    Element{"th", Role::cell, kCell},
    Element{"thead", Role::row_group, kRow},
    Element{"tr", Role::row, kRow},
    Element{"tt"},
    Element{"u"},
    Element{"ul", Role::list, kUnordered},
    Element{"var"},
};
static_assert(std::ranges::is_sorted(kElements, {}, &Element::name));

// ---- CSS properties ---------------------------------------------------------------------------------------

constexpr std::string_view kBorderStyles = "none|solid|dashed|dotted|double|groove|ridge|inset|outset|hidden";
constexpr double kMaxWidth = 1000;
constexpr double kMinWidth = 40; ///< pixels: letters stand beside a narrower box, upon its neighbor
constexpr double kMaxSpace = 100;
constexpr double kMaxBorder = 20;

// Nothing in here takes an element out of the flow, hides it, or loads anything.
constexpr std::array kProperties = {
    Property{"background", Css::background, "", 0, 1, 0, "background-color"},
    Property{"background-color", Css::background},
    Property{"border", Css::border, kBorderStyles, kMaxBorder, 3},
    Property{"border-bottom", Css::border, kBorderStyles, kMaxBorder, 3},
    Property{"border-collapse", Css::keyword, "collapse|separate"},
    Property{"border-color", Css::border, "", 0, 4},
    Property{"border-left", Css::border, kBorderStyles, kMaxBorder, 3},
    Property{"border-radius", Css::lengths, "", kMaxSpace, 4},
    Property{"border-right", Css::border, kBorderStyles, kMaxBorder, 3},
    Property{"border-spacing", Css::lengths, "", kMaxSpace, 2},
    Property{"border-style", Css::keyword, kBorderStyles, 0, 4},
    Property{"border-top", Css::border, kBorderStyles, kMaxBorder, 3},
    Property{"border-width", Css::lengths, "thin|medium|thick", kMaxBorder, 4},
    Property{"caption-side", Css::keyword, "top|bottom"},
    Property{"color", Css::color},
    Property{"direction", Css::keyword, "ltr|rtl"},
    Property{"font", Css::font},
    Property{"font-family", Css::font_family},
    Property{"font-size", Css::font_size},
    Property{"font-style", Css::keyword, "normal|italic|oblique"},
    Property{"font-variant", Css::keyword, "normal|small-caps"},
    Property{"font-weight", Css::keyword, "normal|bold|bolder|lighter|100|200|300|400|500|600|700|800|900"},
    Property{"height", Css::lengths, "auto", kMaxWidth, 1, 0, "min-height"},
    Property{"line-height", Css::line_height},
    Property{"list-style-type", Css::keyword,
             "none|disc|circle|square|decimal|lower-alpha|upper-alpha|lower-roman|upper-roman|lower-latin|"
             "upper-latin"},
    Property{"margin", Css::lengths, "auto", kMaxSpace, 4},
    Property{"margin-bottom", Css::lengths, "auto", kMaxSpace},
    Property{"margin-left", Css::lengths, "auto", kMaxSpace},
    Property{"margin-right", Css::lengths, "auto", kMaxSpace},
    Property{"margin-top", Css::lengths, "auto", kMaxSpace},
    Property{"max-width", Css::lengths, "none", kMaxWidth, 1, kMinWidth},
    Property{"min-height", Css::lengths, "auto", kMaxWidth},
    Property{"min-width", Css::lengths, "", kMaxWidth},
    Property{"padding", Css::lengths, "", kMaxSpace, 4},
    Property{"padding-bottom", Css::lengths, "", kMaxSpace},
    Property{"padding-left", Css::lengths, "", kMaxSpace},
    Property{"padding-right", Css::lengths, "", kMaxSpace},
    Property{"padding-top", Css::lengths, "", kMaxSpace},
    Property{"text-align", Css::keyword, "left|right|center|justify|start|end"},
    Property{"text-decoration", Css::keyword, "none|underline|overline|line-through", 0, 3},
    Property{"text-transform", Css::keyword, "none|uppercase|lowercase|capitalize"},
    Property{"vertical-align", Css::keyword, "top|middle|bottom|baseline|sub|super|text-top|text-bottom"},
    Property{"white-space", Css::keyword, "normal|nowrap|pre|pre-wrap|pre-line|break-spaces"},
    Property{"width", Css::lengths, "auto", kMaxWidth, 1, kMinWidth},
    Property{"word-break", Css::keyword, "normal|break-all|keep-all|break-word"},
    Property{"word-wrap", Css::keyword, "normal|break-word"},
};
static_assert(std::ranges::is_sorted(kProperties, {}, &Property::name));

/// Where the names with each first letter begin in a sorted table, and where those with the last one end.
template <typename Table>
constexpr std::array<std::size_t, 27> begins_of(const Table& table)
{
    std::array<std::size_t, 27> begins{};
    for (std::size_t letter = 0; letter < begins.size(); ++letter) {
        while (begins.at(letter) < table.size() &&
               static_cast<std::size_t>(table.at(begins.at(letter)).name.front() - 'a') < letter) {
            ++begins.at(letter);
        }
    }
    return begins;
}
constexpr auto kElementsBegin = begins_of(kElements);
constexpr auto kPropertiesBegin = begins_of(kProperties);

/// The row with this name, nullptr when there is none.
template <typename Table>
const typename Table::value_type* find_row(const Table& table, const std::array<std::size_t, 27>& begins,
                                           std::string_view name)
{
    if (name.empty() || name.front() < 'a' || name.front() > 'z') {
        return nullptr;
    }
    const auto letter = static_cast<std::size_t>(name.front() - 'a');
    for (std::size_t i = begins.at(letter); i < begins.at(letter + 1); ++i) {
        if (table.at(i).name == name) {
            return &table.at(i);
        }
    }
    return nullptr;
}

} // namespace

const Element* find_element(std::string_view name)
{
    return find_row(kElements, kElementsBegin, name);
}

bool is_void(const Element& element)
{
    return element.role == Role::void_text || element.role == Role::void_block ||
           element.role == Role::column;
}

Content content_before(std::string_view rest)
{
    constexpr std::string_view kLineEnd = "<br";
    for (;;) {
        rest.remove_prefix(std::min(rest.find('<'), rest.size()));
        if (rest.starts_with("</")) {
            return Content::text;
        }
        const char behind = rest.size() > kLineEnd.size() ? rest[kLineEnd.size()] : '\0';
        if (!rest.starts_with(kLineEnd) || (behind != '>' && behind != ' ')) {
            return Content::elements;
        }
        bool is_quoted = false;
        const auto* const end = std::ranges::find_if(rest, [&](char c) {
            is_quoted = is_quoted != (c == '"');
            return c == '>' && !is_quoted;
        });
        rest = std::string_view(end, rest.end());
    }
}

const Attribute* find_attribute(const Element& element, std::string_view name)
{
    const auto named = [&](const Attribute& attribute) {
        return text::equals_ignoring_case(attribute.name, name);
    };
    if (const auto found = std::ranges::find_if(element.attributes, named);
        found != element.attributes.end()) {
        return &*found;
    }
    const auto* const found = std::ranges::find_if(kEverywhere, named);
    return found == kEverywhere.end() ? nullptr : found;
}

Checked allowed_value(Value kind, std::string_view value)
{
    if (kind == Value::text) {
        return Checked(value);
    }
    if (kind == Value::style) {
        std::string style = clean_style(value);
        return style.empty() ? std::nullopt : Checked(std::move(style));
    }
    return check_attribute(kind, text::trim(value));
}

Checked allowed_declaration(std::string_view property, std::string_view value)
{
    const Property* const row = find_row(kProperties, kPropertiesBegin, text::to_lower(property));
    if (row == nullptr || value.size() > kMaxDeclaration) {
        return std::nullopt;
    }
    std::string lower = text::to_lower(value);
    if (const auto mark = lower.find('!'); mark != std::string::npos) {
        lower.resize(mark);
    }
    std::ranges::replace_if(
        lower, [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
    auto allowed = check_css(*row, text::trim(lower));
    if (!allowed) {
        return std::nullopt;
    }
    if (row->check != Css::font) {
        allowed->insert(0, 1, ':').insert(0, row->written_as.empty() ? row->name : row->written_as);
    }
    return allowed;
}

} // namespace qm::html
