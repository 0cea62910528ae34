#include "preview/frame.h"

namespace qm::preview {
namespace {

constexpr std::size_t kMaxAttachments = 1000;

} // namespace

void FrameWriter::number(std::uint64_t value, std::size_t bytes)
{
    for (std::size_t i = 0; i < bytes; ++i) {
        bytes_.push_back(static_cast<char>(static_cast<unsigned char>(value >> (8 * i))));
    }
}

void FrameWriter::string(std::string_view value)
{
    number(value.size(), 4);
    bytes_ += value;
}

std::uint64_t FrameReader::number(std::size_t bytes)
{
    if (!is_good_ || rest_.size() < bytes) {
        is_good_ = false;
        return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
        value |= std::uint64_t{static_cast<unsigned char>(rest_[i])} << (8 * i);
    }
    rest_.remove_prefix(bytes);
    return value;
}

std::string FrameReader::string()
{
    const std::uint64_t length = number(4);
    if (!is_good_ || rest_.size() < length) {
        is_good_ = false;
        return {};
    }
    std::string value(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return value;
}

std::string written(const Request& request)
{
    FrameWriter writer;
    writer.number(kVersion, 1);
    writer.number(static_cast<std::uint64_t>(request.task), 1);
    writer.number(request.max_text, 8);
    writer.string(request.replacement_image);
    writer.number(request.wants_text ? 1 : 0, 1);
    return writer.take();
}

std::optional<Request> read_request(std::string_view bytes)
{
    FrameReader reader(bytes);
    Request request;
    if (reader.number(1) != kVersion) {
        return std::nullopt;
    }
    request.task = reader.number(1) == static_cast<std::uint64_t>(Task::html) ? Task::html : Task::message;
    request.max_text = reader.number(8);
    request.replacement_image = reader.string();
    const std::uint64_t wants_text = reader.number(1);
    request.wants_text = wants_text == 1;
    return reader.at_end() && wants_text <= 1 ? std::optional(std::move(request)) : std::nullopt;
}

std::string written(const Preview& preview)
{
    FrameWriter writer;
    writer.number(kVersion, 1);
    writer.string(preview.html);
    writer.string(preview.text);
    writer.string(preview.subject);
    writer.string(preview.from);
    writer.string(preview.charset);
    writer.number(preview.attachments.size(), 4);
    for (const mail::Attachment& attachment : preview.attachments) {
        writer.string(attachment.name);
        writer.string(attachment.type);
        writer.number(attachment.size, 8);
    }
    return writer.take();
}

std::optional<Preview> read_preview(std::string_view bytes)
{
    FrameReader reader(bytes);
    if (reader.number(1) != kVersion) {
        return std::nullopt;
    }
    Preview preview;
    preview.html = reader.string();
    preview.text = reader.string();
    preview.subject = reader.string();
    preview.from = reader.string();
    preview.charset = reader.string();
    const std::uint64_t count = reader.number(4);
    if (count > kMaxAttachments) {
        return std::nullopt;
    }
    for (std::uint64_t i = 0; i < count && reader.is_good(); ++i) {
        mail::Attachment attachment;
        attachment.name = reader.string();
        attachment.type = reader.string();
        attachment.size = reader.number(8);
        preview.attachments.push_back(std::move(attachment));
    }
    return reader.at_end() ? std::optional(std::move(preview)) : std::nullopt;
}

} // namespace qm::preview
