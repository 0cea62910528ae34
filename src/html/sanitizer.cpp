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
#include "html/link.h"
#include "html/nesting.h"
#include "html/reading_order.h"
#include "html/style.h"
#include "html/tree.h"

namespace qm::html {
namespace {

constexpr std::string_view kEndOfPaper = "</span>";
constexpr std::size_t kRoomForPaper = Legible::kMostPaint + 24;  ///< bytes of the tags around a text
constexpr std::size_t kMaxDepthOfPaper = Nesting::kMaxDepth - 3; ///< deeper there is room for cells only

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
        read(attributes);
        Open open;
        if (is_in_line(element)) {
            stand_apart(open, attributes);
        }
        fitting_.enter(element, written_, style_);
        legible_.enter(element, written_, style_, content);
        open.turns = turns() || transforms();
        turning_ += open.turns ? 1 : 0;
        if (!links_.empty()) {
            links_.back().enter(element);
            if (open.turns) {
                links_.back().is_not_plain();
            }
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
        parting_ = std::max(parting_, open.behind);
        legible_.leave();
        fitting_.leave(element);
        turning_ -= open.turns ? 1 : 0;
        if (!links_.empty()) {
            links_.back().leave();
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
        Link link(target);
        if (turning_ > 0) {
            link.is_not_plain();
        }
        link.reserved = link.most_written() + kRoomForPaper;
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
            links_.back().add(link.label(), link.letters());
        }
        if (link.reserved == 0) {
            return;
        }
        const Link::Saying saying = link.saying();
        if (saying == Link::Saying::needed) {
            say(link);
        } else if (saying == Link::Saying::undecided && parting_ != Parting::line_end) {
            reserved_ += link.reserved;
            undecided_ = link;
        }
    }

    void text(std::string_view text) override
    {
        if (parting_ != Parting::nothing && !behind_blanks(text).empty()) {
            part();
        }
        const std::string_view read = with_blanks(text);
        const std::string_view words = behind_blanks(read);
        line_has_words_ = line_has_words_ || !words.empty();
        const bool is_parted = before_.is_parted_from(read, fitting_.letters());
        if (undecided_ && !words.empty()) {
            decide(words, is_parted);
        }
        const std::string_view shown = order_.next(read);
        if (!links_.empty()) {
            Link& link = links_.back();
            const bool goes_on = text::trim(link.label()).empty() && !words.empty() && !is_parted;
            if ((goes_on && before_.may_be_address()) || fitting_.touches_neighbours()) {
                link.is_not_plain();
            }
            link.add(shown, fitting_.letters());
        }
        before_.add(read, fitting_.letters());
        const bool has_paper = begin_paper(shown);
        if (html_.size() == begin_of_pre_ && shown.starts_with('\n') && put("\n", 1)) {
            --reserved_; // A parser leaves out the first line end of a <pre>: there must be room for both.
        }
        write_text(shown);
        end_paper(has_paper);
    }

    Sanitized finish(bool cut) { return {std::move(html_), cut || full_}; }

  private:
    struct Style {
        std::string allowed;
        Parting display = Parting::nothing;
    };
    struct Open {
        std::string_view name; ///< "" when nothing was written for this element
        Role role = Role::inline_text;
        bool turns = false; ///< the reading order, or changes letters
        Parting behind = Parting::nothing;
    };

    /// Words that only the style of an element parts from each other would become one. `open`: is being
    /// entered, `attributes` have been read.
    void stand_apart(Open& open, const Attributes& attributes)
    {
        constexpr double kLeastSpace = 8; ///< pixels; a blank is not much wider
        const auto with_space = [&](std::string_view side) {
            const double space =
                style_.side("margin", side).value_or(0) + style_.side("padding", side).value_or(0);
            return std::max(display_, space >= kLeastSpace ? Parting::blank : Parting::nothing);
        };
        open.behind = with_space("right");
        parting_ = std::max(parting_, with_space("left"));
        if (parting_ != Parting::nothing) {
            part();
            read(attributes);
        }
    }

    /// What has been found to be between the words before and what comes now.
    void part()
    {
        const Parting parting = std::exchange(parting_, Parting::nothing);
        if (!line_has_words_) {
            return;
        }
        if (parting == Parting::blank) {
            text(" ");
        } else {
            const Element& line_end = *find_element("br");
            enter(line_end, Attributes(), Content::text);
            leave(line_end);
        }
    }

    void say(const Link& link)
    {
        const std::string said = link.written();
        line_has_words_ = true;
        const std::string_view target = order_.next(said);
        if (is_in_table_structure()) {
            waiting_ += target;
        } else {
            write_target(target);
        }
    }

    /// The target of the last link is said again where the words behind it go on with what it shows.
    void decide(std::string_view next, bool is_parted)
    {
        const Link::Saying saying =
            is_parted ? Link::Saying::not_needed : undecided_->saying_before(next, fitting_.letters());
        if (saying == Link::Saying::needed) {
            say_undecided();
        } else if (saying == Link::Saying::not_needed) {
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

    static bool is_in_line(const Element& element)
    {
        return element.role == Role::inline_text || element.name == "img";
    }

    /// Between blocks no word goes on.
    void end_line(const Element& element)
    {
        if (!is_in_line(element)) {
            drop_undecided();
            before_.end();
            parting_ = Parting::nothing;
            line_has_words_ = false;
        }
    }

    /// To a browser a carriage return or form feed that a reference stands for is a blank.
    std::string_view with_blanks(std::string_view text)
    {
        if (text.find('\r') == std::string_view::npos && text.find('\f') == std::string_view::npos) {
            return text;
        }
        blanks_ = text;
        std::ranges::replace_if(
            blanks_, [](char c) { return c == '\r' || c == '\f'; }, ' ');
        return blanks_;
    }

    /// What the element that is being entered may keep. The style has its place among the attributes, without
    /// its value.
    void read(const Attributes& attributes)
    {
        written_.clear();
        clean_style_ = {};
        display_ = Parting::nothing;
        for (const auto& [attribute, value] : attributes.items()) {
            if (attribute->value == Value::style) {
                const Style& style = style_of(value);
                clean_style_ = style.allowed;
                display_ = style.display;
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
            say_before_image(alt);
            line_has_words_ = true;
            put("<img src=\"" + escape(options_.replacement_image) + "\" alt=\"" + escape(alt) + "\">");
        }
    }

    /// Where a program shows no images, their texts stand in the line.
    void say_before_image(std::string_view alt)
    {
        const std::string_view words = behind_blanks(alt);
        if (undecided_ && !words.empty()) {
            decide(words, before_.is_parted_from(alt, fitting_.letters()));
        }
        before_.add(alt, fitting_.letters());
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
        const auto paint = legible_.paint_for(target, full_);
        if (!paint) {
            html_ += target;
        } else if (depth_ < kMaxDepthOfPaper) { // deeper the text of the link is not shown either
            ++elements_;
            html_ += start_of_paper(*paint);
            html_ += target;
            html_ += kEndOfPaper;
        }
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
    const Style& style_of(std::string_view source)
    {
        constexpr std::size_t kMostStyles = 200;
        const auto known = styles_.find(source);
        if (known != styles_.end()) {
            return known->second;
        }
        Style style{clean_style(source), parting_of(source)};
        if (styles_.size() < kMostStyles) {
            return styles_.emplace(source, std::move(style)).first->second;
        }
        return rare_style_ = std::move(style);
    }

    const SanitizeOptions& options_;
    std::string html_;
    // The element that is being entered:
    Written written_;
    std::string_view clean_style_;
    Declarations style_;
    std::string tag_;
    Parting display_ = Parting::nothing;
    std::map<std::string, Style, std::less<>> styles_; ///< by what they came as
    Style rare_style_;                                 ///< for which there is no room in them
    std::size_t reserved_ = 0;                         ///< bytes of the end tags and targets to come
    std::size_t elements_ = 0;                         ///< written
    std::size_t depth_ = 0;                            ///< of them, open
    bool full_ = false;
    std::size_t begin_of_pre_ = std::string::npos; ///< where the content of the last <pre> begins
    std::vector<Open> open_;
    std::vector<Link> links_;       ///< that are open
    std::optional<Link> undecided_; ///< has ended, and says its target unless a word goes on with it
    WordBefore before_;
    std::string blanks_;                 ///< a text with them
    Parting parting_ = Parting::nothing; ///< behind the last words
    bool line_has_words_ = false;
    std::string waiting_;     ///< targets that stand behind the table
    std::size_t turning_ = 0; ///< open elements
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
