#include "ctl/mbox.h"

namespace qm::ctl {
namespace {

constexpr std::string_view kBegin = "From ";

/// Where the line behind `from` ends, its line end included.
std::size_t end_of_line(std::string_view bytes, std::size_t from)
{
    const auto end = bytes.find('\n', from);
    return end == std::string_view::npos ? bytes.size() : end + 1;
}

bool is_empty_line(std::string_view line)
{
    return line == "\n" || line == "\r\n";
}

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/// "From anna@shop.example Tue Aug  4 14:03:12 2026"
bool begins_mail(std::string_view line)
{
    if (!line.starts_with(kBegin)) {
        return false;
    }
    for (auto at = line.find(':', kBegin.size()); at != std::string_view::npos; at = line.find(':', at + 1)) {
        if (at > 2 && at + 2 < line.size() && is_digit(line[at - 1]) && is_digit(line[at - 2]) &&
            is_digit(line[at + 1]) && is_digit(line[at + 2])) {
            return true;
        }
    }
    return false;
}

std::string_view sender_of(std::string_view line)
{
    line.remove_prefix(kBegin.size());
    const std::string_view sender = line.substr(0, line.find_first_of(" \t\r\n"));
    return sender == "MAILER-DAEMON" ? std::string_view() : sender;
}

} // namespace

bool is_mbox(std::string_view bytes)
{
    return bytes.starts_with(kBegin);
}

std::vector<MboxMail> split_mbox(std::string_view bytes)
{
    std::vector<MboxMail> mails;
    bool behind_empty_line = false;
    std::size_t begin = 0; // of the mail at hand, behind its "From " line
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t next = end_of_line(bytes, at);
        const std::string_view line = bytes.substr(at, next - at);
        if ((at == 0 && is_mbox(line)) || (behind_empty_line && begins_mail(line))) {
            if (!mails.empty()) {
                mails.back().bytes = bytes.substr(begin, at - begin);
            }
            mails.push_back({.sender = sender_of(line), .bytes = {}});
            begin = next;
        }
        behind_empty_line = is_empty_line(line);
        at = next;
    }
    if (!mails.empty()) {
        mails.back().bytes = bytes.substr(begin);
    }
    return mails;
}

} // namespace qm::ctl
