#include "html/template.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "html/place.h"
#include "html/sanitizer.h"
#include "quarantine/error.h"

namespace qm::html {
namespace {

bool may_begin_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool may_be_in_name(char c)
{
    return may_begin_name(c) || (c >= '0' && c <= '9');
}

/// The variable name that begins `text`, "" without one.
std::string_view name_at(std::string_view text)
{
    if (text.empty() || !may_begin_name(text.front())) {
        return {};
    }
    const auto end = std::ranges::find_if_not(text, may_be_in_name);
    return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

std::size_t line_of(std::string_view source, std::size_t at)
{
    return 1 + static_cast<std::size_t>(std::ranges::count(source.substr(0, at), '\n'));
}

bool contains(std::span<const std::string> names, std::string_view name)
{
    return std::ranges::find(names, name) != names.end();
}

/// Is `{name` what somebody forgot to close, rather than the beginning of a style sheet's rule?
bool is_unclosed(std::string_view name, std::string_view behind, std::span<const std::string> known)
{
    if (behind.empty()) {
        return true;
    }
    return contains(known, name) &&
           (text::trim(behind.substr(0, 1)).empty() || behind[0] == '<' || behind[0] == '{');
}

/// RFC 3986. What comes out has no character that means something in HTML.
std::string percent_encoded(std::string_view value)
{
    std::string result;
    for (const char c : value) {
        if (may_be_in_name(c) || std::string_view("-.~@").find(c) != std::string_view::npos) {
            result.push_back(c);
        } else {
            result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return result;
}

} // namespace

/// Reads the source from its beginning to its end.
class Template::Parser {
  public:
    Parser(std::string_view source, std::span<const std::string> known, Escape escape,
           std::span<const std::string_view> verbatim)
        : source_(source), known_(known), escape_(escape), verbatim_(verbatim)
    {
    }

    std::vector<Piece> pieces()
    {
        while (at_ < source_.size()) {
            const std::string_view rest = source_.substr(at_);
            if (rest.starts_with("{{")) {
                literal('{', 2);
            } else if (rest.starts_with("}}") && open_braces_ == 0) {
                literal('}', 2);
            } else if (rest.front() == '{') {
                brace(rest);
            } else {
                open_braces_ -= rest.front() == '}' && open_braces_ > 0 ? 1 : 0;
                literal(rest.front(), 1);
            }
        }
        end_literal();
        return std::move(pieces_);
    }

  private:
    [[noreturn]] void fail(std::string_view what) const
    {
        throw ConfigError(fmt::format("line {}: {}", line_of(source_, at_), what));
    }

    void literal(char c, std::size_t length)
    {
        literal_.push_back(c);
        if (escape_ == Escape::html && !read(c)) {
            at_ = last_variable_; // the colon may stand in another line
            fail("a variable stands in front of the colon of an address; expected: http:, https: or mailto: "
                 "as it is");
        }
        at_ += length;
    }

    bool read(char c)
    {
        const bool for_some = some_.read(c);
        return others_.read(c) && for_some;
    }

    /// The stricter of both.
    Spot spot()
    {
        Spot for_some = some_.value();
        Spot for_others = others_.value();
        return for_some.place > for_others.place ? for_some : for_others;
    }

    void end_literal()
    {
        pieces_.push_back({std::move(literal_), Piece::Kind::literal});
        literal_.clear();
    }

    void brace(std::string_view rest)
    {
        const std::string_view name = name_at(rest.substr(1));
        const std::string_view behind = rest.substr(1 + name.size());
        if (!name.empty() && behind.starts_with('}')) {
            variable(name);
        } else if (!name.empty() && is_unclosed(name, behind, known_)) {
            fail(fmt::format("{{{} has no closing brace, expected {{{}}}", name, name));
        } else {
            ++open_braces_;
            literal('{', 1);
        }
    }

    void variable(std::string_view name)
    {
        if (!contains(known_, name)) {
            fail(fmt::format("{{{}}} is no variable; known are {}", name, fmt::join(known_, ", ")));
        }
        end_literal();
        pieces_.push_back({std::string(name), kind_of(name)});
        last_variable_ = at_;
        at_ += name.size() + 2;
    }

    Piece::Kind kind_of(std::string_view name)
    {
        if (escape_ == Escape::none) {
            return Piece::Kind::as_is;
        }
        const Spot spot = this->spot();
        const bool as_is = std::ranges::find(verbatim_, name) != verbatim_.end();
        if (as_is && spot.place != Place::text) {
            fail(fmt::format("{{{}}} stands {}; expected: in text, between tags", name, spot.name));
        }
        if (spot.place == Place::nowhere) {
            fail(fmt::format(
                "{{{}}} stands {}; expected: in text, or in the quoted value of an attribute that "
                "is neither style nor script",
                name, spot.name));
        }
        return as_is                      ? Piece::Kind::as_is
               : spot.place == Place::url ? Piece::Kind::address
                                          : Piece::Kind::html;
    }

    const std::string_view source_;
    const std::span<const std::string> known_;
    const Escape escape_;
    const std::span<const std::string_view> verbatim_;
    std::size_t at_ = 0;
    std::size_t last_variable_ = 0; ///< where it stands
    /// Of a style sheet and not closed yet: `}}` then closes two of them and is no escape.
    std::size_t open_braces_ = 0;
    std::string literal_;
    std::vector<Piece> pieces_;
    PlaceReader some_{ConditionalComments::read};
    PlaceReader others_{ConditionalComments::skipped};
};

Template::Template(std::string_view source, std::span<const std::string> known, Escape escape,
                   std::span<const std::string_view> verbatim)
    : pieces_(Parser(source, known, escape, verbatim).pieces())
{
}

std::string Template::render(const Variables& values) const
{
    std::string result;
    for (const Piece& piece : pieces_) {
        if (piece.kind == Piece::Kind::literal) {
            result += piece.text;
            continue;
        }
        const auto value = values.find(piece.text);
        if (value == values.end()) {
            continue;
        }
        result += piece.kind == Piece::Kind::as_is  ? value->second
                  : piece.kind == Piece::Kind::html ? escape(value->second)
                                                    : percent_encoded(value->second);
    }
    return result;
}

bool Template::uses(std::string_view variable) const
{
    return std::ranges::any_of(pieces_, [&](const Piece& piece) {
        return piece.kind != Piece::Kind::literal && piece.text == variable;
    });
}

} // namespace qm::html
