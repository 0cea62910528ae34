#include "html/strict.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "html/allowed.h"
#include "html/fitting.h"
#include "html/legible.h"
#include "html/nesting.h"
#include "html/reading_order.h"
#include "html/sanitizer.h"
#include "html/style.h"

namespace qm::html {
namespace {

/// Elements of the sentences that may stand behind a message.
constexpr std::size_t kSentences = 20;

struct Entity {
    std::string_view written;
    char meant;
};
constexpr std::array kEntities = {Entity{"&amp;", '&'}, Entity{"&lt;", '<'}, Entity{"&gt;", '>'},
                                  Entity{"&quot;", '"'}, Entity{"&#39;", '\''}};

/// Reads tags and text as they must be written, and has the sanitizer's own rules tell whether each may
/// stand where it stands: they would change nothing.
class Scanner {
  public:
    Scanner(std::string_view fragment, std::string_view image)
        : fragment_(fragment), rest_(fragment),
          image_(image.empty() ? "" : "<img src=\"" + escape(image) + "\" alt=\"")
    {
    }

    bool run()
    {
        while (!rest_.empty()) {
            const bool good = rest_.front() == '<' ? tag() : text();
            if (!good) {
                return false;
            }
        }
        return open_.empty() && nesting_.finish() == fragment_;
    }

  private:
    bool take(std::string_view expected)
    {
        if (!rest_.starts_with(expected)) {
            return false;
        }
        rest_.remove_prefix(expected.size());
        return true;
    }

    std::string_view take_name()
    {
        const auto length = rest_.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-");
        const std::string_view name = rest_.substr(0, length);
        rest_.remove_prefix(name.size());
        return name;
    }

    /// Escaped text up to `end`, decoded. Nothing when it is not what escape() writes.
    std::optional<std::string> take_escaped(char end)
    {
        const auto length = rest_.find(end);
        const std::string_view written = rest_.substr(0, length);
        if (plain_length(written) == written.size()) {
            rest_.remove_prefix(written.size());
            return std::string(written);
        }
        std::string meant;
        meant.reserve(written.size());
        for (std::string_view left = written; !left.empty();) {
            const std::string_view as_it_is = left.substr(0, left.find('&'));
            meant += as_it_is;
            left.remove_prefix(as_it_is.size());
            const auto* const found = std::ranges::find_if(
                kEntities, [&](const Entity& entity) { return left.starts_with(entity.written); });
            if (found != kEntities.end()) {
                meant.push_back(found->meant);
                left.remove_prefix(found->written.size());
            } else if (!left.empty()) {
                return std::nullopt; // an ampersand that escape() would not have left
            }
        }
        if (escape(meant) != written) {
            return std::nullopt;
        }
        rest_.remove_prefix(written.size());
        return meant;
    }

    bool text()
    {
        const std::string_view before = rest_;
        const auto meant = take_escaped('<');
        if (!meant || order_.next(*meant) != *meant || legible_.paint_for(*meant)) {
            return false;
        }
        nesting_.add_text(before.substr(0, before.size() - rest_.size()));
        return true;
    }

    bool tag()
    {
        if (!image_.empty() && rest_.starts_with(image_)) {
            return image();
        }
        if (take("</")) {
            if (open_.empty() || !take(open_.back()->name) || !take(">")) {
                return false;
            }
            leave(*open_.back());
            nesting_.end(*open_.back());
            open_.pop_back();
            return true;
        }
        rest_.remove_prefix(1);
        const Element* const element = find_element(take_name());
        if (element == nullptr || element->is_link || element->name == "img" ||
            !element->written_as.empty()) {
            return false;
        }
        const std::string_view before = rest_;
        attributes_.clear();
        style_text_.clear();
        while (take(" ")) {
            if (!attribute(*element)) {
                return false;
            }
        }
        const std::string_view source = before.substr(0, before.size() - rest_.size());
        return take(">") && enter(*element, source);
    }

    bool image()
    {
        const std::string_view before = rest_.substr(std::string_view("<img").size());
        take(image_);
        const auto alt = take_escaped('"');
        if (!alt || !take("\"") || in_reading_order(*alt) != *alt) {
            return false;
        }
        attributes_.clear();
        style_text_.clear();
        return enter(*find_element("img"), before.substr(0, before.size() - rest_.size())) && take(">");
    }

    bool attribute(const Element& element)
    {
        const std::string_view name = take_name();
        const Attribute* const attribute = find_attribute(element, name);
        if (attribute == nullptr || attribute->name != name || attribute->value == Value::target ||
            !take("=\"")) {
            return false;
        }
        const bool is_new = find_written(attributes_, name) == nullptr;
        auto value = take_escaped('"');
        if (!is_new || !value || !take("\"") || !is_allowed(attribute->value, *value)) {
            return false;
        }
        if (attribute->value == Value::style) {
            style_text_ = std::exchange(*value, {});
        }
        attributes_.emplace_back(attribute->name, std::move(*value));
        return true;
    }

    bool is_allowed(Value kind, const std::string& value)
    {
        constexpr std::size_t kMostStyles = 200;
        const bool is_style = kind == Value::style;
        if (is_style && styles_.contains(value)) {
            return true;
        }
        const bool is_allowed = allowed_value(kind, value) == value;
        if (is_style && is_allowed && styles_.size() < kMostStyles) {
            styles_.insert(value);
        }
        return is_allowed;
    }

    bool enter(const Element& element, std::string_view source)
    {
        // A cell outside of a table would ask for the table it is in.
        const bool is_part = element.role >= Role::column_group;
        if (is_part &&
            std::ranges::none_of(open_, [](const Element* open) { return open->role == Role::table; })) {
            return false;
        }
        if (element.role == Role::cell && fitting_.row_is_full()) {
            return false;
        }
        Written kept = attributes_;
        style_.read(style_text_);
        fitting_.enter(element, kept, style_);
        legible_.enter(element, kept, style_, is_void(element) ? Content::text : content_before(rest_));
        const bool keeps_style = !style_.has_changed() || style_.str() == style_text_;
        nesting_.start(element, source);
        if (is_void(element)) {
            leave(element);
        } else {
            open_.push_back(&element);
        }
        // What Nesting closes, opens or leaves out by itself was not written by it. To go on would be work
        // without a limit: nothing would be too deep.
        return keeps_style && kept == attributes_ && !nesting_.cut() && nesting_.depth() == open_.size();
    }

    void leave(const Element& element)
    {
        fitting_.leave(element);
        legible_.leave();
    }

    const std::string_view fragment_;
    std::string_view rest_;
    const std::string image_;
    std::vector<const Element*> open_;
    Written attributes_; ///< of the element that is being read; of style the place only
    std::string style_text_;
    Declarations style_;
    std::set<std::string> styles_; ///< that may be
    Nesting nesting_{kSentences};
    ReadingOrder order_;
    Fitting fitting_;
    Legible legible_;
};

} // namespace

bool is_sanitized(std::string_view fragment, std::string_view replacement_image)
{
    return Scanner(fragment, replacement_image).run();
}

} // namespace qm::html
