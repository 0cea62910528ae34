// Reads a stranger's HTML as a tree of allowed elements and shows it piece by piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "html/allowed.h"

namespace qm::html {

/// The attributes of one element, character references decoded; only those that the element may have.
class Attributes {
  public:
    struct Item {
        const Attribute* attribute = nullptr;
        std::string_view value;
    };

    void reserve(std::size_t count) { items_.reserve(count); }
    void add(Item item) { items_.push_back(item); }
    const std::vector<Item>& items() const { return items_; }
    std::optional<std::string_view> find(std::string_view name) const;

  private:
    std::vector<Item> items_;
};

/// Sees a tree in the order of the text.
class Visitor {
  public:
    virtual ~Visitor() = default;
    /// Void elements (br, img, hr, col) are entered and left too; their content means nothing.
    virtual void enter(const Element& element, const Attributes& attributes, Content content) = 0;
    virtual void leave(const Element& element) = 0;
    virtual void text(std::string_view text) = 0; ///< valid UTF-8, character references decoded
    /// Links begin and end in their own order, not in that of the elements; `target` with character
    /// references decoded.
    virtual void start_link(std::string_view target) = 0;
    virtual void end_link() = 0;
};

/// Walks over `input` (any bytes; beyond `max_input` bytes it is cut). Every element is one that is written
/// as itself. True when something was left out because of a limit. Time is linear in max_input, and
/// neither depth nor attributes of the input make it more.
bool walk(std::string_view input, std::uint64_t max_input, Visitor& visitor);

/// Shows the same as walk(), in a third of its time, and without a parser whose tree is a browser's: for what
/// is made into something else than HTML.
bool walk_quickly(std::string_view input, std::uint64_t max_input, Visitor& visitor);

} // namespace qm::html
