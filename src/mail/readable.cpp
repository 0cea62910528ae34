#include "mail/readable.h"

#include <gmime/gmime.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "base/c_ptr.h"
#include "base/text.h"
#include "mail/attachment_name.h"
#include "mail/body_text.h"
#include "mail/charset.h"
#include "mail/decode.h"
#include "mail/headers.h"
#include "mail/leaves.h"
#include "mail/parameters.h"
#include "mail/parser_input.h"
#include "mail/part_bytes.h"
#include "mail/text_parts.h"

namespace qm::mail {
namespace {

constexpr std::size_t kMaxHeaderBytes = 1U << 20U; ///< of the message, for its subject and sender
constexpr std::size_t kMaxMessage = 1U << 30U;     ///< bytes; GMime counts memory in 32 bits
constexpr std::uint64_t kMaxLooks = 8;             ///< times the text shown, of HTML that may be blank
constexpr std::size_t kMaxNames = 4;               ///< of one attachment
constexpr std::size_t kMaxNameBytes = 255;         ///< of all of them
constexpr std::string_view kAlsoNamed = ", also named ";

constexpr const char* kTooMuch = "This message is larger or more complicated than can be shown.";
constexpr const char* kLeftOut =
    "This message is larger or more complicated than can be shown; something was left out.";
constexpr const char* kUndivided =
    "The parts of this message cannot be told apart; it is shown as it was written.";

template <typename T>
using Object = CPtr<T, g_object_unref>;

/// GMime's own set-up is not safe to run twice at once.
void start_gmime()
{
    static std::once_flag once;
    std::call_once(once, g_mime_init);
}

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
    Peculiar{"message/partial", "This message is one piece of a larger one and cannot be read alone."},
    Peculiar{"message/external-body", "The text of this message is not in it but somewhere else."},
};

/// The name without what some programs write around it.
std::string charset_of(GMimeObject* object)
{
    std::string charset;
    for (const std::string& field : fields_of(object, "Content-Type")) {
        charset = parameter(field, "charset"); // the last field, as with the type
    }
    std::erase(charset, '\'');
    return text::to_lower(text::one_line(decode(charset.substr(0, charset.find('('))), 40));
}

/// A text as far as it may be read.
struct ReadText {
    Text text;
    std::size_t bytes = 0; ///< that were read
    bool cut = false;
    bool is_ambiguous = false; ///< programs differ in how they decode it
};

/// Cut between characters, and without what the cut has left of one.
ReadText read_bytes(std::string_view bytes, bool is_html, std::string charset, std::uint64_t limit)
{
    ReadText read;
    read.cut = bytes.size() > limit;
    const std::string_view kept = text::cut_utf8(bytes, limit);
    read.bytes = kept.size();
    read.text = {body_text(kept, charset, is_html), is_html, std::move(charset)};
    constexpr std::string_view kUnreadable = "\uFFFD";
    std::string& text = read.text.text;
    for (int i = 0; i < 3 && read.cut && text.ends_with(kUnreadable); ++i) {
        text.resize(text.size() - kUnreadable.size());
    }
    return read;
}

ReadText read_part(const Leaf& leaf, std::uint64_t limit)
{
    std::string charset = charset_of(leaf.object);
    const TextBytes text = text_bytes(GMIME_PART(leaf.object), charset, limit + 1);
    const bool is_read_in_two_ways =
        is_utf7(find_charset(charset)) && text.bytes.find('+') != std::string::npos;
    ReadText read = read_bytes(text.bytes, is_html(leaf), std::move(charset), limit);
    read.is_ambiguous = text.is_undecoded || is_read_in_two_ways;
    return read;
}

/// Tells whether a text shows nothing. Of HTML beyond all measure, which costs the most, it is not asked.
class BlankTexts {
  public:
    BlankTexts(const ReadLimits& limits, IsBlankHtml is_blank_html)
        : limits_(limits), is_blank_html_(is_blank_html)
    {
    }

    bool is_blank(const Text& text)
    {
        if (is_blank_text(text.text)) {
            return true;
        }
        if (!text.is_html || is_blank_html_ == nullptr) {
            return false;
        }
        html_bytes_ += text.text.size();
        return html_bytes_ <= kMaxLooks * limits_.max_text && is_blank_html_(text.text);
    }

  private:
    const ReadLimits& limits_;
    IsBlankHtml is_blank_html_;
    std::uint64_t html_bytes_ = 0; ///< looked at so far
};

/// What becomes of each leaf. No byte of the message is decoded twice for it, however many are blank.
std::vector<Use> choose_texts(const Leaves& leaves, const ReadLimits& limits, IsBlankHtml is_blank_html,
                              Readable& result)
{
    BlankTexts texts(limits, is_blank_html);
    TextParts parts = text_parts(leaves, [&](const Leaf& leaf) {
        const ReadText read = read_part(leaf, limits.max_text);
        const bool is_blank = texts.is_blank(read.text);
        result.cut = result.cut || (is_blank && read.cut); // what is behind that may be seen
        return is_blank;
    });
    result.contradicts_itself = leaves.contradict || parts.contradict;
    return std::move(parts.uses);
}

/// False when there are more than may be shown; those of which nothing is shown are not Use::shown any more.
bool read_texts(const std::vector<Leaf>& leaves, const ReadLimits& limits, std::vector<Use>& uses,
                Readable& result)
{
    std::uint64_t left = limits.max_text;
    bool reads_all = true;
    for (std::size_t i = 0; i < leaves.size(); ++i) {
        if (uses[i] != Use::shown) {
            continue;
        }
        if (result.texts.size() >= limits.max_texts || left == 0) {
            uses[i] = Use::not_shown;
            reads_all = false;
            continue;
        }
        ReadText read = read_part(leaves[i], left);
        left -= read.cut ? left : read.bytes;
        result.cut = result.cut || read.cut;
        result.contradicts_itself = result.contradicts_itself || read.is_ambiguous;
        result.texts.push_back(std::move(read.text));
    }
    return reads_all;
}

/// What stands in a multipart/* whose boundary is missing or is not the one that it says.
void read_undivided(GMimeMultipart* multipart, const ReadLimits& limits, Readable& result)
{
    const char* const all = multipart == nullptr ? nullptr : g_mime_multipart_get_prologue(multipart);
    const std::string_view bytes(all == nullptr ? "" : all);
    ReadText read = read_bytes(bytes.substr(0, limits.max_text + 1), false, "", limits.max_text);
    if (!is_blank_text(read.text.text)) {
        result.texts.push_back(std::move(read.text));
        result.cut = read.cut;
        result.problem = kUndivided;
    }
}

/// The names of an attachment as they may be shown, each once. More than kMaxNames are not listed.
std::vector<std::string> shown_names(const Leaf& leaf)
{
    const bool is_mail = leaf.is_message() || leaf.type == "message/rfc822";
    std::vector<std::string> names{leaf.name.empty() && is_mail ? "message.eml" : attachment_name(leaf.name)};
    for (const std::string& raw : leaf.other_names) {
        std::string name = attachment_name(raw);
        if (names.size() <= kMaxNames && std::ranges::find(names, name) == names.end()) {
            names.push_back(std::move(name));
        }
    }
    return names;
}

/// All of them in one, none longer than may be shown.
std::string joined(const std::vector<std::string>& names)
{
    const std::size_t count = std::min(names.size(), kMaxNames);
    const std::size_t limit = (kMaxNameBytes - (count - 1) * kAlsoNamed.size()) / count;
    std::string all = shortened_name(names.front(), limit);
    for (std::size_t i = 1; i < count; ++i) {
        all.append(kAlsoNamed).append(shortened_name(names[i], limit));
    }
    return all;
}

/// True when there are more than may be listed.
bool list_attachments(const std::vector<Leaf>& leaves, const std::vector<Use>& uses, const ReadLimits& limits,
                      Readable& result)
{
    for (std::size_t i = 0; i < leaves.size(); ++i) {
        const Leaf& leaf = leaves[i];
        const bool is_text = leaf.type.starts_with("text/") || is_html(leaf);
        const bool is_seen_as_text =
            is_text && leaf.name.empty() && !leaf.is_attachment && uses[i] != Use::not_shown;
        if (leaf.level > 0 || is_seen_as_text) { // those of attached messages are inside these
            continue;
        }
        if (result.attachments.size() >= limits.max_attachments) {
            return true;
        }
        const std::vector<std::string> names = shown_names(leaf);
        result.contradicts_itself = result.contradicts_itself || names.size() > kMaxNames;
        result.attachments.push_back({joined(names), leaf.type, decoded_size(leaf.object)});
    }
    return false;
}

std::string why_no_text(const std::vector<Leaf>& leaves, const Readable& result)
{
    for (const Leaf& leaf : leaves) {
        const auto* const row = std::ranges::find(kPeculiar, std::string_view(leaf.type), &Peculiar::type);
        if (row != kPeculiar.end()) {
            return std::string(row->sentence);
        }
        if (text::equals_ignoring_case(attachment_name(leaf.name), "winmail.dat")) {
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

Readable read_message(std::string_view message, const ReadLimits& limits, IsBlankHtml is_blank_html)
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
    const LeafLimits leaf_limits{limits.max_parts, limits.max_depth};
    const Leaves leaves = leaves_of(root, leaf_limits);
    std::vector<Use> uses = choose_texts(leaves, limits, is_blank_html, result);
    const bool reads_all_texts = read_texts(leaves.all, limits, uses, result);
    const bool reads_all = !left_out && !leaves.cut;
    if (reads_all && result.texts.empty()) {
        read_undivided(leaves.undivided, limits, result);
    }
    const bool lists_all = !list_attachments(leaves.all, uses, limits, result);
    if (result.texts.empty()) {
        result.problem = reads_all && !result.cut ? why_no_text(leaves.all, result) : kTooMuch;
    } else if (!reads_all || !reads_all_texts || !lists_all) {
        result.problem = kLeftOut;
    }
    return result;
}

} // namespace qm::mail
