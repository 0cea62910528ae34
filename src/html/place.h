// Where in the HTML of a template a value is put.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qm::html {

/// What a value becomes part of, the freest first: what is escaped for one of them is harmless in those
/// before.
enum class Place : std::uint8_t {
    text,     ///< between tags
    enclosed, ///< text that ends at its mark: a quoted attribute value, a comment, <title>
    url,      ///< a quoted attribute value that is an address
    nowhere,  ///< where a value could become something else than text
};

struct Spot {
    Place place = Place::text;
    std::string name; ///< for people: "in <style>"
};

/// The address in an attribute value: a value may neither say of what kind it is nor which host it leads to.
class AddressReader {
  public:
    /// False: `c` makes a scheme of a value.
    bool read(char c);
    Spot value();

  private:
    enum class State : std::uint8_t { begin, slash, slashes, host, rest, foreign };
    bool begin(char c);

    State state_ = State::begin;
    std::string scheme_;
    bool has_value_ = false;
};

/// Some mail programs read what is in <!--[if mso]> ... <![endif]-->, to all others it is a comment.
enum class ConditionalComments : std::uint8_t { skipped, read };

/// Follows a template's literal text as a reader of HTML does (WHATWG, section 13.2.5), one character after
/// the other.
///
/// Thread-safety: none.
class PlaceReader {
  public:
    explicit PlaceReader(ConditionalComments conditional) : conditional_(conditional) {}

    /// False: as AddressReader.
    bool read(char c);

    /// A value comes here.
    Spot value();

  private:
    enum class State : std::uint8_t {
        text,
        opened,      ///< behind "<"
        closing,     ///< behind "</"
        declaration, ///< behind "<!"
        skipped,     ///< to the next ">"
        comment,
        tag_name,
        tag,
        attribute,
        behind_name, ///< of an attribute
        before_value,
        quoted,
        unquoted,
        element, ///< content in which there are no tags
    };
    void markup(char c);
    void comment(char c);
    void inside_tag(char c);
    void end_tag();
    void element(char c);
    Spot in_value();

    ConditionalComments conditional_;
    State state_ = State::text;
    std::string word_; ///< what was read of a mark or a comment
    std::string name_; ///< of the tag, lower case
    bool is_end_tag_ = false;
    std::string attribute_; ///< its name, lower case
    std::string foreign_;   ///< <svg> or <math>, in which other rules hold
    char quote_ = '"';      ///< of its value
    AddressReader address_; ///< its value
};

} // namespace qm::html
