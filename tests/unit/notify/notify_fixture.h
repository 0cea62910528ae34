// A section, a folder with a template and images, a notice: what the tests of the notifier begin with.
#pragma once

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "notify/builtin_notifiers.h"
#include "notify/email_notifier.h"
#include "preview/options.h"
#include "smtp/client.h"
#include "support/fake_section.h"
#include "support/temp_dir.h"

namespace qm::test {

/// A held message in memory.
class TextReader final : public MessageReader {
  public:
    explicit TextReader(std::string bytes) : bytes_(std::move(bytes)) {}

    std::size_t read(std::span<char> buffer) override
    {
        const auto length = bytes_.copy(buffer.data(), buffer.size(), at_);
        at_ += length;
        return length;
    }

  private:
    std::string bytes_;
    std::size_t at_ = 0;
};

class NotifyFixture {
  public:
    NotifyFixture()
    {
        write("notice.html", "<html><body><p>To {EMAIL_TO} from {EMAIL_FROM}: {EMAIL_SUBJECT}</p>\n"
                             "<p>{SUBGROUP_0} {score}</p>{EMAIL_HTML_TEXT}</body></html>\n");
        write("removed.png", "\x89PNG\r\n\x1a\n...");
        section.set_folder(folder.path());
        section.add(notify::email_options()).add(preview::options()).add(smtp::options());
        section.set("notification_email_from", "\"Mail quarantine\" <quarantine@our.example>");
        section.set("notification_email_subject", "[Held] {EMAIL_SUBJECT}");
        section.set("notification_email_template", "notice.html");
    }

    void write(const std::string& name, std::string_view bytes) const
    {
        std::ofstream(folder / name, std::ios::binary) << bytes;
    }

    /// nullptr when the section has mistakes.
    std::unique_ptr<Notifier> open() const { return notify::open_email(section, groups); }

    static Notice notice()
    {
        Notice notice;
        notice.number = 7;
        notice.recipient = "u@our.example";
        notice.created = Time(std::chrono::microseconds(1785845000000000));
        notice.expires = "18 Aug 2026";
        notice.mail.id = HeldId(notice.created, "0123456789");
        notice.mail.quarantine = "spam";
        notice.mail.received = notice.created;
        notice.mail.envelope.sender = "bounce@mailer.example";
        notice.mail.subject = "Invoice 4711";
        notice.mail.header_from = "Anna Smith <anna@shop.example>";
        notice.mail.why = "X-Spam-Flag: YES";
        notice.mail.groups = {{"", "YES"}, {"score", "9.5"}};
        notice.mail.size = 47000;
        return notice;
    }

    TempDir folder;
    FakeSection section;
    std::vector<std::string> groups{"", "score"};
};

} // namespace qm::test
