#include "mail/headers.h"

#include <limits>
#include <stdexcept>

#include "base/text.h"

namespace qm::mail {
namespace {

bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/// RFC 5322, section 2.2: printable ASCII without the colon.
bool may_stand_in_name(char c)
{
    return c > ' ' && c < 0x7F && c != ':';
}

/// The length of the field name that begins `line`, blanks before the colon included (RFC 5322, section
/// 4.5); 0 when the line is no field.
std::size_t name_length(std::string_view line)
{
    std::size_t end = 0;
    while (end < line.size() && may_stand_in_name(line[end])) {
        ++end;
    }
    if (end == 0) {
        return 0;
    }
    while (end < line.size() && is_blank(line[end])) {
        ++end;
    }
    return end < line.size() && line[end] == ':' ? end : 0;
}

std::string_view without_line_end(std::string_view line)
{
    if (line.ends_with('\n')) {
        line.remove_suffix(1);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
    }
    return line;
}

/// The line that begins at `begin`, with its line end.
std::string_view line_at(std::string_view text, std::size_t begin)
{
    const auto end = text.find('\n', begin);
    return text.substr(begin, end == std::string_view::npos ? end : end + 1 - begin);
}

std::string_view without_trailing_blanks(std::string_view name)
{
    while (!name.empty() && is_blank(name.back())) {
        name.remove_suffix(1);
    }
    return name;
}

/// Appends a value with its folds as CRLF + white space. A line end that begins no fold would end the field,
/// so a blank goes behind it: one field stays one field.
void append_value(std::string& block, std::string_view value)
{
    std::size_t begin = 0;
    for (auto at = value.find('\n'); at != std::string_view::npos; at = value.find('\n', begin)) {
        const bool has_cr = at > begin && value[at - 1] == '\r';
        block.append(value.substr(begin, at - begin - (has_cr ? 1 : 0)));
        block.append("\r\n");
        begin = at + 1;
        if (begin == value.size() || !is_blank(value[begin])) {
            block.push_back(' ');
        }
    }
    block.append(value.substr(begin));
}

} // namespace

void Headers::add(std::string_view name, std::string_view value)
{
    // Every byte of the value may grow to three (a line end without its blank).
    constexpr std::size_t kMaxBlock = std::numeric_limits<std::uint32_t>::max();
    if (name.size() > kMaxBlock / 4 || value.size() > kMaxBlock / 4 || block_.size() > kMaxBlock / 4) {
        throw std::length_error("the header block is longer than 1 GiB");
    }
    const auto begin = static_cast<std::uint32_t>(block_.size());
    block_.append(name).push_back(':');
    append_value(block_, value);
    const auto end = static_cast<std::uint32_t>(block_.size());
    block_.append("\r\n");
    fields_.push_back({begin, static_cast<std::uint32_t>(name.size()), end});
}

void Headers::clear()
{
    block_.clear();
    fields_.clear();
}

HeaderField Headers::operator[](std::size_t index) const
{
    const Place& place = fields_[index];
    const std::string_view field = std::string_view(block_).substr(place.begin, place.end - place.begin);
    return {without_trailing_blanks(field.substr(0, place.name_length)),
            field.substr(std::size_t{place.name_length} + 1)};
}

std::string_view Headers::find(std::string_view name) const
{
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        if (const HeaderField field = (*this)[i]; text::equals_ignoring_case(field.name, name)) {
            return field.value;
        }
    }
    return {};
}

std::size_t parse_headers(std::string_view message, Headers& headers)
{
    std::size_t at = 0;
    while (at < message.size()) {
        std::string_view line = line_at(message, at);
        if (without_line_end(line).empty()) {
            return at + line.size();
        }
        const std::size_t name = name_length(line);
        if (name == 0) {
            return at;
        }
        std::size_t end = at + line.size();
        while (end < message.size() && is_blank(message[end])) {
            end += line_at(message, end).size();
        }
        const std::string_view field = without_line_end(message.substr(at, end - at));
        headers.add(field.substr(0, name), field.substr(name + 1));
        at = end;
    }
    return at;
}

} // namespace qm::mail
