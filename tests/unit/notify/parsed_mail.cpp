#include "parsed_mail.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>

#include <gmime/gmime.h>

#include "base/c_ptr.h"
#include "base/sha256.h"
#include "base/text.h"
#include "support/temp_dir.h"

namespace qm::test {
namespace {

template <typename T>
using Object = CPtr<T, g_object_unref>;

std::string text_of(const char* text)
{
    return text == nullptr ? "" : text;
}

/// GMime leaves the folds inside a quoted name where they are.
std::string unfolded(std::string text)
{
    for (auto at = text.find("\r\n"); at != std::string::npos; at = text.find("\r\n", at)) {
        text.replace(at, 3, " ");
    }
    return text;
}

std::string without_cr(std::string text)
{
    for (auto at = text.find("\r\n"); at != std::string::npos; at = text.find("\r\n", at)) {
        text.erase(at, 1);
    }
    return text;
}

ParsedPart read_part(GMimeObject* object)
{
    ParsedPart part;
    auto* type = g_mime_object_get_content_type(object);
    part.type = text_of(g_mime_content_type_get_media_type(type)) + "/" +
                text_of(g_mime_content_type_get_media_subtype(type));
    part.charset = text_of(g_mime_content_type_get_parameter(type, "charset"));
    part.content_id = text_of(g_mime_object_get_content_id(object));
    part.disposition = text_of(g_mime_object_get_disposition(object));
    part.multipart = GMIME_IS_MULTIPART(object);
    if (part.multipart) {
        return part;
    }
    auto* leaf = static_cast<GMimePart*>(static_cast<void*>(object));
    part.filename = text_of(g_mime_part_get_filename(leaf));
    part.encoding = text_of(g_mime_content_encoding_to_string(g_mime_part_get_content_encoding(leaf)));
    auto* content = g_mime_part_get_content(leaf);
    const Object<GMimeStream> stream(g_mime_stream_mem_new());
    g_mime_data_wrapper_write_to_stream(content, stream.get());
    const auto* bytes =
        g_mime_stream_mem_get_byte_array(static_cast<GMimeStreamMem*>(static_cast<void*>(stream.get())));
    part.content.assign(static_cast<const char*>(static_cast<const void*>(bytes->data)), bytes->len);
    if (part.type.starts_with("text/")) {
        part.content = without_cr(part.content);
    }
    return part;
}

/// The part and what is in it.
void read_parts(GMimeObject* object, std::size_t depth, std::vector<ParsedPart>& parts)
{
    parts.push_back(read_part(object));
    parts.back().depth = depth;
    if (!parts.back().multipart) {
        return;
    }
    auto* multipart = static_cast<GMimeMultipart*>(static_cast<void*>(object));
    for (int i = 0; i < g_mime_multipart_get_count(multipart); ++i) {
        read_parts(g_mime_multipart_get_part(multipart, i), depth + 1, parts);
    }
}

/// As it is written: GMime would show xn--... in its own script.
std::string address_of(InternetAddress* address)
{
    return text_of(internet_address_mailbox_get_idn_addr(
        static_cast<InternetAddressMailbox*>(static_cast<void*>(address))));
}

void read_addresses(InternetAddressList* from, InternetAddressList* to, ParsedMail& mail)
{
    if (internet_address_list_length(from) != 1 || internet_address_list_length(to) != 1) {
        throw std::runtime_error("not one From and one To");
    }
    auto* sender = internet_address_list_get_address(from, 0);
    mail.from_name = unfolded(text_of(internet_address_get_name(sender)));
    mail.from_address = address_of(sender);
    auto* recipient = internet_address_list_get_address(to, 0);
    if (INTERNET_ADDRESS_IS_GROUP(recipient)) {
        mail.to_group = unfolded(text_of(internet_address_get_name(recipient)));
    } else {
        mail.to = address_of(recipient);
    }
}

} // namespace

ParsedPart ParsedMail::part(std::string_view type) const
{
    for (const auto& one : parts) {
        if (one.type == type) {
            return one;
        }
    }
    return {};
}

ParsedMail parse_mail(const std::string& bytes)
{
    g_mime_init();
    const Object<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(bytes.data(), bytes.size()));
    const Object<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
    const Object<GMimeMessage> message(g_mime_parser_construct_message(parser.get(), nullptr));
    if (message == nullptr) {
        throw std::runtime_error("not a mail");
    }
    ParsedMail mail;
    read_addresses(g_mime_message_get_from(message.get()), g_mime_message_get_to(message.get()), mail);
    mail.subject = text_of(g_mime_message_get_subject(message.get()));
    mail.message_id = text_of(g_mime_message_get_message_id(message.get()));
    if (GDateTime* const date = g_mime_message_get_date(message.get())) {
        mail.date = g_date_time_to_unix(date);
    }
    read_parts(g_mime_message_get_mime_part(message.get()), 0, mail.parts);
    return mail;
}

std::string facts(const ParsedMail& mail)
{
    std::string text = "from " + mail.from_name + " <" + mail.from_address + ">\n";
    text += mail.to_group.empty() ? "to " + mail.to : "to group " + mail.to_group;
    text += "\nsubject " + mail.subject + "\nid <" + mail.message_id + ">\n";
    for (const auto& part : mail.parts) {
        text += "part " + part.type;
        if (!part.multipart) {
            Sha256 sum;
            sum.update(part.content);
            text += part.charset.empty() ? "" : " " + part.charset;
            text += part.content_id.empty() ? "" : " " + part.content_id + " " + part.disposition;
            text += " " + sum.finish();
        }
        text += "\n";
    }
    return text;
}

std::string facts_by_python(const std::string& bytes)
{
    const TempDir folder;
    std::ofstream(folder / "mail.eml", std::ios::binary) << bytes;
    const std::string command = "PYTHONIOENCODING=utf-8 python3 '" QM_SOURCE_DIR
                                "/tests/unit/notify/read_mail.py' '" +
                                (folder / "mail.eml") + "'";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::string output;
    std::array<char, 4096> buffer{};
    for (std::size_t count = 1; count > 0;) {
        count = std::fread(buffer.data(), 1, buffer.size(), pipe.get());
        output.append(buffer.data(), count);
    }
    return output;
}

std::string raw_header(const std::string& bytes, std::string_view name)
{
    const auto block = "\r\n" + bytes.substr(0, bytes.find("\r\n\r\n") + 2);
    const auto begin = block.find("\r\n" + std::string(name) + ": ");
    if (begin == std::string::npos) {
        return "";
    }
    std::string value;
    for (auto i = begin + name.size() + 4; i < block.size(); ++i) {
        if (block[i] == '\r') {
            if (i + 2 >= block.size() || (block[i + 2] != ' ' && block[i + 2] != '\t')) {
                break;
            }
            ++i;
            continue;
        }
        value.push_back(block[i]);
    }
    return value;
}

std::string wire_problem(const std::string& bytes, std::size_t header_width)
{
    if (!text::is_ascii(bytes) || bytes.find('\0') != std::string::npos) {
        return "not 7-bit";
    }
    bool in_header = true;
    std::size_t begin = 0;
    while (begin < bytes.size()) {
        const auto end = bytes.find("\r\n", begin);
        if (end == std::string::npos) {
            return "no CRLF at the end";
        }
        const auto line = bytes.substr(begin, end - begin);
        if (line.find_first_of("\r\n") != std::string::npos) {
            return "bare CR or LF in: " + line.substr(0, 200);
        }
        if (line.size() > (in_header ? header_width : 998)) {
            return "long line: " + line.substr(0, 200);
        }
        in_header = in_header && !line.empty();
        begin = end + 2;
    }
    return "";
}

} // namespace qm::test
