#include "notify/email_notifier.h"

#include <algorithm>
#include <utility>

#include "base/sha256.h"
#include "base/text.h"
#include "html/sanitizer.h"
#include "mail/address.h"
#include "mail/content_digest.h"
#include "notify/client_pool.h"
#include "notify/email_settings.h"
#include "notify/notice_mail.h"
#include "notify/notice_variables.h"
#include "preview/preview.h"

namespace qm::notify {
namespace {

constexpr std::size_t kMaxSubject = 400;

/// Short, so that the field with it fits a line.
std::string boundary_of(const Notice& notice)
{
    constexpr std::size_t kDigits = 24;
    Sha256 sum;
    sum.update(std::to_string(notice.number) + " " + notice.mail.id.str());
    return sum.finish().substr(0, kDigits);
}

/// True when `domain` is `pattern`, or below it where the pattern begins with a dot.
bool is_in(std::string_view domain, std::string_view pattern)
{
    if (pattern.starts_with('.')) {
        return domain.size() > pattern.size() && domain.ends_with(pattern);
    }
    return domain == pattern;
}

class EmailNotifier final : public Notifier {
  public:
    explicit EmailNotifier(EmailSettings settings)
        : settings_(std::move(settings)), clients_(settings_.server)
    {
    }

    std::vector<std::string> tells(std::string_view recipient) const override
    {
        const auto key = mail::key(recipient);
        const auto domain = mail::domain(key);
        if (!settings_.domains.empty() &&
            std::none_of(settings_.domains.begin(), settings_.domains.end(),
                         [&](const std::string& pattern) { return is_in(domain, pattern); })) {
            return {};
        }
        const bool is_told = settings_.tell_recipient && can_tell(recipient);
        std::vector<std::string> addresses;
        if (is_told) {
            addresses.emplace_back(recipient);
        }
        for (const std::string& address : settings_.also) {
            if (!is_told || mail::key(address) != key) { // nobody gets the same notice twice
                addresses.push_back(address);
            }
        }
        return addresses;
    }

    bool can_tell(std::string_view address) const override { return mail::is_sendable(address); }

    ComposedNotice compose(const Notice& notice, MessageReader* message) override
    {
        const auto preview = preview_of(message, notice.mail.id.str());
        const auto values = variables_of(notice, preview);
        const auto from = settings_.from.render(values);

        NoticeMail mail;
        mail.from_name = from.name;
        mail.from_address = from.address;
        mail.recipient = notice.recipient;
        mail.subject = text::one_line(settings_.subject.render(values), kMaxSubject);
        mail.boundary = boundary_of(notice);
        mail.message_id = "n." + std::to_string(notice.number) + "." + notice.mail.id.str() + "@" +
                          domain_for_id(from.address);
        mail.date = notice.created;
        mail.html = settings_.body.render(values);
        mail.text = html::html_to_text(mail.html);
        mail.images = images_of(preview);

        ComposedNotice composed;
        composed.trouble = preview.trouble;
        composed.envelope_from = settings_.envelope_from;
        composed.recipient = notice.send_to.empty() ? notice.recipient : notice.send_to;
        composed.message_id = "<" + mail.message_id + ">";
        composed.bytes = write_notice_mail(mail);
        mail::ContentDigest digest(composed.bytes);
        digest.finish();
        composed.digest = digest.as_sent();
        return composed;
    }

    Delivery send(const ComposedNotice& notice) override
    {
        return clients_.send(notice.envelope_from, notice.recipient, notice.bytes);
    }

  private:
    static std::string domain_for_id(std::string_view address)
    {
        const auto domain = mail::domain(address);
        return domain.empty() ? "localhost" : std::string(domain);
    }

    std::string replacement_source() const
    {
        return settings_.strip_images || !settings_.replacement ? "" : "cid:" + settings_.replacement->name;
    }

    /// Only what the template shows is read.
    preview::Preview preview_of(MessageReader* message, const std::string& id) const
    {
        if (!settings_.body.uses(kHtmlText) && !settings_.body.uses("ATTACHMENTS") &&
            !settings_.subject.uses("ATTACHMENTS")) {
            return {};
        }
        preview::PreviewOptions options;
        options.replacement_image = replacement_source();
        options.max_text = settings_.max_text;
        options.wants_text = false; // the text is made of the whole notice
        options.about = id;
        try {
            return preview::preview(message, options);
        } catch (const std::exception&) {
            preview::Preview nothing;
            nothing.html = "<p>The text of this message cannot be shown.</p>";
            return nothing;
        }
    }

    std::vector<const NoticeImage*> images_of(const preview::Preview& preview) const
    {
        std::vector<const NoticeImage*> images;
        for (const auto& image : settings_.embedded) {
            images.push_back(&image);
        }
        const auto source = replacement_source();
        if (!source.empty() && settings_.body.uses(kHtmlText) &&
            preview.html.find(source) != std::string::npos) {
            images.push_back(&*settings_.replacement);
        }
        return images;
    }

    const EmailSettings settings_;
    ClientPool clients_;
};

} // namespace

std::unique_ptr<Notifier> open_email(const Section& section, std::span<const std::string> groups)
{
    auto settings = read_email_settings(section, groups);
    if (!settings) {
        return nullptr;
    }
    if (const std::string program = preview::missing_program(); !program.empty()) {
        section.mistake("notification_type", "EMAIL needs the program " + text::printable(program, 300) +
                                                 ", which is not there or not executable");
        return nullptr;
    }
    prepare_notice_mails();
    return std::make_unique<EmailNotifier>(std::move(*settings));
}

} // namespace qm::notify
