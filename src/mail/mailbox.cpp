#include "base/text.h"
#include "mail/address.h"
#include "mail/decode.h"
#include "mail/encoded_word.h"

namespace qm::mail {
namespace {

/// Reads the first mailbox of an address list (RFC 5322, section 3.4), forgiving whatever people's programs
/// write. One pass.
class MailboxReader {
  public:
    explicit MailboxReader(std::string_view line) : line_(line) {}

    Mailbox read()
    {
        while (at_ < line_.size() && step()) {
        }
        Mailbox mailbox;
        if (!angle_.empty()) {
            mailbox.name = decode_for_people(words_);
            mailbox.address = text::one_line(without_brackets(angle_));
        } else if (has_at()) {
            mailbox.name = decode_for_people(comment_);
            mailbox.address = text::one_line(words_);
        } else {
            mailbox.name = decode_for_people(words_);
        }
        return mailbox;
    }

  private:
    /// Reads one token; false at the end of the first mailbox.
    bool step()
    {
        if (const auto word = encoded_word_at(line_.substr(at_))) {
            words_.append(line_.substr(at_, word->length));
            at_ += word->length;
            return true;
        }
        const char c = line_[at_++];
        switch (c) {
        case '"':
            quoted_string();
            return true;
        case '(':
            comment();
            return true;
        case '<':
            angle_ = line_.substr(at_ - 1);
            return false;
        case ':':
            end_group_name();
            return true;
        case ',':
        case ';':
            return text::trim(words_).empty();
        default:
            words_.push_back(c);
            return true;
        }
    }

    bool has_at() const { return words_.find('@') != std::string::npos; }

    /// What stood before a colon was a group's name, except inside an address literal ([IPv6:...]).
    void end_group_name()
    {
        if (has_at()) {
            words_.push_back(':');
        } else {
            words_.clear();
        }
    }

    /// Keeps the quotes of an address, drops those of a name. A quote that nothing closes is dropped alone.
    void quoted_string()
    {
        const std::size_t begin = at_ - 1;
        std::string content;
        std::size_t end = at_;
        while (!quote_is_open_ && end < line_.size() && line_[end] != '"') {
            end += line_[end] == '\\' && end + 1 < line_.size() ? 1 : 0;
            content.push_back(line_[end++]);
        }
        quote_is_open_ = quote_is_open_ || end == line_.size();
        if (quote_is_open_) {
            return;
        }
        at_ = end + 1;
        const bool is_local_part = at_ < line_.size() && line_[at_] == '@';
        words_ += is_local_part ? std::string(line_.substr(begin, at_ - begin)) : content;
    }

    void comment()
    {
        comment_.clear();
        for (int depth = 1; at_ < line_.size(); ++at_) {
            const char c = line_[at_];
            depth += c == '(' ? 1 : 0;
            depth -= c == ')' ? 1 : 0;
            if (depth == 0) {
                ++at_;
                return;
            }
            at_ += c == '\\' && at_ + 1 < line_.size() ? 1 : 0;
            comment_.push_back(line_[at_]);
        }
    }

    std::string_view line_;
    std::size_t at_ = 0;
    std::string words_;
    std::string comment_;
    bool quote_is_open_ = false; ///< one was found that nothing closes, so none behind it is closed either
    std::string_view angle_;     ///< from its bracket on
};

} // namespace

Mailbox first_mailbox(std::string_view header_value)
{
    constexpr std::size_t kMaxValue = 16UL * 1024;
    const std::string line = unfold(header_value.substr(0, kMaxValue));
    return MailboxReader(line).read();
}

} // namespace qm::mail
