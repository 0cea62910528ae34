// Cuts HTML into tags and text, in one pass and in linear time whatever the input looks like.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qm::html {

/// One attribute as written: character references are not decoded yet.
struct RawAttribute {
    std::string_view name; ///< any case
    std::string_view value;
};

struct Token {
    enum class Kind : std::uint8_t {
        text,     ///< character references may be in it
        verbatim, ///< text in which an ampersand is an ampersand (<xmp>, <plaintext>)
        start,
        end,
        done
    };
    Kind kind = Kind::done;
    std::string_view text;                ///< of text and verbatim
    std::string name;                     ///< of a tag, lower case
    std::vector<RawAttribute> attributes; ///< of a start tag, the first kMaxAttributes, and href
    bool attributes_cut = false;

    /// nullptr when there is none. Borrowed. `attribute`: its name, in any case.
    const RawAttribute* find(std::string_view attribute) const;

    /// As new, with the memory it has.
    void clear()
    {
        kind = Kind::done;
        text = {};
        name.clear();
        attributes.clear();
        attributes_cut = false;
    }
};

/// The tokenizer of HTML (WHATWG, section 13.2.5) as far as a mail needs it. What nobody should see never
/// becomes a token: comments, declarations, processing instructions, and elements with their whole content
/// that are no text (script, style, title, iframe ...).
///
/// Behind <svg>, <math>, <select> or <noscript> some of these have a content that one program or the other
/// shows. Where exactly only a whole parser knows: there kLeftOut is a token in the place of the first, as
/// for an <iframe> with its page in an attribute.
///
/// Lifetime: views into `input`.
class Tokenizer {
  public:
    static constexpr std::size_t kMaxAttributes = 50;
    static constexpr std::string_view kLeftOut = "[Something is not shown here.]";

    explicit Tokenizer(std::string_view input) : rest_(input) {}

    /// The next token; Kind::done at the end. The reference is valid until the next call.
    const Token& next();

  private:
    bool read_markup();
    bool read_declaration();
    void skip_to(std::string_view mark);
    void skip_comment();
    bool read_end_tag();
    bool read_start_tag();
    bool read_attribute();
    std::string_view read_value();
    bool handle_special(bool is_closed);
    bool drop(std::string_view content, bool is_closed);
    bool say_so();
    std::size_t find_end_tag(std::string_view name);
    void skip_end_tag(std::size_t at);

    std::string_view rest_;
    Token token_;
    bool has_target_ = false;  ///< a second place for href is taken
    bool has_foreign_ = false; ///< <svg> or <math> has been there
    bool has_noscript_ = false;
    bool has_select_ = false;   ///< and <select>
    bool has_said_so_ = false;  ///< kLeftOut
    std::optional<Token> held_; ///< the tag behind kLeftOut
    Token::Kind pending_kind_ = Token::Kind::verbatim;
    std::string_view pending_;              ///< text that follows the tag just returned
    std::string pending_end_;               ///< and the end tag behind it
    std::vector<std::string> never_closed_; ///< names of which no end tag follows any more
};

} // namespace qm::html
