// Mail in files: one, or many in an mbox (RFC 4155 and its elder relatives).
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace qm::ctl {

/// The head of a mail.
struct MailHead {
    std::string sender; ///< of its "From " line, any bytes; "" when there is none or it is MAILER-DAEMON
    /// From its first header to the empty line behind the last, as in the file.
    std::string bytes;
};

/// Takes a file piece by piece and gives away the heads of its mails, in order. A file that begins with
/// "From " is an mbox: each mail begins with a line "From sender ... 12:34 ..." behind an empty line;
/// programs that write "From " at the beginning of a line of text as it is are many, so the hour is asked
/// for. The first line needs none. Any other file is one mail. Takes any bytes; memory: that of a head.
///
/// Thread-safety: none.
class MailSplitter {
  public:
    using Take = std::function<void(const MailHead& head)>;

    /// Of a head longer than `longest_head` bytes the rest is left out.
    MailSplitter(std::size_t longest_head, Take take);

    void feed(std::string_view piece);
    /// Behind the last piece: gives away the last head. An empty file is one mail without a header.
    void finish();

    /// Known when a head was given away.
    bool is_mbox() const { return is_mbox_; }

  private:
    void end_line();
    void begin_mail();
    void give();

    std::size_t longest_head_;
    Take take_;
    std::string line_;         ///< the one at hand, as far as it was seen and is needed
    bool line_is_cut_ = false; ///< bytes of it were left out
    bool first_line_ = true;
    bool behind_empty_line_ = false;
    bool is_mbox_ = false;
    bool in_head_ = true;
    MailHead head_;
};

} // namespace qm::ctl
