#include "html/strict.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "html/allowed.h"
#include "html/sanitizer.h"

namespace qm::html {
namespace {

struct Entity {
    std::string_view written;
    char meant;
};
constexpr std::array kEntities = {Entity{"&amp;", '&'}, Entity{"&lt;", '<'}, Entity{"&gt;", '>'},
                                  Entity{"&quot;", '"'}, Entity{"&#39;", '\''}};

class Scanner {
  public:
    Scanner(std::string_view fragment, std::string_view image)
        : rest_(fragment), image_(image.empty() ? "" : "<img src=\"" + escape(image) + "\" alt=\"")
    {
    }

    bool run()
    {
        while (!rest_.empty()) {
            const bool good = rest_.front() == '<' ? tag() : text('<').has_value();
            if (!good) {
                return false;
            }
        }
        return open_.empty();
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
    std::optional<std::string> text(char end)
    {
        const auto length = rest_.find(end);
        const std::string_view written = rest_.substr(0, length);
        std::string meant;
        meant.reserve(written.size());
        for (std::string_view left = written; !left.empty();) {
            const Entity* found = nullptr;
            for (const Entity& entity : kEntities) {
                found = left.starts_with(entity.written) ? &entity : found;
            }
            meant.push_back(found == nullptr ? left.front() : found->meant);
            left.remove_prefix(found == nullptr ? 1 : found->written.size());
        }
        if (escape(meant) != written) {
            return std::nullopt;
        }
        rest_.remove_prefix(written.size());
        return meant;
    }

    bool tag()
    {
        if (!image_.empty() && take(image_)) {
            return text('"').has_value() && take("\">");
        }
        if (take("</")) {
            if (open_.empty() || !take(open_.back()) || !take(">")) {
                return false;
            }
            open_.pop_back();
            return true;
        }
        rest_.remove_prefix(1);
        const Element* const element = find_element(take_name());
        if (element == nullptr || element->is_link || element->name == "img" ||
            !element->written_as.empty()) {
            return false;
        }
        while (take(" ")) {
            if (!attribute(*element)) {
                return false;
            }
        }
        if (!is_void(*element)) {
            open_.push_back(element->name);
        }
        return take(">");
    }

    bool attribute(const Element& element)
    {
        const std::string_view name = take_name();
        const Attribute* const attribute = find_attribute(element, name);
        if (attribute == nullptr || attribute->name != name || attribute->value == Value::target ||
            !take("=\"")) {
            return false;
        }
        const auto value = text('"');
        return value && take("\"") && allowed_value(attribute->value, *value) == *value;
    }

    std::string_view rest_;
    const std::string image_;
    std::vector<std::string_view> open_;
};

} // namespace

bool is_sanitized(std::string_view fragment, std::string_view replacement_image)
{
    return Scanner(fragment, replacement_image).run();
}

} // namespace qm::html
