#include "html/tree.h"

#include <gumbo.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <memory_resource>
#include <string>
#include <utility>

#include "base/text.h"
#include "html/nested_source.h"
#include "html/nesting.h"

namespace qm::html {
namespace {

/// What gumbo builds a tree of. It goes as a whole: a tree is freed neither piece by piece, which would take
/// as long as building it, nor by a function that calls itself.
class Memory {
  public:
    static void* allocate(void* memory, std::size_t size)
    {
        return static_cast<Memory*>(memory)->resource_.allocate(size);
    }
    static void deallocate(void* /*memory*/, void* /*block*/) {}

  private:
    static constexpr std::size_t kFirst = std::size_t{64} * 1024; ///< bytes; enough for most mail
    std::array<std::byte, kFirst> first_; // NOLINT(*-member-init): nobody reads it before it is written
    std::pmr::monotonic_buffer_resource resource_{first_.data(), first_.size()};
};

/// Which element of ours a node is.
const Element* element_of(const GumboNode& node)
{
    if (node.type != GUMBO_NODE_ELEMENT || node.v.element.tag_namespace != GUMBO_NAMESPACE_HTML) {
        return nullptr;
    }
    const GumboElement& element = node.v.element;
    if (element.tag == GUMBO_TAG_UNKNOWN) {
        GumboStringPiece name = element.original_tag;
        gumbo_tag_from_original_text(&name);
        return name.data == nullptr ? nullptr : find_element({name.data, name.length});
    }
    return find_element(gumbo_normalized_tagname(element.tag));
}

Attributes attributes_of(const GumboNode& node, const Element& element)
{
    const GumboVector& vector = node.v.element.attributes;
    Attributes result;
    result.reserve(vector.length);
    for (unsigned i = 0; i < vector.length; ++i) {
        const auto* const item = static_cast<const GumboAttribute*>(vector.data[i]);
        if (const Attribute* const attribute = find_attribute(element, item->name)) {
            result.add({attribute, item->value});
        }
    }
    return result;
}

Content content_of(const GumboNode& node)
{
    const GumboVector& children = node.v.element.children;
    for (unsigned i = 0; i < children.length; ++i) {
        const auto& child = *static_cast<const GumboNode*>(children.data[i]);
        const bool is_text = child.type == GUMBO_NODE_TEXT || child.type == GUMBO_NODE_WHITESPACE;
        if (!is_text && (child.type != GUMBO_NODE_ELEMENT || child.v.element.tag != GUMBO_TAG_BR)) {
            return Content::elements;
        }
    }
    return Content::text;
}

bool is_link_mark(const GumboNode& node)
{
    return node.type == GUMBO_NODE_ELEMENT && node.v.element.tag == GUMBO_TAG_WBR;
}

void show_link_mark(const GumboNode& node, Visitor& visitor)
{
    const GumboAttribute* const target = gumbo_get_attribute(&node.v.element.attributes, "href");
    if (target != nullptr) {
        visitor.start_link(target->value);
    } else {
        visitor.end_link();
    }
}

/// Without recursion: what has been entered waits here to be left.
struct Step {
    const GumboNode* node = nullptr;
    const Element* element = nullptr; ///< nullptr: not entered, its children are
    unsigned next_child = 0;
};

void show(const GumboNode& root, Visitor& visitor)
{
    std::vector<Step> path{{&root, nullptr, 0}};
    while (!path.empty()) {
        Step& step = path.back();
        const GumboVector& children = step.node->v.element.children;
        if (step.next_child == children.length) {
            if (step.element != nullptr) {
                visitor.leave(*step.element);
            }
            path.pop_back();
            continue;
        }
        const auto& child = *static_cast<const GumboNode*>(children.data[step.next_child++]);
        if (child.type == GUMBO_NODE_TEXT || child.type == GUMBO_NODE_WHITESPACE) {
            visitor.text(child.v.text.text);
        } else if (is_link_mark(child)) {
            show_link_mark(child, visitor);
        } else if (child.type == GUMBO_NODE_ELEMENT) {
            const Element* const element = element_of(child);
            if (element != nullptr) {
                visitor.enter(*element, attributes_of(child, *element), content_of(child));
            }
            path.push_back({&child, element, 0});
        }
    }
}

/// A tree of gumbo's.
class Tree {
  public:
    explicit Tree(std::string_view source)
    {
        GumboOptions options = kGumboDefaultOptions;
        options.fragment_context = GUMBO_TAG_DIV;
        options.max_errors = 0;
        options.allocator = Memory::allocate;
        options.deallocator = Memory::deallocate;
        options.userdata = &memory_;
        output_ = gumbo_parse_with_options(&options, source.data(), source.size());
    }

    const GumboNode* root() const { return output_ == nullptr ? nullptr : output_->root; }

  private:
    Memory memory_;
    const GumboOutput* output_ = nullptr;
};

/// All text of a tree, for one that holds nothing else.
std::string text_of(const GumboNode* node)
{
    std::string text;
    for (unsigned i = 0; node != nullptr && i < node->v.element.children.length; ++i) {
        const auto& child = *static_cast<const GumboNode*>(node->v.element.children.data[i]);
        if (child.type == GUMBO_NODE_TEXT || child.type == GUMBO_NODE_WHITESPACE) {
            text += child.v.text.text;
        }
    }
    return text;
}

/// Reads what Nesting has written, where every tag is as it must be.
class SourceReader {
  public:
    SourceReader(std::string_view source, Visitor& visitor) : rest_(source), visitor_(visitor) {}

    void run()
    {
        while (!rest_.empty()) {
            if (rest_.front() != '<') {
                text();
            } else if (rest_.starts_with(Nesting::kNothing)) {
                rest_.remove_prefix(Nesting::kNothing.size());
                begins_pre_ = false;
            } else if (rest_.starts_with("</")) {
                begins_pre_ = false;
                visitor_.leave(*open_.back());
                open_.pop_back();
                rest_.remove_prefix(rest_.find('>') + 1);
            } else {
                start();
            }
        }
    }

  private:
    void text()
    {
        const std::string_view written = rest_.substr(0, rest_.find('<'));
        rest_.remove_prefix(written.size());
        std::string read;
        std::string_view text = written;
        if (!needs_no_reading(written)) {
            read = read_text(written);
            text = read;
        }
        if (std::exchange(begins_pre_, false) && text.starts_with('\n')) {
            text.remove_prefix(1);
        }
        if (!text.empty()) {
            visitor_.text(text);
        }
    }

    static bool needs_no_reading(std::string_view text)
    {
        return text.find('&') == std::string_view::npos && text.find('\r') == std::string_view::npos;
    }

    /// The usual character references are read here; nothing when there is another one, which is gumbo's to
    /// read. With their semicolons they mean the same in a text and in an attribute.
    static std::optional<std::string> read_usual(std::string_view written)
    {
        struct Reference {
            std::string_view written;
            std::string_view meant;
        };
        static constexpr std::array kUsual = {Reference{"&amp;", "&"}, Reference{"&lt;", "<"},
                                              Reference{"&gt;", ">"},  Reference{"&quot;", "\""},
                                              Reference{"&#39;", "'"}, Reference{"&nbsp;", "\u00A0"}};
        std::string result;
        for (std::string_view rest = written; !rest.empty();) {
            const std::string_view plain = rest.substr(0, rest.find_first_of("&\r"));
            result += plain;
            rest.remove_prefix(plain.size());
            if (rest.empty()) {
                break;
            }
            const auto* const usual =
                std::ranges::find_if(kUsual, [&](const auto& one) { return rest.starts_with(one.written); });
            if (usual == kUsual.end()) {
                return std::nullopt;
            }
            result += usual->meant;
            rest.remove_prefix(usual->written.size());
        }
        return result;
    }

    static std::string read_text(std::string_view written)
    {
        const std::optional<std::string> usual = read_usual(written);
        return usual ? *usual : text_of(Tree(written).root());
    }

    static std::string read_value(std::string_view written)
    {
        if (const std::optional<std::string> usual = read_usual(written)) {
            return *usual;
        }
        // In an attribute a reference without its semicolon is read in another way.
        const Tree tree("<img alt=\"" + std::string(written) + "\">");
        const GumboNode* const root = tree.root();
        if (root == nullptr || root->v.element.children.length == 0) {
            return {};
        }
        const auto& image = *static_cast<const GumboNode*>(root->v.element.children.data[0]);
        const GumboAttribute* const alt = gumbo_get_attribute(&image.v.element.attributes, "alt");
        return alt == nullptr ? std::string() : alt->value;
    }

    void start()
    {
        rest_.remove_prefix(1);
        begins_pre_ = false;
        const std::string_view name = rest_.substr(0, rest_.find_first_of(" >"));
        rest_.remove_prefix(name.size());
        if (name == Nesting::kLinkMark) {
            link_mark();
            return;
        }
        const Element* const element = find_element(name);
        values_.clear();
        Attributes attributes;
        while (rest_.starts_with(' ')) {
            rest_.remove_prefix(1);
            const std::string_view attribute_name = rest_.substr(0, rest_.find('='));
            rest_.remove_prefix(attribute_name.size() + 2);
            const std::string_view value = take_value();
            if (const Attribute* const attribute = find_attribute(*element, attribute_name)) {
                attributes.add({attribute, value});
            }
        }
        rest_.remove_prefix(1);
        const bool is_empty = is_void(*element);
        visitor_.enter(*element, attributes, is_empty ? Content::text : content_before(rest_));
        if (is_empty) {
            visitor_.leave(*element);
            return;
        }
        open_.push_back(element);
        begins_pre_ = name == "pre"; // a parser leaves out its first line end
    }

    /// Up to and with the quotation mark behind it. Valid until values_ is cleared.
    std::string_view take_value()
    {
        const std::string_view written = rest_.substr(0, rest_.find('"'));
        rest_.remove_prefix(written.size() + 1);
        return needs_no_reading(written) ? written : values_.emplace_back(read_value(written));
    }

    void link_mark()
    {
        constexpr std::string_view kTarget = " href=\"";
        values_.clear();
        if (rest_.starts_with(kTarget)) {
            rest_.remove_prefix(kTarget.size());
            visitor_.start_link(take_value());
        } else {
            visitor_.end_link();
        }
        rest_.remove_prefix(1);
    }

    std::string_view rest_;
    Visitor& visitor_;
    std::vector<const Element*> open_;
    bool begins_pre_ = false;
    std::deque<std::string> values_; ///< of the attributes of the element being entered
};

} // namespace

std::optional<std::string_view> Attributes::find(std::string_view name) const
{
    const auto found =
        std::ranges::find_if(items_, [&](const Item& item) { return item.attribute->name == name; });
    return found == items_.end() ? std::nullopt : std::optional(found->value);
}

bool walk(std::string_view input, std::uint64_t max_input, Visitor& visitor)
{
    bool cut = false;
    const std::string source = nested_source(input, max_input, cut);
    const Tree tree(source);
    if (tree.root() != nullptr) {
        show(*tree.root(), visitor);
    }
    return cut;
}

bool walk_quickly(std::string_view input, std::uint64_t max_input, Visitor& visitor)
{
    bool cut = false;
    const std::string source = nested_source(input, max_input, cut);
    SourceReader(source, visitor).run();
    return cut;
}

} // namespace qm::html
