#include "html/sanitizer.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "html/allowed.h"
#include "html/fitting.h"
#include "html/legible.h"
#include "html/nesting.h"
#include "html/reading_order.h"
#include "html/style.h"
#include "html/tree.h"

namespace qm::html {
namespace {

constexpr std::string_view kNotNamed = "target not shown";
constexpr std::size_t kMaxLabel = 400; ///< bytes of a link's text that are compared with its target
constexpr std::string_view kNoBreakSpace = "\u00A0";
constexpr std::string_view kEndOfPaper = "</span>";
constexpr std::size_t kRoomForPaper = Legible::kMostPaint + 24;  ///< bytes of the tags around a text
constexpr std::size_t kMaxDepthOfPaper = Nesting::kMaxDepth - 3; ///< deeper there is room for cells only

bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// The address without the slash that is all of its path.
std::string_view without_root(std::string_view address)
{
    const auto scheme = address.find("://");
    const auto path = address.find('/', scheme == std::string_view::npos ? 0 : scheme + 3);
    return path + 1 == address.size() ? address.substr(0, path) : address;
}

/// Is the text of a link its target already? Both are read exactly: a capital I looks like a small l. What
/// begins with a letter is read from there to its end, whatever stands before it.
bool says_the_same(std::string_view label, std::string_view target)
{
    label = text::trim(label);
    if (label.empty() || !is_letter(label.front())) {
        return false;
    }
    for (const std::string_view scheme : {"https://", "http://", "mailto:"}) {
        if (target.starts_with(scheme) && !label.starts_with(scheme)) {
            target.remove_prefix(scheme.size());
            break; // a host may be called "mailto:"
        }
    }
    return without_root(label) == without_root(target);
}

/// May a name of a host or a path go on in this character, or have gone on up to it?
bool is_of_address(char c)
{
    constexpr std::string_view kSigns = "./-_@:%?&=#~+$";
    return is_letter(c) || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80 ||
           kSigns.find(c) != std::string_view::npos;
}

/// Could somebody read an address in it? An address has "://", an @, or a dot before letters.
bool looks_like_address(std::string_view label)
{
    const auto is_of_name = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               static_cast<unsigned char>(c) >= 0x80;
    };
    if (label.find("://") != std::string_view::npos || label.find('@') != std::string_view::npos) {
        return true;
    }
    for (std::size_t i = 1; i + 2 < label.size(); ++i) {
        const bool is_number = label[i + 1] >= '0' && label[i + 1] <= '9';
        if (label[i] == '.' && is_of_name(label[i - 1]) && is_of_name(label[i + 1]) &&
            is_of_name(label[i + 2]) && !is_number) {
            return true;
        }
    }
    return false;
}

/// Writes what it sees, within a limit: whatever comes, what was opened can still be closed.
class Writer final : public Visitor {
  public:
    Writer(const SanitizeOptions& options) : options_(options) {}

    void enter(const Element& element, const Attributes& attributes, Content content) override
    {
        if (element.role == Role::cell && fitting_.row_is_full()) {
            const Element& row = *find_element("tr");
            leave(row);
            enter(row, Attributes(), Content::elements);
        }
        end_line(element);
        Open open;
        read(attributes);
        fitting_.enter(element, written_, style_);
        legible_.enter(element, written_, style_, content);
        open.turns = turns() || transforms();
        turning_ += open.turns ? 1 : 0;
        if (!links_.empty()) {
            Link& link = links_.back();
            link.is_plain = link.is_plain && link.label.empty() && !open.turns && !is_void(element) &&
                            element.role == Role::inline_text;
        }
        if (element.name == "img") {
            write_image(attributes);
        } else {
            write_start(element, open);
        }
        if (element.name == "pre" && !full_) {
            begin_of_pre_ = html_.size();
        }
        open_.push_back(open);
    }

    void leave(const Element& element) override
    {
        end_line(element);
        const Open open = open_.back();
        open_.pop_back();
        legible_.leave();
        fitting_.leave(element);
        turning_ -= open.turns ? 1 : 0;
        if (!links_.empty()) {
            links_.back().has_end = true;
        }
        if (!open.name.empty() && !is_void(element)) {
            reserved_ -= open.name.size() + 3;
            --depth_;
            html_ += "</";
            html_ += open.name;
            html_ += '>';
            if (!waiting_.empty() && !is_in_table_structure()) {
                write_target(std::exchange(waiting_, {}));
            }
        }
    }

    /// There is room for the target before there is any for the text that seems to be one.
    void start_link(std::string_view target) override
    {
        say_undecided();
        Link link;
        link.is_plain = turning_ == 0 && !is_of_address(last_);
        const auto shown = shown_target(target);
        link.has_name = shown.has_value();
        link.target = shown.value_or(std::string(kNotNamed));
        link.reserved = written_target(link).size() + 1 + kRoomForPaper; // and a blank
        if (put({}, link.reserved)) {
            links_.push_back(std::move(link));
        } else {
            links_.emplace_back();
        }
    }

    void end_link() override
    {
        const Link link = std::move(links_.back());
        links_.pop_back();
        reserved_ -= link.reserved;
        if (!links_.empty()) {
            links_.back().add(link.label);
        }
        const bool is_needed = link.has_name ? !(link.is_plain && says_the_same(link.label, link.target))
                                             : looks_like_address(link.label);
        if (link.reserved > 0 && is_needed) {
            say(link);
        } else if (link.reserved > 0 && link.has_name) {
            reserved_ += link.reserved;
            undecided_ = link;
        }
    }

    void text(std::string_view text) override
    {
        if (undecided_) {
            decide(text);
        }
        const std::string_view shown = order_.next(text);
        if (!shown.empty()) {
            last_ = shown.ends_with(kNoBreakSpace) ? ' ' : shown.back();
        }
        if (!links_.empty()) {
            links_.back().add(shown);
        }
        const bool has_paper = begin_paper(shown);
        if (html_.size() == begin_of_pre_ && shown.starts_with('\n') && put("\n", 1)) {
            --reserved_; // A parser leaves out the first line end of a <pre>: there must be room for both.
        }
        write_text(shown);
        end_paper(has_paper);
    }

    Sanitized finish(bool cut) { return {std::move(html_), cut || full_}; }

  private:
    struct Open {
        std::string_view name; ///< "" when nothing was written for this element
        Role role = Role::inline_text;
        bool turns = false; ///< the reading order, or changes letters
    };
    struct Link {
        std::string target;
        bool has_name = false; ///< the target
        std::string label;     ///< its text, as far as it is compared
        /// The label is one piece of text: a name of a host in pieces of other colors, on other lines or in
        /// another order looks like another name.
        bool is_plain = true;
        bool has_end = false;     ///< an element has ended in it
        bool has_sign = false;    ///< a comma or the like stands behind it
        std::size_t reserved = 0; ///< bytes for the target

        void add(std::string_view text)
        {
            if (label.empty() && text::trim(text).empty()) {
                return;
            }
            is_plain = is_plain && (!has_end || text::trim(text).empty());
            if (label.size() < kMaxLabel) {
                label += text::cut_utf8(text, kMaxLabel);
            }
        }
    };

    void say(const Link& link)
    {
        const std::string said = written_target(link);
        const std::string_view target = order_.next(said);
        if (is_in_table_structure()) {
            waiting_ += target;
        } else {
            write_target(target);
        }
    }

    /// The target that its link says is said again where the words behind the link go on with it:
    /// <a>evil.example</a>.bank.example
    void decide(std::string_view next)
    {
        constexpr std::string_view kEnds = ".,;:!?)\"'";
        if (!undecided_->has_sign && !next.empty() && kEnds.find(next.front()) != std::string_view::npos) {
            undecided_->has_sign = true;
            next.remove_prefix(1);
        }
        if (next.empty()) {
            return;
        }
        if (is_of_address(next.front()) && !next.starts_with(kNoBreakSpace)) {
            say_undecided();
        } else {
            drop_undecided();
        }
    }
    void say_undecided()
    {
        if (undecided_) {
            const Link link = *std::exchange(undecided_, std::nullopt);
            reserved_ -= link.reserved;
            say(link);
        }
    }
    void drop_undecided()
    {
        if (undecided_) {
            reserved_ -= undecided_->reserved;
            undecided_.reset();
        }
    }

    /// Between blocks no word goes on.
    void end_line(const Element& element)
    {
        if (element.role != Role::inline_text && element.name != "img") {
            drop_undecided();
            last_ = ' ';
        }
    }

    /// What the element that is being entered may keep. The style has its place among the attributes, without
    /// its value.
    void read(const Attributes& attributes)
    {
        written_.clear();
        clean_style_ = {};
        for (const auto& [attribute, value] : attributes.items()) {
            if (attribute->value == Value::style) {
                clean_style_ = style_of(value);
                if (!clean_style_.empty()) {
                    written_.emplace_back(attribute->name, std::string());
                }
            } else if (auto allowed = allowed_value(attribute->value, value)) {
                written_.emplace_back(attribute->name, std::move(*allowed));
            }
        }
        style_.read(clean_style_);
    }

    /// True when text could be read from right to left in this element.
    bool turns() const
    {
        const std::string* const direction = find_written(written_, "dir");
        return (direction != nullptr && *direction != "ltr") || style_.find("direction") == "rtl";
    }

    /// True when letters are not shown as they are written.
    bool transforms() const
    {
        const std::string_view transform = style_.find("text-transform");
        return !transform.empty() && transform != "none";
    }

    bool has_room(std::size_t bytes) const { return html_.size() + reserved_ + bytes <= options_.max_input; }

    /// All of `piece` or, from now on, nothing.
    bool put(std::string_view piece, std::size_t reserve = 0)
    {
        if (full_ || !has_room(piece.size() + reserve)) {
            full_ = true;
            return false;
        }
        html_ += piece;
        reserved_ += reserve;
        return true;
    }

    void write_start(const Element& element, Open& open)
    {
        const std::string changed_style = style_.has_changed() ? style_.str() : std::string();
        const std::string_view style = style_.has_changed() ? changed_style : clean_style_;
        tag_ = '<';
        tag_ += element.name;
        const std::size_t without_attributes = tag_.size();
        for (const auto& [attribute, value] : written_) {
            if (attribute != "style") {
                add_attribute(attribute, value);
            } else if (!style.empty()) {
                add_attribute(attribute, style);
            }
        }
        if (!style.empty() && find_written(written_, "style") == nullptr) {
            add_attribute("style", style);
        }
        if (tag_.size() == without_attributes && (element.name == "span" || element.name == "font")) {
            return; // it says nothing
        }
        tag_ += '>';
        if (has_room_for_element() && put(tag_, is_void(element) ? 0 : element.name.size() + 3)) {
            open.name = element.name;
            open.role = element.role;
            depth_ += is_void(element) ? 0 : 1;
        }
    }

    void add_attribute(std::string_view name, std::string_view value)
    {
        tag_ += ' ';
        tag_ += name;
        tag_ += "=\"";
        append_escaped(value, tag_);
        tag_ += '"';
    }

    /// What the next reader would leave out is not written.
    bool has_room_for_element()
    {
        full_ = full_ || elements_ + links_.size() + (undecided_ ? 1 : 0) >=
                             Nesting::kMaxElements; // each target may take one
        elements_ += full_ ? 0 : 1;
        return !full_;
    }

    /// True when `text` stands on a paper of its own; it ends with end_paper().
    bool begin_paper(std::string_view text)
    {
        const auto paint = legible_.paint_for(text);
        if (!paint) {
            return false;
        }
        full_ = full_ || depth_ >= kMaxDepthOfPaper;
        return has_room_for_element() && put(start_of_paper(*paint), kEndOfPaper.size());
    }

    static std::string start_of_paper(std::string_view paint)
    {
        return "<span style=\"" + std::string(paint) + "\">";
    }

    void end_paper(bool has_paper)
    {
        if (has_paper) {
            reserved_ -= kEndOfPaper.size();
            html_ += kEndOfPaper;
        }
    }

    void write_image(const Attributes& attributes)
    {
        if (!options_.replacement_image.empty() && has_room_for_element()) {
            const std::string alt = in_reading_order(attributes.find("alt").value_or(""));
            put("<img src=\"" + escape(options_.replacement_image) + "\" alt=\"" + escape(alt) + "\">");
        }
    }

    /// Where no text may stand, because there was no room for the cell around it any more.
    bool is_in_table_structure() const
    {
        for (auto open = open_.rbegin(); open != open_.rend(); ++open) {
            if (!open->name.empty()) {
                return is_table_structure(open->role);
            }
        }
        return false;
    }

    /// There is room for it, whatever has been left out since the link began.
    void write_target(std::string_view target)
    {
        const auto paint = legible_.paint_for(target);
        if (!paint) {
            html_ += target;
        } else if (depth_ < kMaxDepthOfPaper) { // deeper the text of the link is not shown either
            ++elements_;
            html_ += start_of_paper(*paint);
            html_ += target;
            html_ += kEndOfPaper;
        }
    }

    static std::string written_target(const Link& link)
    {
        const bool has_label = !text::trim(link.label).empty();
        return escape((has_label ? " [" : "[") + link.target + "]");
    }

    /// As much as fits, cut between characters.
    void write_text(std::string_view text)
    {
        if (full_) {
            return;
        }
        if (has_room(kMostEscaped * text.size())) {
            append_escaped(text, html_);
            return;
        }
        if (const std::string escaped = escape(text); has_room(escaped.size())) {
            html_ += escaped;
            return;
        }
        while (!text.empty()) {
            const std::size_t length = text::first_character(text).bytes;
            if (!put(escape(text.substr(0, length)))) {
                return;
            }
            text.remove_prefix(length);
        }
    }

    /// As it may be, until the next call; a mail says the same again and again.
    std::string_view style_of(std::string_view source)
    {
        constexpr std::size_t kMostStyles = 200;
        const auto known = styles_.find(source);
        if (known != styles_.end()) {
            return known->second;
        }
        std::string allowed = clean_style(source);
        if (styles_.size() < kMostStyles) {
            return styles_.emplace(source, std::move(allowed)).first->second;
        }
        return rare_style_ = std::move(allowed);
    }

    const SanitizeOptions& options_;
    std::string html_;
    // The element that is being entered:
    Written written_;
    std::string_view clean_style_;
    Declarations style_;
    std::string tag_;
    std::map<std::string, std::string, std::less<>> styles_; ///< as they came and as they may be
    std::string rare_style_;                                 ///< for which there is no room in them
    std::size_t reserved_ = 0;                               ///< bytes of the end tags and targets to come
    std::size_t elements_ = 0;                               ///< written
    std::size_t depth_ = 0;                                  ///< of them, open
    bool full_ = false;
    std::size_t begin_of_pre_ = std::string::npos; ///< where the content of the last <pre> begins
    std::vector<Open> open_;
    std::vector<Link> links_;       ///< that are open
    std::optional<Link> undecided_; ///< has ended, and says its target unless a word goes on with it
    char last_ = ' ';               ///< the end of the text before
    std::string waiting_;           ///< targets that stand behind the table
    std::size_t turning_ = 0;       ///< open elements
    ReadingOrder order_;
    Fitting fitting_;
    Legible legible_;
};

} // namespace

Sanitized sanitize(std::string_view input, const SanitizeOptions& options)
{
    Writer writer(options);
    const bool cut = walk(input, options.max_input, writer);
    return writer.finish(cut);
}

} // namespace qm::html
