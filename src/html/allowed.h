// What may stand in sanitized HTML: elements, their attributes, CSS properties. Everything else is gone.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace qm::html {

/// What an element is to the elements around it; decides what its start or end closes (src/html/nesting).
enum class Role : std::uint8_t {
    inline_text, ///< b, span, font, a ...
    void_text,   ///< br, img
    block,       ///< div, ul, blockquote ...
    void_block,  ///< hr
    paragraph,   ///< p: closed by every block
    heading,
    list,
    list_item, ///< li
    term,      ///< dt, dd
    table,
    column_group,
    column, ///< col, void
    caption,
    row_group, ///< tbody, thead, tfoot
    row,
    cell, ///< td, th
};

/// What stands in an element.
enum class Content : std::uint8_t {
    text, ///< and ends of lines (br), or nothing
    elements,
};

/// How the value of an attribute is checked and rewritten.
enum class Value : std::uint8_t {
    align,
    vertical_align,
    color,
    small_number, ///< 0 to 100
    span,         ///< 1 to 100: a huge colspan or rowspan stops a browser
    number,       ///< 0 to 99999
    length,       ///< pixels up to 2000 or percent up to 100
    font_size,    ///< 1 to 7, also with a sign
    font_face,
    direction,
    language,
    list_type,
    yes, ///< an attribute without a value
    style,
    text,   ///< any text
    target, ///< of a link; never written, see Element::is_link
};

struct Attribute {
    std::string_view name;
    Value value;
};

struct Element {
    std::string_view name;
    Role role = Role::inline_text;
    std::span<const Attribute> attributes = {}; ///< besides those that every element has
    bool is_link = false;                       ///< `a`: its target is shown as text, the element is none
    std::string_view written_as = {};           ///< the name in the result, when another: button -> span
};

/// True for an element without an end tag: br, img, hr, col.
bool is_void(const Element& element);

/// Of the element whose start tag stands before `rest`, in HTML as src/html/nesting writes it. Not for a
/// void element, which would look through what stands behind it.
Content content_before(std::string_view rest);

/// True for an element with other parts of the table in it and no text: table, tbody, colgroup, tr.
constexpr bool is_table_structure(Role role)
{
    return role == Role::table || role == Role::row_group || role == Role::column_group || role == Role::row;
}

/// nullptr for an element that is not allowed: its tags go, its content stays.
const Element* find_element(std::string_view name);

/// nullptr when this element may not have it. `name` in any case.
const Attribute* find_attribute(const Element& element, std::string_view name);

/// The value (character references decoded) as it may be written, nothing when it may not. Checking the
/// result again gives the same.
std::optional<std::string> allowed_value(Value kind, std::string_view value);

/// One CSS declaration rebuilt as "property:value", nothing when it may not stand. Only for values without
/// comments; src/html/style cuts a style attribute into declarations.
std::optional<std::string> allowed_declaration(std::string_view property, std::string_view value);

/// Text that is shown as the target of a link: http, https (also for "//host") and mailto only, visible ASCII
/// in one line, at most 300 bytes. The host is the one that a browser would ask: no user in front of it, in
/// its ASCII form, an address with its dots. Nothing for every other target.
std::optional<std::string> shown_target(std::string_view href);

} // namespace qm::html
