// The style attribute: cut into declarations, each checked by src/html/allowed, written anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "html/allowed.h"

namespace qm::html {

/// Attributes of one element as they are to be written, not escaped yet.
using Written = std::vector<std::pair<std::string_view, std::string>>;

/// nullptr when it is not written. Borrowed.
const std::string* find_written(const Written& attributes, std::string_view name);
std::string* find_written(Written& attributes, std::string_view name);
/// In its place if it is there, else behind the others.
void write_attribute(Written& attributes, std::string_view name, std::string value);
void erase_written(Written& attributes, std::string_view name);
/// The number that its value begins with, `otherwise` when there is none.
unsigned number_written(const Written& attributes, std::string_view name, unsigned otherwise);

/// The declarations that may stay, "property:value;property:value"; "" when none may. At most 40, and 4000
/// bytes.
std::string clean_style(std::string_view style);
/// False for a style of which nothing may stay, whatever it says.
bool may_be_clean(std::string_view style);

/// What stands between an element in a line and the words beside it.
enum class Parting : std::uint8_t {
    nothing,
    blank,
    line_end,
};
/// By `display` in a style as it came: "display:block" begins a line. What is hidden there stands apart, too.
Parting parting_of(std::string_view style);

/// The style of an element, as declarations.
class Declarations {
  public:
    Declarations() = default;
    Declarations(const Declarations&) = delete;
    Declarations& operator=(const Declarations&) = delete;

    /// `clean`: what clean_style() has written; borrowed until the next one is read.
    void read(std::string_view clean);
    /// False while str() would give what was read.
    bool has_changed() const { return changed_; }

    /// The value that counts, "" when there is none.
    std::string_view find(std::string_view property) const;
    /// True when there was one.
    bool erase(std::string_view property);
    /// "margin" erases margin-left too.
    void erase_family(std::string_view beginning);
    /// In its place if it is there with this value, else behind the others.
    void set(std::string_view property, std::string_view value);
    /// Behind the others: a program that does not know this value takes the one before.
    void add(std::string_view property, std::string_view value);
    /// Pixels of "margin" or "padding" at a side, "left". Nothing when it is not said.
    std::optional<double> side(std::string_view family, std::string_view side) const;
    /// Pixels of the border at a side, "left", at most.
    double border(std::string_view side) const;
    /// Of both at the sides.
    double side_borders() const { return border("left") + border("right"); }
    /// What is too much goes, from the end.
    void shorten(std::size_t most, std::size_t bytes);
    std::string str() const;

  private:
    std::size_t size() const;
    /// False: nothing that begins as `property` does is in `all_`.
    bool may_have(std::string_view property) const { return (initials_ & initial(property)) != 0; }
    static std::uint32_t initial(std::string_view property)
    {
        return property.empty() ? 0 : 1U << (static_cast<unsigned char>(property.front()) % 32U);
    }

    std::vector<std::pair<std::string_view, std::string_view>> all_;
    std::list<std::string> set_; ///< values that came later; most styles have none
    std::uint32_t initials_ = 0; ///< of all properties that were in `all_`
    bool changed_ = false;
};

/// The lines through, over and under the letters of an element, as CSS has them; "" when there are none.
std::string_view strokes_of(const Element& element, const Declarations& style);

} // namespace qm::html
