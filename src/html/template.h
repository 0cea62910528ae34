// The notice templates: text with {VARIABLES}.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qm::html {

/// How a value is escaped on its way into a rendered text.
enum class Escape { html, none };

using Variables = std::map<std::string, std::string, std::less<>>;

/// A template, parsed once. `{NAME}` is a variable (letters, digits, underscore; not beginning with a digit),
/// `{{` and `}}` are literal braces. A brace that begins no variable name (CSS: `p { color: red }`) stands
/// for itself, so templates of the ancestor with a style sheet work.
///
/// Thread-safety: const members may be called at once from any thread.
class Template {
  public:
    /// Errors: ConfigError with the line for a name that is not among `known` and for an unclosed `{NAME`.
    Template(std::string_view source, std::span<const std::string> known);

    /// Variables missing from `values` are empty. With Escape::html every value is escaped (quotes included)
    /// unless its name is in `verbatim` (HTML that we wrote: EMAIL_HTML_TEXT).
    std::string render(const Variables& values, Escape escape,
                       std::span<const std::string_view> verbatim = {}) const;

    /// True if the template names this variable.
    bool uses(std::string_view variable) const;

  private:
    struct Piece {
        std::string text; ///< literal, or the variable's name
        bool variable = false;
    };
    std::vector<Piece> pieces_;
};

} // namespace qm::html
