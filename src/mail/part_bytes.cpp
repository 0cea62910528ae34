#include "mail/part_bytes.h"

#include <algorithm>
#include <array>

#include "base/c_ptr.h"
#include "base/text.h"
#include "mail/body_text.h"
#include "mail/leaves.h"
#include "mail/parameters.h"

namespace qm::mail {
namespace {

constexpr int kMaxPaddings = 20; ///< in a text, behind which it may go on

template <typename T>
using Object = CPtr<T, g_object_unref>;

/// What GMime has read, or what it did not understand: "base64;", comments in front, a second field.
GMimeContentEncoding encoding_of(GMimePart* part)
{
    const GMimeContentEncoding read = g_mime_part_get_content_encoding(part);
    const auto is_encoding = [](GMimeContentEncoding encoding) {
        return encoding == GMIME_CONTENT_ENCODING_BASE64 ||
               encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE ||
               encoding == GMIME_CONTENT_ENCODING_UUENCODE;
    };
    if (!is_encoding(read)) {
        for (const std::string& field : fields_of(GMIME_OBJECT(part), "Content-Transfer-Encoding")) {
            const GMimeContentEncoding encoding =
                g_mime_content_encoding_from_string(first_word(field).c_str());
            if (is_encoding(encoding)) {
                return encoding;
            }
        }
    }
    return read;
}

/// True when the first line with anything in it is hardly base64: a text that says it were.
bool is_hardly_base64(std::string_view written)
{
    const std::string_view begin = text::trim(written.substr(0, 1024));
    const std::string_view line = text::trim(begin.substr(0, begin.find('\n')));
    return line.starts_with('<') || line.find(' ') != std::string_view::npos;
}

/// Decodes a part piece by piece, as long as `take` wants more.
template <typename Take>
void decode_part(GMimePart* part, GMimeContentEncoding encoding, Take take)
{
    GMimeDataWrapper* const content = g_mime_part_get_content(part);
    if (content == nullptr) {
        return;
    }
    GMimeStream* const source = g_mime_data_wrapper_get_stream(content);
    g_mime_stream_reset(source);
    const Object<GMimeStream> filtered(g_mime_stream_filter_new(source));
    const Object<GMimeFilter> filter(g_mime_filter_basic_new(encoding, FALSE));
    if (filter) {
        g_mime_stream_filter_add(GMIME_STREAM_FILTER(filtered.get()), filter.get());
    }
    std::array<char, 8192> buffer{};
    for (bool more = true; more;) {
        const auto count = g_mime_stream_read(filtered.get(), buffer.data(), buffer.size());
        more = count > 0 && take(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
    }
}

/// The decoded bytes of a part, at most `limit` of them.
std::string decoded_bytes(GMimePart* part, GMimeContentEncoding encoding, std::uint64_t limit)
{
    std::string bytes;
    decode_part(part, encoding, [&](std::string_view piece) {
        bytes.append(piece);
        return bytes.size() < limit;
    });
    bytes.resize(std::min<std::size_t>(bytes.size(), limit));
    return bytes;
}

std::string from_base64(std::string_view encoded)
{
    std::string bytes(encoded.size(), '\0');
    int state = 0;
    guint32 saved = 0;
    const std::size_t count = g_mime_encoding_base64_decode_step(
        reinterpret_cast<const unsigned char*>(encoded.data()), encoded.size(),
        reinterpret_cast<unsigned char*>(bytes.data()), &state, &saved);
    bytes.resize(count);
    return bytes;
}

/// GMime ends at the first padding.
void append_behind_paddings(std::string_view encoded, std::string_view charset, std::string& bytes)
{
    auto padding = encoded.find('=');
    for (int i = 0; i < kMaxPaddings && padding != std::string_view::npos; ++i) {
        const auto begin = encoded.find_first_not_of("= \t\r\n", padding);
        if (begin == std::string_view::npos) {
            return;
        }
        padding = encoded.find('=', begin);
        const auto end = encoded.find_first_not_of('=', padding);
        const std::string more =
            from_base64(encoded.substr(begin, end == std::string_view::npos ? end : end - begin));
        if (is_plausible_text(more, charset)) {
            bytes += more;
        }
    }
}

} // namespace

TextBytes text_bytes(GMimePart* part, std::string_view charset, std::uint64_t limit)
{
    TextBytes text{decoded_bytes(part, encoding_of(part), limit)};
    if (encoding_of(part) != GMIME_CONTENT_ENCODING_BASE64) {
        return text;
    }
    const std::string written = decoded_bytes(part, GMIME_CONTENT_ENCODING_DEFAULT, 2 * limit);
    append_behind_paddings(written, charset, text.bytes);
    text.bytes.resize(std::min<std::size_t>(text.bytes.size(), limit));
    if (is_hardly_base64(written) && (text.bytes.empty() || !is_plausible_text(text.bytes, charset))) {
        text = {written.substr(0, limit), true};
    }
    return text;
}

std::uint64_t decoded_size(GMimeObject* object)
{
    std::uint64_t size = 0;
    if (GMIME_IS_PART(object)) {
        decode_part(GMIME_PART(object), encoding_of(GMIME_PART(object)), [&](std::string_view piece) {
            size += piece.size();
            return true;
        });
    } else if (GMIME_IS_MESSAGE_PART(object)) {
        GMimeMessage* const message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
        const Object<GMimeStream> sink(g_mime_stream_null_new());
        if (message != nullptr) {
            g_mime_object_write_to_stream(GMIME_OBJECT(message), nullptr, sink.get());
        }
        size = GMIME_STREAM_NULL(sink.get())->written;
    }
    return size;
}

} // namespace qm::mail
