// A link of a mail: what its text shows, and whether its target must be said beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "html/allowed.h"

namespace qm::html {

/// Follows one link from its beginning to the words behind it. Its target is left out only where the link
/// shows exactly the same, between other words.
class Link {
  public:
    /// One whose target has no room.
    Link() = default;
    /// `href`: with character references decoded.
    explicit Link(std::string_view href);

    /// The label is one piece of text: a name of a host in pieces of other colors, on other lines or in
    /// another order looks like another name.
    void is_not_plain() { is_plain_ = false; }
    void enter(const Element& element);
    void leave() { has_end_ = has_end_ || !label_.empty(); }
    /// `letters`: their size, pixels.
    void add(std::string_view text, double letters);

    enum class Saying : std::uint8_t {
        needed,
        not_needed,
        undecided, ///< until the text behind the link is known
    };
    /// At the end of the link.
    Saying saying() const;
    /// When `text`, which begins with no blank, stands behind the link, in the same line:
    /// <a>evil.example</a>.bank.example. `letters`: their size, pixels.
    Saying saying_before(std::string_view text, double letters) const;

    const std::string& label() const { return label_; } ///< its beginning
    double letters() const { return letters_; }         ///< the size of the largest ones in it
    std::string written() const;                        ///< the target, as HTML
    /// Of written(), whatever its label will be.
    std::size_t most_written() const;

    std::size_t reserved = 0; ///< bytes; kept for whoever writes it

  private:
    std::string target_;
    bool has_name_ = false; ///< the target
    std::string label_;
    bool is_plain_ = true;
    bool is_cut_ = false;  ///< the label
    bool has_end_ = false; ///< an element has ended in it, behind words
    double letters_ = 0;
};

/// The word that stands before what comes next. A blank parts two words unless their letters are so much
/// larger that nobody sees it.
class WordBefore {
  public:
    /// `letters`: their size, pixels.
    void add(std::string_view text, double letters);
    /// A line ends.
    void end();
    bool is_parted_from(std::string_view text, double letters) const;
    bool may_be_address() const;

  private:
    std::string word_;   ///< its end
    double letters_ = 0; ///< the size of the largest ones in it
    double blank_ = 0;   ///< of the blanks behind it
};

/// `text` without the blanks at its beginning; no-break spaces are some.
std::string_view behind_blanks(std::string_view text);

} // namespace qm::html
