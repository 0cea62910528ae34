#include "mail/leaves.h"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "mail/parameters.h"

namespace qm::mail {
namespace {

constexpr std::size_t kMaxType = 100;
constexpr std::array<std::string_view, 8> kOtherMedia = {"application", "image", "audio",     "video",
                                                         "font",        "model", "multipart", "message"};

std::string_view text_or_empty(const char* text)
{
    return text == nullptr ? std::string_view() : std::string_view(text);
}

std::string type_by_gmime(GMimeObject* object)
{
    GMimeContentType* const type = g_mime_object_get_content_type(object);
    const auto media = text_or_empty(type == nullptr ? nullptr : g_mime_content_type_get_media_type(type));
    const auto subtype =
        text_or_empty(type == nullptr ? nullptr : g_mime_content_type_get_media_subtype(type));
    return media.empty() || subtype.empty()
               ? "text/plain"
               : text::to_lower(text::one_line(std::string(media) + '/' + std::string(subtype), kMaxType));
}

/// A type that cannot be read is plain text (RFC 2045, section 5.2) unless it begins like another one.
std::string type_of(GMimeObject* object)
{
    const auto fields = fields_of(object, "Content-Type");
    if (fields.empty() || !GMIME_IS_PART(object)) {
        return type_by_gmime(object); // of a multipart/digest it knows more
    }
    std::string type = media_type(fields.back());
    if (type.empty()) {
        const std::string media = first_word(fields.back());
        const bool is_other = std::ranges::find(kOtherMedia, std::string_view(media)) != kOtherMedia.end();
        return is_other ? "application/octet-stream" : "text/plain";
    }
    return text::one_line(type, kMaxType);
}

std::string first_parameter(const std::vector<std::string>& fields, std::string_view name)
{
    for (const std::string& field : fields) {
        if (std::string value = parameter(field, name); !value.empty()) {
            return value;
        }
    }
    return {};
}

/// The values of a parameter in all fields, the first field's first.
std::vector<std::string> all_values(const std::vector<std::string>& fields, std::string_view name)
{
    std::vector<std::string> all;
    for (const std::string& field : fields) {
        std::ranges::move(parameter_values(field, name), std::back_inserter(all));
    }
    return all;
}

bool differ(const std::vector<std::string>& values)
{
    return std::ranges::any_of(
        values, [&](const std::string& value) { return !text::equals_ignoring_case(value, values.front()); });
}

template <typename Read>
bool differ(const std::vector<std::string>& fields, Read read)
{
    std::vector<std::string> values;
    std::ranges::transform(fields, std::back_inserter(values), read);
    return differ(values);
}

/// Programs differ in which of several fields or parameters they believe.
bool contradicts_itself(GMimeObject* object)
{
    const auto types = fields_of(object, "Content-Type");
    const auto boundaries = all_values(types, "boundary");
    return differ(types, media_type) || differ(all_values(types, "charset")) ||
           std::ranges::adjacent_find(boundaries, std::ranges::not_equal_to()) != boundaries.end() ||
           differ(fields_of(object, "Content-Transfer-Encoding"), first_word) ||
           differ(fields_of(object, "Content-Disposition"), first_word);
}

Leaf new_leaf(GMimeObject* object)
{
    Leaf leaf;
    leaf.object = object;
    leaf.type = type_of(object);
    const auto dispositions = fields_of(object, "Content-Disposition");
    leaf.is_attachment = !dispositions.empty() && first_word(dispositions.front()) == "attachment";
    leaf.other_names = all_values(dispositions, "filename");
    std::ranges::move(all_values(fields_of(object, "Content-Type"), "name"),
                      std::back_inserter(leaf.other_names));
    if (!leaf.other_names.empty()) {
        leaf.name = std::move(leaf.other_names.front());
        leaf.other_names.erase(leaf.other_names.begin());
    }
    return leaf;
}

bool is_multipart(GMimeObject* object, const char* subtype)
{
    return g_mime_content_type_is_type(g_mime_object_get_content_type(object), "multipart", subtype) != FALSE;
}

/// RFC 2387: the part that "start" names, else the first.
std::size_t root_of_related(GMimeMultipart* related, std::size_t count)
{
    const std::string start = first_parameter(fields_of(GMIME_OBJECT(related), "Content-Type"), "start");
    const auto bare = [](std::string_view id) {
        id = text::trim(id);
        return id.starts_with('<') && id.ends_with('>') ? id.substr(1, id.size() - 2) : id;
    };
    for (std::size_t i = 0; !start.empty() && i < count; ++i) {
        GMimeObject* const part = g_mime_multipart_get_part(related, static_cast<int>(i));
        if (bare(text_or_empty(g_mime_object_get_content_id(part))) == bare(start)) {
            return i;
        }
    }
    return 0;
}

class Walk {
  public:
    explicit Walk(const LeafLimits& limits) : limits_(limits) {}

    Leaves from(GMimeObject* root)
    {
        waiting_.push_back({.object = root});
        while (!waiting_.empty()) {
            const Place place = waiting_.back();
            waiting_.pop_back();
            visit(place);
        }
        return std::move(found_);
    }

  private:
    struct Place {
        GMimeObject* object = nullptr;
        std::size_t depth = 0;
        std::size_t level = 0;
        bool is_beside = false;
        std::size_t branch = kNoBranch;
    };

    void visit(const Place& place)
    {
        found_.contradict = found_.contradict || contradicts_itself(place.object);
        if (place.depth > limits_.max_depth) {
            found_.cut = true;
        } else if (GMIME_IS_MULTIPART(place.object)) {
            add_children(GMIME_MULTIPART(place.object), place);
        } else {
            add_leaf(place);
        }
    }

    void add_leaf(const Place& place)
    {
        Leaf leaf = new_leaf(place.object);
        if (leaf.type.starts_with("multipart/")) { // GMime has its own limit of depth
            found_.cut = true;
            return;
        }
        leaf.level = place.level;
        leaf.is_beside = place.is_beside;
        leaf.branch = place.branch;
        if (leaf.is_message()) {
            GMimeMessage* const message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(place.object));
            GMimeObject* const root = message == nullptr ? nullptr : g_mime_message_get_mime_part(message);
            if (root != nullptr) {
                waiting_.push_back({root, place.depth + 1, place.level + 1, place.is_beside, place.branch});
            }
        }
        found_.all.push_back(std::move(leaf));
    }

    void add_children(GMimeMultipart* multipart, const Place& place)
    {
        const std::size_t known = found_.all.size() + waiting_.size();
        const std::size_t room = known < limits_.max_parts ? limits_.max_parts - known : 0;
        const auto all = static_cast<std::size_t>(std::max(0, g_mime_multipart_get_count(multipart)));
        const std::size_t count = std::min(all, room);
        found_.cut = found_.cut || all > room;
        if (all == 0 && found_.undivided == nullptr) {
            found_.undivided = multipart;
        }
        if (is_multipart(place.object, "alternative")) {
            add_alternatives(multipart, count, place);
        } else if (is_multipart(place.object, "related")) {
            add_related(multipart, count, place);
        } else {
            for (std::size_t i = count; i > 0; --i) {
                add_child(multipart, i - 1, place, place.branch, false);
            }
        }
    }

    void add_alternatives(GMimeMultipart* multipart, std::size_t count, const Place& place)
    {
        for (std::size_t i = count; i > 0; --i) {
            add_child(multipart, i - 1, place, new_branch(place, i - 1, true), false);
        }
        ++found_.choices;
    }

    void add_related(GMimeMultipart* multipart, std::size_t count, const Place& place)
    {
        const std::size_t root = root_of_related(multipart, count);
        const std::size_t of_root = new_branch(place, 0, false);
        const std::size_t beside = new_branch(place, 1, false);
        for (std::size_t i = count; i > 0; --i) {
            const bool is_root = i - 1 == root;
            add_child(multipart, i - 1, place, is_root ? of_root : beside, !is_root);
        }
        ++found_.choices;
    }

    std::size_t new_branch(const Place& place, std::size_t number, bool is_alternative)
    {
        found_.branches.push_back({found_.choices, place.branch, number, is_alternative});
        return found_.branches.size() - 1;
    }

    void add_child(GMimeMultipart* multipart, std::size_t number, const Place& place, std::size_t branch,
                   bool is_beside)
    {
        GMimeObject* const child = g_mime_multipart_get_part(multipart, static_cast<int>(number));
        waiting_.push_back({child, place.depth + 1, place.level, place.is_beside || is_beside, branch});
    }

    const LeafLimits& limits_;
    std::vector<Place> waiting_; ///< the next one last
    Leaves found_;
};

} // namespace

Leaves leaves_of(GMimeObject* root, const LeafLimits& limits)
{
    return Walk(limits).from(root);
}

std::vector<std::string> fields_of(GMimeObject* object, const char* name)
{
    std::vector<std::string> values;
    GMimeHeaderList* const headers = g_mime_object_get_header_list(object);
    const int count = g_mime_header_list_get_count(headers);
    for (int i = 0; i < count; ++i) {
        GMimeHeader* const header = g_mime_header_list_get_header_at(headers, i);
        if (text::equals_ignoring_case(text_or_empty(g_mime_header_get_name(header)), name)) {
            values.emplace_back(text::trim(text_or_empty(g_mime_header_get_raw_value(header))));
        }
    }
    return values;
}

} // namespace qm::mail
