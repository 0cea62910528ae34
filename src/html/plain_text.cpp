#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "html/allowed.h"
#include "html/sanitizer.h"
#include "html/tree.h"

namespace qm::html {
namespace {

constexpr std::uint64_t kMaxInput = 8ULL << 20U; ///< bytes: a notice with the largest preview fits
constexpr std::size_t kMaxIndent = 10;           ///< levels of quotes and lists that are shown

std::size_t characters_in(std::string_view text)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/// Lines of text that grow word by word, with what stands in front of each.
class Lines {
  public:
    explicit Lines(std::size_t width) : width_(width) {}

    void word(std::string_view word)
    {
        const std::size_t length = characters_in(word);
        if (blank_ && !line_.empty()) {
            if (column_ + 1 + length > width_) {
                end_line();
            } else {
                line_ += ' ';
                ++column_;
            }
        }
        begin_line();
        line_ += word;
        column_ += length;
        blank_ = false;
    }
    void blank() { blank_ = true; }

    /// Ends the line if there is anything in it.
    void end_line()
    {
        if (!line_.empty()) {
            break_line();
        }
        blank_ = false;
    }
    /// Ends the line even if there is nothing in it.
    void break_line()
    {
        if (line_.empty()) {
            want_empty_line();
        } else {
            if (wants_empty_line_ && !result_.empty()) {
                result_ += std::string(text::trim(indent(empty_level_))) + "\n";
            }
            wants_empty_line_ = false;
            result_ += line_;
            result_ += '\n';
        }
        line_.clear();
        column_ = 0;
        blank_ = false;
    }
    /// One empty line before what comes next.
    void paragraph()
    {
        end_line();
        want_empty_line();
    }
    /// A line as it is: of <pre>.
    void verbatim(std::string_view text)
    {
        begin_line();
        line_ += text;
        column_ += characters_in(text);
    }
    /// Written once, in place of the last indent.
    void bullet(std::string text) { bullet_ = std::move(text); }

    std::vector<std::string_view>& indents() { return indents_; }
    bool line_is_empty() const { return line_.empty(); }

    std::string finish()
    {
        end_line();
        return std::move(result_);
    }

  private:
    /// The empty line belongs to the outermost of the levels that asked for it.
    void want_empty_line()
    {
        empty_level_ = wants_empty_line_ ? std::min(empty_level_, indents_.size()) : indents_.size();
        wants_empty_line_ = true;
    }
    std::string indent(std::size_t level) const
    {
        std::string text;
        for (std::size_t i = 0; i < std::min({level, indents_.size(), kMaxIndent}); ++i) {
            text += indents_[i];
        }
        return text;
    }
    void begin_line()
    {
        if (!line_.empty()) {
            return;
        }
        line_ = indent(indents_.size());
        if (!bullet_.empty()) {
            line_.resize(line_.size() - std::min(line_.size(), bullet_.size()));
            line_ += bullet_;
            bullet_.clear();
        }
        column_ = characters_in(line_);
    }

    std::size_t width_;
    std::string result_;
    std::string line_;
    std::size_t column_ = 0;
    bool wants_empty_line_ = false; ///< before the next line with something in it
    std::size_t empty_level_ = 0;
    bool blank_ = false; ///< before the next word
    std::vector<std::string_view> indents_;
    std::string bullet_;
};

/// Turns the tree into lines.
class TextWriter final : public Visitor {
  public:
    explicit TextWriter(std::size_t width) : lines_(width) {}

    void enter(const Element& element, const Attributes& attributes, Content /*content*/) override
    {
        switch (element.role) {
        case Role::inline_text:
            break;
        case Role::void_text:
            enter_void(element, attributes);
            break;
        case Role::void_block:
            lines_.paragraph();
            lines_.word("----------------------------------------");
            lines_.paragraph();
            break;
        case Role::cell:
            enter_cell();
            break;
        case Role::list_item:
            lines_.end_line();
            lines_.indents().push_back("  ");
            lines_.bullet("- ");
            break;
        case Role::paragraph:
        case Role::heading:
            lines_.paragraph();
            break;
        default:
            enter_block(element);
            break;
        }
    }

    void leave(const Element& element) override
    {
        switch (element.role) {
        case Role::list_item:
            lines_.end_line();
            lines_.bullet("");
            lines_.indents().pop_back();
            break;
        case Role::paragraph:
        case Role::heading:
            lines_.paragraph();
            break;
        case Role::inline_text:
        case Role::void_text:
        case Role::void_block:
        case Role::column:
        case Role::cell:
            break;
        default:
            leave_block(element);
            break;
        }
    }

    void text(std::string_view text) override
    {
        for (Link& link : links_) {
            if (link.label.size() < kMaxLabel) {
                link.label += text::cut_utf8(text, kMaxLabel);
            }
        }
        if (pre_ > 0) {
            write_verbatim(text);
            return;
        }
        while (!text.empty()) {
            const auto end = static_cast<std::size_t>(std::ranges::find_if(text, is_blank) - text.begin());
            if (end == 0) {
                lines_.blank();
                text.remove_prefix(1);
                continue;
            }
            write_word(text.substr(0, end));
            text.remove_prefix(end);
        }
    }

    void start_link(std::string_view target) override { links_.push_back({text::one_line(target), ""}); }

    void end_link() override
    {
        const Link link = std::move(links_.back());
        links_.pop_back();
        if (link.target.empty() || link.target == text::trim(link.label) ||
            link.target == "mailto:" + std::string(text::trim(link.label))) {
            return;
        }
        lines_.blank();
        lines_.word("<" + link.target + ">");
    }

    std::string finish() { return lines_.finish(); }

  private:
    static constexpr std::size_t kMaxLabel = 400;

    struct Link {
        std::string target;
        std::string label;
    };

    /// A word without the controls that a terminal obeys.
    void write_word(std::string_view word)
    {
        std::string shown;
        while (!word.empty()) {
            const text::Character character = text::first_character(word);
            const char32_t code = character.code;
            if (code >= 0x20 && (code < 0x7F || code > 0x9F)) {
                text::append_utf8(shown, code == 0xA0 ? U' ' : code);
            }
            word.remove_prefix(character.bytes);
        }
        if (!shown.empty()) {
            lines_.word(shown);
        }
    }

    void write_verbatim(std::string_view text)
    {
        for (;;) {
            const auto end = std::min(text.find('\n'), text.size());
            if (end != 0) {
                std::string line(text.substr(0, end));
                std::erase_if(line, [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7F; });
                lines_.verbatim(line);
            }
            if (end == text.size()) {
                return;
            }
            lines_.break_line();
            text.remove_prefix(end + 1);
        }
    }

    void enter_void(const Element& element, const Attributes& attributes)
    {
        if (element.name == "br") {
            lines_.break_line();
        } else if (const std::string alt = text::one_line(attributes.find("alt").value_or(""));
                   !alt.empty()) {
            text("[" + alt + "]");
        }
    }

    /// Cells of a row stand beside each other.
    void enter_cell()
    {
        if (!lines_.line_is_empty()) {
            lines_.blank();
        }
    }

    void enter_block(const Element& element)
    {
        if (element.role == Role::column || element.role == Role::column_group) {
            return;
        }
        if (element.name == "blockquote" || element.name == "pre") {
            lines_.paragraph();
        } else {
            lines_.end_line();
        }
        if (element.name == "blockquote") {
            lines_.indents().push_back("> ");
        } else if (element.name == "pre") {
            ++pre_;
        } else if (element.name == "dd") {
            lines_.indents().push_back("  ");
        }
    }

    void leave_block(const Element& element)
    {
        lines_.end_line();
        if (element.name == "blockquote") {
            lines_.indents().pop_back();
            lines_.paragraph();
        } else if (element.name == "pre") {
            --pre_;
            lines_.paragraph();
        } else if (element.name == "dd") {
            lines_.indents().pop_back();
        }
    }

    Lines lines_;
    std::vector<Link> links_; ///< that are open
    std::size_t pre_ = 0;
};

} // namespace

std::string html_to_text(std::string_view html, std::size_t width)
{
    TextWriter writer(width);
    walk_quickly(html, kMaxInput, writer);
    return writer.finish();
}

} // namespace qm::html
