#include "mail/parser_input.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace qm::mail {
namespace {

constexpr std::size_t kMaxBoundaryLines = 20'000;
constexpr std::size_t kMaxHeaderLines = 300'000;
constexpr std::size_t kMaxFieldBytes = std::size_t{64} * 1024;
constexpr std::size_t kMaxGroups = 100;       ///< colons in one address field
constexpr std::size_t kMaxFieldsOfBlock = 30; ///< address fields without an empty line between them
constexpr std::size_t kMaxAddressBytes = std::size_t{256} * 1024; ///< of all address fields of a message
/// Of all Content-* fields, and of all others that GMime decodes: it makes a list of every parameter.
constexpr std::size_t kMaxReadBytes = std::size_t{1024} * 1024;
/// Bytes of lines that look like a boundary, each as often as there are multiparts before it.
constexpr std::size_t kMaxComparedBytes = 1'000'000'000;

constexpr std::array<std::string_view, 6> kAddressFields = {"from", "sender", "reply-to", "to", "cc", "bcc"};
constexpr std::array<std::string_view, 3> kDecodedFields = {"subject", "date", "message-id"};

/// The line that begins `text`, with its line end.
std::string_view first_line(std::string_view text)
{
    const auto end = text.find('\n');
    return text.substr(0, end == std::string_view::npos ? end : end + 1);
}

bool is_empty_line(std::string_view line)
{
    return line == "\n" || line == "\r\n";
}

/// The name of the field that a line begins, "" when it begins none.
std::string_view field_name(std::string_view line)
{
    const auto end = std::ranges::find_if(line, [](char c) { return c <= ' ' || c == ':' || c > '~'; });
    const auto length = static_cast<std::size_t>(end - line.begin());
    const std::string_view behind = line.substr(length);
    const auto colon = behind.find_first_not_of(" \t");
    return colon != std::string_view::npos && behind[colon] == ':' ? line.substr(0, length)
                                                                   : std::string_view();
}

template <std::size_t count>
bool is_one_of(std::string_view name, const std::array<std::string_view, count>& names)
{
    return std::ranges::any_of(
        names, [&](std::string_view other) { return text::equals_ignoring_case(name, other); });
}

/// Walks over the lines of a message.
class Scanner {
  public:
    explicit Scanner(std::string_view message) : rest_(message)
    {
        result_.bytes.reserve(message.size() + 2);
        if (rest_.starts_with(' ') || rest_.starts_with('\t')) {
            result_.bytes = "X:"; // GMime reads nothing of a message that begins with a continuation
        }
    }

    ParserInput scan()
    {
        while (!rest_.empty()) {
            const std::string_view line = first_line(rest_);
            const std::string_view name = field_name(line);
            if (is_empty_line(line)) {
                fields_of_block_ = 0;
            }
            if (line.starts_with("--")) {
                ++boundary_lines_;
                compared_bytes_ += line.size() * (multiparts_ + 1);
            }
            header_lines_ += name.empty() ? 0 : 1;
            if (boundary_lines_ > kMaxBoundaryLines || header_lines_ > kMaxHeaderLines ||
                compared_bytes_ > kMaxComparedBytes) {
                result_.cut = true;
                break;
            }
            if (name.empty()) {
                take(line.size());
            } else {
                take_field(name);
            }
        }
        return std::move(result_);
    }

  private:
    void take(std::size_t length)
    {
        result_.bytes += rest_.substr(0, length);
        rest_.remove_prefix(length);
    }

    void take_field(std::string_view name)
    {
        const std::size_t length = field_length();
        const std::size_t begin = result_.bytes.size();
        multiparts_ += is_multipart(name, rest_.substr(0, length)) ? 1 : 0;
        if (name_is_harmless(name, rest_.substr(0, length))) {
            take(length);
            hide_nul_from(begin);
            return;
        }
        take(std::min(length, kMaxFieldBytes));
        result_.bytes[begin] = 'X';
        if (length > kMaxFieldBytes) {
            result_.bytes += "\r\n";
            rest_.remove_prefix(length - kMaxFieldBytes);
            result_.cut = true;
        }
    }

    /// GMime's fields end at a NUL, and so would the name of "invoice.pdf\0.exe".
    void hide_nul_from(std::size_t begin)
    {
        for (auto at = result_.bytes.find('\0', begin); at != std::string::npos;
             at = result_.bytes.find('\0', at)) {
            result_.bytes[at] = ' ';
        }
    }

    static bool is_multipart(std::string_view name, std::string_view field)
    {
        return text::equals_ignoring_case(name, "content-type") &&
               text::to_lower(field).find("multipart") != std::string::npos;
    }

    /// With its continuation lines.
    std::size_t field_length() const
    {
        std::size_t length = first_line(rest_).size();
        while (length < rest_.size() && (rest_[length] == ' ' || rest_[length] == '\t')) {
            length += first_line(rest_.substr(length)).size();
        }
        return length;
    }

    bool name_is_harmless(std::string_view name, std::string_view field)
    {
        if (is_one_of(name, kAddressFields)) {
            address_bytes_ += field.size();
            ++fields_of_block_;
            return address_bytes_ <= kMaxAddressBytes && fields_of_block_ <= kMaxFieldsOfBlock &&
                   field.size() <= kMaxFieldBytes &&
                   static_cast<std::size_t>(std::ranges::count(field, ':')) <= kMaxGroups;
        }
        const bool is_content = text::starts_with_ignoring_case(name, "content-");
        if (!is_content && !is_one_of(name, kDecodedFields)) {
            return true;
        }
        const bool is_harmless =
            field.size() <= kMaxFieldBytes && read_bytes_ + field.size() <= kMaxReadBytes;
        read_bytes_ += is_harmless ? field.size() : 0;
        result_.cut = result_.cut || (is_content && !is_harmless);
        return is_harmless;
    }

    std::string_view rest_;
    ParserInput result_;
    std::size_t boundary_lines_ = 0;
    std::size_t compared_bytes_ = 0;
    std::size_t multiparts_ = 0;
    std::size_t header_lines_ = 0;
    std::size_t fields_of_block_ = 0;
    std::size_t address_bytes_ = 0;
    std::size_t read_bytes_ = 0;
};

} // namespace

ParserInput parser_input(std::string_view message)
{
    return Scanner(message).scan();
}

} // namespace qm::mail
