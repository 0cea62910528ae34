// The notice templates: text with {VARIABLES}.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qm::html {

/// How values are escaped on their way into the text.
enum class Escape {
    none,
    html, ///< for the place where each stands: text, a quoted attribute value, or an address
          ///< (percent-encoded)
};

using Variables = std::map<std::string, std::string, std::less<>>;

/// A template, parsed once. `{NAME}` is a variable (letters, digits, underscore; not beginning with a digit),
/// `{{` and `}}` are literal braces. A brace that begins no variable name (CSS: `p { color: red }`) stands
/// for itself, so templates of the ancestor with a style sheet work.
///
/// Thread-safety: const members may be called at once from any thread.
class Template {
  public:
    /// `verbatim`: variables that are HTML we wrote (EMAIL_HTML_TEXT).
    /// Errors: ConfigError with the line for a name that is not among `known`, for an unclosed `{NAME`, and
    /// with Escape::html for a variable where no escaping would do (a script, a style, a tag outside of a
    /// quoted value, the host of an address), or a verbatim one that does not stand in text.
    Template(std::string_view source, std::span<const std::string> known, Escape escape = Escape::none,
             std::span<const std::string_view> verbatim = {});

    /// Variables missing from `values` are empty.
    std::string render(const Variables& values) const;

    /// True if the template names this variable.
    bool uses(std::string_view variable) const;

  private:
    class Parser;
    struct Piece {
        enum class Kind : std::uint8_t { literal, as_is, html, address };
        std::string text; ///< literal, or the variable's name
        Kind kind = Kind::literal;
    };
    std::vector<Piece> pieces_;
};

} // namespace qm::html
