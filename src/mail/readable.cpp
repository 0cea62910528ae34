#include "mail/readable.h"

#include <gmime/gmime.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "base/c_ptr.h"
#include "base/text.h"
#include "mail/attachment_name.h"
#include "mail/body_text.h"
#include "mail/decode.h"
#include "mail/headers.h"
#include "mail/parser_input.h"

namespace qm::mail {
namespace {

constexpr std::size_t kMaxHeaderBytes = 1U << 20U; ///< of the message, for its subject and sender
constexpr std::size_t kMaxMessage = 1U << 30U;     ///< bytes; GMime counts memory in 32 bits
constexpr std::size_t kMaxTries = 8; ///< text parts that are decoded to find one that is not blank

template <typename T>
using Object = CPtr<T, g_object_unref>;

/// GMime's own set-up is not safe to run twice at once.
void start_gmime()
{
    static std::once_flag once;
    std::call_once(once, g_mime_init);
}

/// How willingly a text part is shown: the lesser value first, the earlier part among equals.
enum class Rank : std::uint8_t { html, plain, named_html, named_plain, other_text, none };

struct Leaf {
    GMimeObject* object = nullptr;
    std::size_t level = 0; ///< of attached messages around it
};

struct Candidate {
    GMimePart* part = nullptr;
    std::size_t level = 0;
    Rank rank = Rank::none;
};

/// What makes a mail without text worth a sentence of its own.
struct Peculiar {
    std::string_view type;
    std::string_view sentence;
};
constexpr std::array kPeculiar = {
    Peculiar{"application/ms-tnef",
             "This message was written in Outlook's own format (winmail.dat), which cannot be "
             "shown here."},
    Peculiar{"application/vnd.ms-tnef",
             "This message was written in Outlook's own format (winmail.dat), which "
             "cannot be shown here."},
    Peculiar{"application/pgp-encrypted", "This message is encrypted and cannot be shown here."},
    Peculiar{"application/pkcs7-mime",
             "This message is encrypted or signed with S/MIME and cannot be shown here."},
    Peculiar{"application/x-pkcs7-mime",
             "This message is encrypted or signed with S/MIME and cannot be shown here."},
    Peculiar{"text/calendar", "This message is an invitation or another calendar entry; it has no text."},
};

std::string type_of(GMimeObject* object)
{
    GMimeContentType* const type = g_mime_object_get_content_type(object);
    const char* const media = type == nullptr ? nullptr : g_mime_content_type_get_media_type(type);
    const char* const subtype = type == nullptr ? nullptr : g_mime_content_type_get_media_subtype(type);
    if (media == nullptr || subtype == nullptr) {
        return "text/plain";
    }
    return text::to_lower(text::one_line(fmt::format("{}/{}", media, subtype), 100));
}

std::string_view text_or_empty(const char* text)
{
    return text == nullptr ? std::string_view() : std::string_view(text);
}

bool is_attachment(GMimeObject* object)
{
    return text::equals_ignoring_case(text_or_empty(g_mime_object_get_disposition(object)), "attachment");
}

/// The name of a leaf, "" when it has none.
std::string_view raw_name(GMimeObject* object)
{
    if (GMIME_IS_PART(object)) {
        return text_or_empty(g_mime_part_get_filename(GMIME_PART(object)));
    }
    return text_or_empty(g_mime_object_get_content_disposition_parameter(object, "filename"));
}

Rank rank_of(GMimeObject* object, const std::string& type)
{
    if (!GMIME_IS_PART(object) || is_attachment(object)) {
        return Rank::none;
    }
    const bool is_named = !raw_name(object).empty();
    if (type == "text/html" || type == "application/xhtml+xml") {
        return is_named ? Rank::named_html : Rank::html;
    }
    if (type == "text/plain") {
        return is_named ? Rank::named_plain : Rank::plain;
    }
    const bool is_readable = type == "text/enriched" || type == "text/richtext" || type == "text/markdown";
    return is_readable && !is_named ? Rank::other_text : Rank::none;
}

/// The leaves of a message in their order: parts without parts of their own, and attached messages. Without
/// recursion, because a message may be nested as deep as it likes.
class Leaves {
  public:
    Leaves(GMimeObject* root, const ReadLimits& limits) : limits_(limits)
    {
        waiting_.push_back({root, 0, 0});
        while (!waiting_.empty()) {
            const Place place = waiting_.back();
            waiting_.pop_back();
            visit(place);
        }
    }

    const std::vector<Leaf>& all() const { return leaves_; }
    bool cut() const { return cut_; }

  private:
    struct Place {
        GMimeObject* object;
        std::size_t depth;
        std::size_t level;
    };

    void visit(const Place& place)
    {
        if (place.depth > limits_.max_depth) {
            cut_ = true;
        } else if (GMIME_IS_MULTIPART(place.object)) {
            add_children(GMIME_MULTIPART(place.object), place);
        } else {
            leaves_.push_back({place.object, place.level});
            if (GMIME_IS_MESSAGE_PART(place.object)) {
                GMimeMessage* const message =
                    g_mime_message_part_get_message(GMIME_MESSAGE_PART(place.object));
                GMimeObject* const root =
                    message == nullptr ? nullptr : g_mime_message_get_mime_part(message);
                if (root != nullptr) {
                    waiting_.push_back({root, place.depth + 1, place.level + 1});
                }
            }
        }
    }

    void add_children(GMimeMultipart* multipart, const Place& place)
    {
        const std::size_t known = leaves_.size() + waiting_.size();
        const std::size_t room = known < limits_.max_parts ? limits_.max_parts - known : 0;
        const auto count = static_cast<std::size_t>(std::max(0, g_mime_multipart_get_count(multipart)));
        cut_ = cut_ || count > room;
        for (std::size_t i = std::min(count, room); i > 0; --i) {
            GMimeObject* const child = g_mime_multipart_get_part(multipart, static_cast<int>(i - 1));
            waiting_.push_back({child, place.depth + 1, place.level});
        }
    }

    const ReadLimits& limits_;
    std::vector<Place> waiting_;
    std::vector<Leaf> leaves_;
    bool cut_ = false;
};

/// The decoded bytes of a part, at most `limit` of them.
std::string decoded_bytes(GMimePart* part, std::uint64_t limit)
{
    GMimeDataWrapper* const content = g_mime_part_get_content(part);
    if (content == nullptr) {
        return {};
    }
    GMimeStream* const source = g_mime_data_wrapper_get_stream(content);
    g_mime_stream_reset(source);
    const Object<GMimeStream> filtered(g_mime_stream_filter_new(source));
    const Object<GMimeFilter> filter(
        g_mime_filter_basic_new(g_mime_data_wrapper_get_encoding(content), FALSE));
    if (filter) {
        g_mime_stream_filter_add(GMIME_STREAM_FILTER(filtered.get()), filter.get());
    }
    std::string bytes;
    std::array<char, 8192> buffer{};
    while (bytes.size() < limit) {
        const auto count = g_mime_stream_read(filtered.get(), buffer.data(), buffer.size());
        if (count <= 0) {
            break;
        }
        bytes.append(buffer.data(), static_cast<std::size_t>(count));
    }
    bytes.resize(std::min<std::size_t>(bytes.size(), limit));
    return bytes;
}

/// Decodes into nothing and counts.
std::uint64_t decoded_size(GMimeObject* object)
{
    const Object<GMimeStream> sink(g_mime_stream_null_new());
    if (GMIME_IS_PART(object)) {
        GMimeDataWrapper* const content = g_mime_part_get_content(GMIME_PART(object));
        if (content != nullptr) {
            g_mime_data_wrapper_write_to_stream(content, sink.get());
        }
    } else if (GMIME_IS_MESSAGE_PART(object)) {
        GMimeMessage* const message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
        if (message != nullptr) {
            g_mime_object_write_to_stream(GMIME_OBJECT(message), nullptr, sink.get());
        }
    }
    return GMIME_STREAM_NULL(sink.get())->written;
}

std::vector<Candidate> candidates_of(const std::vector<Leaf>& leaves)
{
    std::vector<Candidate> candidates;
    for (const Leaf& leaf : leaves) {
        const Rank rank = rank_of(leaf.object, type_of(leaf.object));
        if (rank != Rank::none) {
            candidates.push_back({GMIME_PART(leaf.object), leaf.level, rank});
        }
    }
    std::ranges::stable_sort(candidates, [](const Candidate& a, const Candidate& b) {
        return std::pair(a.level, a.rank) < std::pair(b.level, b.rank);
    });
    return candidates;
}

void read_part(GMimePart* part, const ReadLimits& limits, Readable& result)
{
    GMimeContentType* const type = g_mime_object_get_content_type(GMIME_OBJECT(part));
    const std::string media = type_of(GMIME_OBJECT(part));
    result.is_html = media == "text/html" || media == "application/xhtml+xml";
    result.charset =
        text::to_lower(text::one_line(text_or_empty(g_mime_content_type_get_parameter(type, "charset")), 40));
    std::string bytes = decoded_bytes(part, limits.max_text + 1);
    result.cut = bytes.size() > limits.max_text;
    bytes.resize(std::min<std::size_t>(bytes.size(), limits.max_text));
    result.text = body_text(bytes, result.charset, result.is_html);
}

/// The first candidate that shows anything.
void read_text(const std::vector<Leaf>& leaves, const ReadLimits& limits, Readable& result)
{
    std::size_t tries = 0;
    for (const Candidate& candidate : candidates_of(leaves)) {
        if (++tries > kMaxTries) {
            break;
        }
        read_part(candidate.part, limits, result);
        if (!is_blank_text(result.text, result.is_html)) {
            return;
        }
    }
    result.text.clear();
    result.cut = false;
    result.is_html = false;
}

void list_attachments(const std::vector<Leaf>& leaves, const ReadLimits& limits, Readable& result)
{
    for (const Leaf& leaf : leaves) {
        if (leaf.level > 0) {
            continue; // belongs to an attached message
        }
        const std::string type = type_of(leaf.object);
        const std::string_view name = raw_name(leaf.object);
        const bool is_text = type.starts_with("text/") || type == "application/xhtml+xml";
        if (is_text && name.empty() && !is_attachment(leaf.object)) {
            continue;
        }
        if (result.attachments.size() >= limits.max_attachments) {
            break;
        }
        const std::string shown =
            name.empty() && GMIME_IS_MESSAGE_PART(leaf.object) ? "message.eml" : attachment_name(name);
        result.attachments.push_back({shown, type, decoded_size(leaf.object)});
    }
}

std::string why_no_text(const std::vector<Leaf>& leaves, const Readable& result)
{
    for (const Leaf& leaf : leaves) {
        const std::string type = type_of(leaf.object);
        const auto* const row = std::ranges::find(kPeculiar, std::string_view(type), &Peculiar::type);
        if (row != kPeculiar.end()) {
            return std::string(row->sentence);
        }
        if (text::equals_ignoring_case(attachment_name(raw_name(leaf.object)), "winmail.dat")) {
            return std::string(kPeculiar.front().sentence);
        }
    }
    return result.attachments.empty() ? "This message has no text."
                                      : "This message has no text, only attachments.";
}

void read_headers(std::string_view message, Readable& result)
{
    Headers headers;
    parse_headers(message.substr(0, kMaxHeaderBytes), headers);
    result.subject = decode_for_people(headers.find("Subject"));
    result.from = decode_for_people(headers.find("From"));
}

/// A message and the bytes that its parts are read from.
class ParsedMessage {
  public:
    explicit ParsedMessage(std::string bytes) : bytes_(std::move(bytes))
    {
        array_.data = reinterpret_cast<guint8*>(bytes_.data());
        array_.len = static_cast<guint>(bytes_.size());
        const Object<GMimeStream> stream(g_mime_stream_mem_new_with_byte_array(&array_));
        g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream.get()), FALSE);
        const Object<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
        message_.reset(g_mime_parser_construct_message(parser.get(), nullptr));
    }
    ParsedMessage(const ParsedMessage&) = delete;
    ParsedMessage& operator=(const ParsedMessage&) = delete;

    /// nullptr when there is nothing to read.
    GMimeObject* root() const { return message_ ? g_mime_message_get_mime_part(message_.get()) : nullptr; }

  private:
    std::string bytes_;
    GByteArray array_{};
    Object<GMimeMessage> message_; ///< reads from array_ as long as it lives
};

} // namespace

Readable read_message(std::string_view message, const ReadLimits& limits)
{
    start_gmime();
    Readable result;
    read_headers(message, result);
    ParserInput input = parser_input(message.substr(0, kMaxMessage));
    const bool left_out = input.cut || message.size() > kMaxMessage;
    const ParsedMessage parsed(std::move(input.bytes));
    GMimeObject* const root = parsed.root();
    if (root == nullptr) {
        result.problem = "This message has no text.";
        return result;
    }
    const Leaves leaves(root, limits);
    read_text(leaves.all(), limits, result);
    list_attachments(leaves.all(), limits, result);
    if (result.text.empty()) {
        result.problem = why_no_text(leaves.all(), result);
    } else if (left_out || leaves.cut()) {
        result.problem =
            "This message is larger or more complicated than can be shown; something was left out.";
    }
    return result;
}

} // namespace qm::mail
