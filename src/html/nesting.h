// Puts the tags of a stranger's page into an order that every HTML parser reads as the same tree.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "html/allowed.h"

namespace qm::html {

/// Writes well-formed HTML of allowed elements: every element is closed, in the right order; paragraphs, list
/// items, rows and cells end where HTML lets them end without a tag; tables have their whole structure
/// (table, tbody, tr, td), and text between the cells gets a cell. So a parser that reads the result has
/// nothing to mend: no foster parenting, no adoption agency, no depth that we did not count.
///
/// At most kMaxDepth elements are open at once and kMaxElements are written; the tags of those above are left
/// out, their text stays.
///
/// A link is no element: it begins and ends where its tags stand, whatever elements begin and end in between,
/// and no limit leaves it out. Both ends are marked with an element that nothing else is written as.
class Nesting {
  public:
    static constexpr std::size_t kMaxDepth = 256;
    static constexpr std::size_t kMaxElements = 30000;
    static constexpr std::size_t kMaxCells = 60;         ///< in a row; more of them begin another row
    static constexpr std::string_view kLinkMark = "wbr"; ///< with a target: a link begins; without: it ends
    static constexpr std::string_view kNothing = "<!---->"; ///< between two texts

    /// `more`: elements besides kMaxElements.
    explicit Nesting(std::size_t more = 0) : max_elements_(kMaxElements + more) {}

    /// `attributes`: as they are to be written, with a blank in front of each.
    void start(const Element& element, std::string_view attributes);
    void end(const Element& element);

    /// `target`: as it is to be written in double quotes. The link that is open ends before, as in a browser.
    void start_link(std::string_view target);
    /// In a cell or caption only a link that began there ends; the end of the cell ends it too.
    void end_link();

    /// `text` with character references; a `<` in it is a character.
    void add_text(std::string_view text);
    /// The same, where an ampersand is an ampersand.
    void add_verbatim(std::string_view text);

    /// Closes everything and returns what was written.
    std::string finish();

    /// How many elements are open.
    std::size_t depth() const { return open_.size(); }

    /// True when tags were left out because of a limit.
    bool cut() const { return cut_; }

  private:
    bool fits(const Element& element) const;
    bool is_in_place(const Element& element) const;
    bool make_room(const Element& element);
    void make_room_for_text();
    /// False when there is none to close.
    bool close(const Element& element);
    void end_reference(std::string_view next);
    void append_replacing(std::string_view text, std::string_view special);
    void close_for_block(const Element& element);
    bool enter_table(Role target);
    bool in_table_structure() const;
    std::size_t nearest(Role role) const;
    std::size_t link_wall() const;
    void push(const Element& element, std::string_view attributes);
    void push_implied(std::string_view name);
    void pop_to(std::size_t depth);
    void write_start(const Element& element, std::string_view attributes);
    void write_end_of_link();

    const std::size_t max_elements_;
    std::string out_;
    std::string changed_;                              ///< text with other numbers
    std::size_t end_of_reference_ = std::string::npos; ///< the end of out_, while a reference may go on there
    std::vector<const Element*> open_;
    std::vector<std::size_t> cells_; ///< of the open rows
    std::vector<std::size_t> links_; ///< that are open: the wall around each
    std::size_t written_ = 0;        ///< elements
    std::size_t skipped_ = 0;        ///< start tags left out whose end tags are still to come
    bool cut_ = false;
};

} // namespace qm::html
