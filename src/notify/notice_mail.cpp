#include "notify/notice_mail.h"

#include <algorithm>

#include <fmt/format.h>
#include <gmime/gmime.h>

#include "base/c_ptr.h"
#include "base/clock.h"
#include "base/text.h"
#include "notify/sender_line.h"

namespace qm::notify {
namespace {

template <typename T>
using Object = CPtr<T, g_object_unref>;
using FormatOptions = CPtr<GMimeFormatOptions, g_mime_format_options_free>;

GMimeObject* base_of(void* object)
{
    return static_cast<GMimeObject*>(object); // GObject inherits by first member; its macros cast the C way
}

/// `line_end` for every CRLF, LF and CR.
std::string with_line_ends(std::string_view text, std::string_view line_end)
{
    std::string result;
    result.reserve(text.size() + text.size() / 32);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') {
            continue;
        }
        if (text[i] == '\n' || text[i] == '\r') {
            result.append(line_end);
        } else {
            result.push_back(text[i]);
        }
    }
    return result;
}

Object<GMimePart> new_part(const char* type, const char* subtype, std::string_view bytes,
                           GMimeContentEncoding encoding)
{
    Object<GMimePart> part(g_mime_part_new_with_type(type, subtype));
    const Object<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(bytes.data(), bytes.size()));
    const Object<GMimeDataWrapper> content(
        g_mime_data_wrapper_new_with_stream(stream.get(), GMIME_CONTENT_ENCODING_DEFAULT));
    g_mime_part_set_content(part.get(), content.get());
    g_mime_part_set_content_encoding(part.get(), encoding);
    return part;
}

/// Quoted-printable while it can be read as it is, base64 for text that is mostly not ASCII.
Object<GMimePart> new_text_part(const char* subtype, std::string_view text)
{
    const auto others = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
    const bool foreign = static_cast<std::size_t>(others) > text.size() / 4;
    auto part =
        foreign
            ? new_part("text", subtype, with_line_ends(text, "\r\n"), GMIME_CONTENT_ENCODING_BASE64)
            : new_part("text", subtype, with_line_ends(text, "\n"), GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
    g_mime_object_set_content_type_parameter(base_of(part.get()), "charset", "utf-8");
    return part;
}

Object<GMimePart> new_image_part(const NoticeImage& image)
{
    const auto subtype = image.type.substr(image.type.find('/') + 1);
    auto part = new_part("image", subtype.c_str(), image.bytes, GMIME_CONTENT_ENCODING_BASE64);
    g_mime_object_set_disposition(base_of(part.get()), "inline");
    g_mime_part_set_filename(part.get(), image.name.c_str());
    g_mime_object_set_content_id(base_of(part.get()), image.name.c_str());
    return part;
}

Object<GMimeMultipart> new_multipart(const char* subtype, const std::string& boundary)
{
    Object<GMimeMultipart> multipart(g_mime_multipart_new_with_subtype(subtype));
    g_mime_multipart_set_boundary(multipart.get(), boundary.c_str());
    return multipart;
}

Object<GMimeMultipart> new_body(const NoticeMail& mail)
{
    // "=_" stands in no quoted-printable and no base64 text, so no content can end a part.
    auto alternative = new_multipart("alternative", "=_" + mail.boundary + "_a");
    const auto text = new_text_part("plain", mail.text);
    g_mime_multipart_add(alternative.get(), base_of(text.get()));
    const auto html = new_text_part("html", mail.html);
    if (mail.images.empty()) {
        g_mime_multipart_add(alternative.get(), base_of(html.get()));
        return alternative;
    }
    const auto related = new_multipart("related", "=_" + mail.boundary + "_r");
    g_mime_object_set_content_type_parameter(base_of(related.get()), "type", "text/html");
    g_mime_multipart_add(related.get(), base_of(html.get()));
    for (const auto* image : mail.images) {
        g_mime_multipart_add(related.get(), base_of(new_image_part(*image).get()));
    }
    g_mime_multipart_add(alternative.get(), base_of(related.get()));
    return alternative;
}

std::string encoded_word(std::string_view text)
{
    constexpr std::string_view kAsItIs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    std::string word = "=?utf-8?Q?";
    for (const char c : text) {
        word += kAsItIs.find(c) == std::string_view::npos
                    ? fmt::format("={:02X}", static_cast<unsigned char>(c))
                    : std::string(1, c);
    }
    return word + "?=";
}

/// GMime writes what looks like an encoded word as it is, and a reader decodes it: into line ends and
/// bidirectional controls, which nobody has taken out. Such a subject is encoded here.
std::string fit_for_subject(const std::string& text)
{
    constexpr std::size_t kMaxBytes = 20; // of an encoded word of at most 75 characters
    if (text.find("=?") == std::string::npos) {
        return text;
    }
    const std::string valid = text::to_valid_utf8(text);
    std::string words;
    for (std::string_view rest = valid; !rest.empty();) {
        const std::string_view piece = text::cut_utf8(rest, kMaxBytes);
        words += (words.empty() ? "" : " ") + encoded_word(piece);
        rest.remove_prefix(piece.size());
    }
    return words;
}

void add_mailbox(InternetAddressList* list, const std::string& name, const std::string& address)
{
    const Object<InternetAddress> mailbox(
        internet_address_mailbox_new(name.empty() ? nullptr : name.c_str(), address.c_str()));
    internet_address_list_add(list, mailbox.get());
}

/// An address that cannot stand in a header (not ASCII, or with characters that mean something there) is
/// shown as the name of an empty group: mail programs show it, and nobody can answer to a wrong address.
void add_recipient(InternetAddressList* list, const std::string& recipient)
{
    if (fits_header(recipient)) {
        add_mailbox(list, "", recipient);
        return;
    }
    auto name = fit_for_name(recipient);
    if (name.empty()) {
        name = "undisclosed recipient";
    }
    const Object<InternetAddress> group(internet_address_group_new(name.c_str()));
    internet_address_list_add(list, group.get());
}

void set_header(GMimeMessage* message, const char* name, const std::string& value)
{
    g_mime_object_set_header(base_of(message), name, value.c_str(), nullptr);
}

} // namespace

std::string_view image_type(std::string_view bytes)
{
    using namespace std::string_view_literals;
    if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) {
        return "image/png";
    }
    if (bytes.starts_with("GIF87a"sv) || bytes.starts_with("GIF89a"sv)) {
        return "image/gif";
    }
    if (bytes.starts_with("\xff\xd8\xff"sv)) {
        return "image/jpeg";
    }
    if (bytes.starts_with("RIFF"sv) && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP"sv) {
        return "image/webp";
    }
    return {};
}

void prepare_notice_mails()
{
    static const bool ready = (g_mime_init(), true);
    static_cast<void>(ready);
}

std::string write_notice_mail(const NoticeMail& mail)
{
    const Object<GMimeMessage> message(g_mime_message_new(FALSE));
    add_mailbox(g_mime_message_get_from(message.get()), mail.from_name, mail.from_address);
    add_recipient(g_mime_message_get_to(message.get()), mail.recipient);
    g_mime_message_set_subject(message.get(), fit_for_subject(mail.subject).c_str(), "utf-8");
    set_header(message.get(), "Date", format_mail_date(mail.date));
    set_header(message.get(), "Message-ID", "<" + mail.message_id + ">");
    set_header(message.get(), "Auto-Submitted", "auto-generated");
    set_header(message.get(), "X-Auto-Response-Suppress", "All");
    set_header(message.get(), "MIME-Version", "1.0");
    const auto body = new_body(mail);
    g_mime_message_set_mime_part(message.get(), base_of(body.get()));

    const FormatOptions format(g_mime_format_options_new());
    g_mime_format_options_set_newline_format(format.get(), GMIME_NEWLINE_FORMAT_DOS);
    const Object<GMimeStream> out(g_mime_stream_mem_new());
    g_mime_object_write_to_stream(base_of(message.get()), format.get(), out.get());
    auto* memory = static_cast<GMimeStreamMem*>(static_cast<void*>(out.get()));
    const GByteArray* bytes = g_mime_stream_mem_get_byte_array(memory);
    // GByteArray holds unsigned bytes.
    return {static_cast<const char*>(static_cast<const void*>(bytes->data)), bytes->len};
}

} // namespace qm::notify
