#include "ctl/mbox.h"

#include <algorithm>
#include <utility>

namespace qm::ctl {
namespace {

constexpr std::string_view kBegin = "From ";
/// Of a line that is not in a head; long enough for a "From " line.
constexpr std::size_t kLongestLine = 4096;

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

MailSplitter::MailSplitter(std::size_t longest_head, Take take)
    : longest_head_(longest_head), take_(std::move(take))
{
}

void MailSplitter::feed(std::string_view piece)
{
    while (!piece.empty()) {
        const auto end = piece.find('\n');
        const std::size_t length = end == std::string_view::npos ? piece.size() : end + 1;
        const std::size_t most = in_head_ ? std::max(kLongestLine, longest_head_) : kLongestLine;
        const std::size_t kept = std::min(length, most - std::min(most, line_.size()));
        line_ += piece.substr(0, kept);
        line_is_cut_ = line_is_cut_ || kept < length;
        if (end != std::string_view::npos) {
            end_line();
        }
        piece.remove_prefix(length);
    }
}

void MailSplitter::finish()
{
    if (!line_.empty()) {
        end_line();
    }
    give();
}

void MailSplitter::end_line()
{
    const bool is_empty = !line_is_cut_ && is_empty_line(line_);
    if (first_line_ && line_.starts_with(kBegin)) {
        is_mbox_ = true;
        begin_mail();
    } else if (is_mbox_ && behind_empty_line_ && begins_mail(line_)) {
        give();
        begin_mail();
    } else if (in_head_) {
        head_.bytes += std::string_view(line_).substr(0, longest_head_ - head_.bytes.size());
        in_head_ = !is_empty && head_.bytes.size() < longest_head_;
    }
    first_line_ = false;
    behind_empty_line_ = is_empty;
    line_.clear();
    line_is_cut_ = false;
}

void MailSplitter::begin_mail()
{
    head_ = {.sender = std::string(sender_of(line_)), .bytes = {}};
    in_head_ = true;
}

void MailSplitter::give()
{
    take_(head_);
    head_ = {};
}

} // namespace qm::ctl
