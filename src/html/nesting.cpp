#include "html/nesting.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "html/references.h"

namespace qm::html {
namespace {

constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
/// tbody, tr and td may have to be written below a table before its text can be.
constexpr std::size_t kRoomForCell = 3;
/// Quotes and lists inside each other move their text to the side: not out of sight.
constexpr std::ptrdiff_t kMaxIndents = 25;

/// Elements that stand in a table and nowhere else.
bool is_table_part(Role role)
{
    return role >= Role::column_group;
}

/// What is inside such an element cannot close what is outside.
bool is_wall(Role role)
{
    return role == Role::table || role == Role::caption || role == Role::cell;
}

/// A link that begins inside of it ends inside of it.
bool is_wall_for_links(Role role)
{
    return role == Role::caption || role == Role::cell;
}

bool is_indented(const Element& element)
{
    return element.role == Role::list || element.name == "blockquote" || element.name == "dd";
}

bool closes_paragraph(Role role)
{
    return role != Role::inline_text && role != Role::void_text && !is_table_part(role);
}

std::string_view written_name(const Element& element)
{
    return element.written_as.empty() ? element.name : element.written_as;
}

/// A new list item or term looks through these for the one that it ends (WHATWG, section 13.2.6.4.7).
bool is_looked_through(const Element& element)
{
    return element.role == Role::inline_text || element.role == Role::paragraph ||
           (element.role == Role::block &&
            (written_name(element) == "div" || written_name(element) == "address"));
}

/// True when an end tag of `closing` does not look beyond `open`.
bool stops(const Element& closing, const Element& open)
{
    switch (closing.role) {
    case Role::table:
        return false;
    case Role::column_group:
    case Role::caption:
    case Role::row_group:
    case Role::row:
    case Role::cell:
        return open.role == Role::table;
    case Role::inline_text:
        return open.role != Role::inline_text && open.role != Role::paragraph;
    case Role::list_item:
        return is_wall(open.role) || open.role == Role::list;
    default:
        return is_wall(open.role);
    }
}

bool matches(const Element& closing, const Element& open)
{
    return &closing == &open || (closing.role == Role::heading && open.role == Role::heading);
}

} // namespace

void Nesting::start(const Element& element, std::string_view attributes)
{
    if (!fits(element)) {
        cut_ = true;
        skipped_ += is_void(element) ? 0 : 1;
        return;
    }
    if (!make_room(element)) {
        return;
    }
    if (!links_.empty() && links_.back() == link_wall() && open_.size() + kRoomForCell + 1 >= kMaxDepth) {
        end_link(); // deeper there may be no room for what a target needs around it
    }
    if (is_void(element)) {
        write_start(element, attributes);
    } else {
        push(element, attributes);
    }
}

void Nesting::end(const Element& element)
{
    if (element.name == "br") { // to a browser </br> is <br>
        start(element, {});
        return;
    }
    if (is_void(element)) {
        return;
    }
    if (skipped_ > 0) {
        --skipped_;
        return;
    }
    if (written_ >= max_elements_ && is_table_part(element.role)) {
        return; // the text behind it would ask for another cell
    }
    if (!close(element) && element.role == Role::paragraph && !in_table_structure() && fits(element)) {
        start(element, {}); // to a browser </p> alone is <p></p>
        close(element);
    }
}

bool Nesting::close(const Element& element)
{
    for (std::size_t depth = open_.size(); depth > 0; --depth) {
        if (matches(element, *open_[depth - 1])) {
            pop_to(depth - 1);
            return true;
        }
        if (stops(element, *open_[depth - 1])) {
            return false;
        }
    }
    return false;
}

void Nesting::start_link(std::string_view target)
{
    end_link();
    make_room_for_text();
    links_.push_back(link_wall());
    out_ += fmt::format("<{} href=\"{}\">", kLinkMark, target);
}

void Nesting::end_link()
{
    if (!open_.empty() && open_.back()->is_link) {
        pop_to(open_.size() - 1);
    }
    if (!links_.empty() && links_.back() == link_wall()) {
        make_room_for_text();
        write_end_of_link();
    }
}

void Nesting::add_text(std::string_view text)
{
    if (text.empty()) {
        return;
    }
    if (text.find_first_not_of(" \t\r\n") != std::string_view::npos) {
        make_room_for_text();
    }
    end_reference(text);
    append_replacing(with_short_numbers(text, changed_), "<");
    end_of_reference_ = ends_in_reference(text) ? out_.size() : kNowhere;
}

void Nesting::add_verbatim(std::string_view text)
{
    if (text.find_first_not_of(" \t\r\n") != std::string_view::npos) {
        make_room_for_text();
    }
    end_reference(text);
    append_replacing(text, "<&");
}

/// A reference ends where its text does, also where the tag behind it is left out.
void Nesting::end_reference(std::string_view next)
{
    if (end_of_reference_ == out_.size() && !next.empty() && is_of_reference(next.front())) {
        out_ += kNothing;
    }
}

void Nesting::append_replacing(std::string_view text, std::string_view special)
{
    for (;;) {
        const auto at = special.size() == 1 ? text.find(special.front()) : text.find_first_of(special);
        out_ += text.substr(0, at);
        if (at == std::string_view::npos) {
            return;
        }
        out_ += text[at] == '<' ? "&lt;" : "&amp;";
        text.remove_prefix(at + 1);
    }
}

std::string Nesting::finish()
{
    pop_to(0);
    while (!links_.empty()) {
        write_end_of_link();
    }
    return std::exchange(out_, {});
}

bool Nesting::fits(const Element& element) const
{
    if (written_ + (is_in_place(element) ? 0 : kRoomForCell) >= max_elements_) {
        return false;
    }
    if (is_void(element)) {
        return true;
    }
    if (skipped_ > 0) {
        return false;
    }
    if (is_indented(element) &&
        std::ranges::count_if(open_, [](const Element* open) { return is_indented(*open); }) >= kMaxIndents) {
        return false;
    }
    return is_table_part(element.role) || open_.size() + kRoomForCell < kMaxDepth;
}

/// False when other elements may have to be opened before this one.
bool Nesting::is_in_place(const Element& element) const
{
    const Role parent = open_.empty() ? Role::block : open_.back()->role;
    switch (element.role) {
    case Role::column:
        return parent == Role::column_group;
    case Role::row:
        return parent == Role::row_group;
    case Role::cell:
        return parent == Role::row && cells_.back() < kMaxCells;
    default:
        return is_table_part(element.role) || !in_table_structure();
    }
}

/// Closes and opens what must be before this element starts. False when it cannot start here.
bool Nesting::make_room(const Element& element)
{
    if (is_table_part(element.role)) {
        return enter_table(element.role);
    }
    if (in_table_structure()) {
        const bool shows_something = element.role == Role::table || written_name(element) == "img";
        if (!shows_something || !enter_table(Role::cell)) {
            return false;
        }
        push_implied("td");
    }
    if (closes_paragraph(element.role)) {
        close_for_block(element);
    }
    return true;
}

void Nesting::make_room_for_text()
{
    if (in_table_structure() && enter_table(Role::cell)) {
        push_implied("td");
    }
}

void Nesting::close_for_block(const Element& element)
{
    if (element.name == "option" && !open_.empty() && open_.back() == &element) {
        pop_to(open_.size() - 1);
    }
    if (element.role == Role::list_item || element.role == Role::term) {
        for (std::size_t depth = open_.size(); depth > 0; --depth) {
            const Element& open = *open_[depth - 1];
            if (open.role == element.role) {
                pop_to(depth - 1);
                break;
            }
            if (!is_looked_through(open)) {
                break;
            }
        }
    }
    for (std::size_t depth = open_.size(); depth > 0 && !is_wall(open_[depth - 1]->role); --depth) {
        if (open_[depth - 1]->role == Role::paragraph) {
            pop_to(depth - 1);
            break;
        }
    }
    if (element.role == Role::heading) {
        for (std::size_t depth = open_.size(); depth > 0; --depth) {
            if (open_[depth - 1]->role == Role::heading) {
                pop_to(depth - 1);
                break;
            }
            if (open_[depth - 1]->role != Role::inline_text) {
                break;
            }
        }
    }
}

/// Makes the innermost table ready for a part of it. False when there is no table.
bool Nesting::enter_table(Role target)
{
    const std::size_t table = nearest(Role::table);
    if (table == kNowhere) {
        return false;
    }
    // Below a table stand a row group, a row and a cell, or one other part; nothing else is ever pushed.
    const auto is_at = [&](std::size_t depth, Role role) {
        return open_.size() > depth && open_[depth]->role == role;
    };
    if (target == Role::column) {
        if (!is_at(table + 1, Role::column_group)) {
            pop_to(table + 1);
            push_implied("colgroup");
        }
        return true;
    }
    if (target != Role::row && target != Role::cell) {
        pop_to(table + 1);
        return true;
    }
    if (!is_at(table + 1, Role::row_group)) {
        pop_to(table + 1);
        push_implied("tbody");
    }
    if (target == Role::row) {
        pop_to(table + 2);
    } else if (is_at(table + 2, Role::row) && cells_.back() < kMaxCells) {
        pop_to(table + 3);
    } else {
        pop_to(table + 2);
        push_implied("tr");
    }
    return true;
}

/// Directly in a table, row group, column group or row: no place for text.
bool Nesting::in_table_structure() const
{
    return !open_.empty() && is_table_structure(open_.back()->role);
}

std::size_t Nesting::nearest(Role role) const
{
    for (std::size_t depth = open_.size(); depth > 0; --depth) {
        if (open_[depth - 1]->role == role) {
            return depth - 1;
        }
    }
    return kNowhere;
}

/// How many elements are open around and with the innermost that links do not leave.
std::size_t Nesting::link_wall() const
{
    std::size_t depth = open_.size();
    while (depth > 0 && !is_wall_for_links(open_[depth - 1]->role)) {
        --depth;
    }
    return depth;
}

void Nesting::push(const Element& element, std::string_view attributes)
{
    write_start(element, attributes);
    open_.push_back(&element);
    if (element.role == Role::row) {
        cells_.push_back(0);
    } else if (element.role == Role::cell) {
        ++cells_.back();
    }
}

void Nesting::push_implied(std::string_view name)
{
    push(*find_element(name), {});
}

void Nesting::pop_to(std::size_t depth)
{
    while (open_.size() > depth) {
        while (is_wall_for_links(open_.back()->role) && !links_.empty() && links_.back() == open_.size()) {
            write_end_of_link();
        }
        out_ += "</";
        out_ += written_name(*open_.back());
        out_ += '>';
        if (open_.back()->role == Role::row) {
            cells_.pop_back();
        }
        open_.pop_back();
    }
}

void Nesting::write_start(const Element& element, std::string_view attributes)
{
    ++written_;
    out_ += '<';
    out_ += written_name(element);
    out_ += attributes;
    out_ += '>';
}

void Nesting::write_end_of_link()
{
    links_.pop_back();
    out_ += fmt::format("<{}>", kLinkMark);
}

} // namespace qm::html
