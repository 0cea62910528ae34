#include "notify/email_settings.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "mail/address.h"
#include "notify/email_notifier.h"
#include "notify/notice_variables.h"
#include "preview/options.h"
#include "quarantine/error.h"

namespace qm::notify {
namespace {

constexpr std::uint64_t kMaxTemplate = 1ULL << 20U;
constexpr std::uint64_t kMaxImage = 5ULL << 20U;
constexpr std::size_t kMaxImageName = 100;

constexpr std::array kOptions{
    Option{.name = "notification_email_from",
           .kind = OptionKind::text,
           .help = "The From of notices: \"Name\" <address>, or an address. May contain variables.",
           .required = true,
           .example = "\"Mail quarantine\" <quarantine@example.org>"},
    Option{.name = "notification_email_subject",
           .kind = OptionKind::text,
           .help = "The Subject of notices. May contain variables.",
           .required = true,
           .example = "[Held] {EMAIL_SUBJECT}"},
    Option{.name = "notification_email_template",
           .kind = OptionKind::path,
           .help =
               "The HTML of notices with its variables, UTF-8, at most 1 MiB. The plain-text part is made "
               "of it.",
           .required = true,
           .example = "templates/notice.html"},
    Option{.name = "notification_email_replacement_img",
           .kind = OptionKind::path,
           .help = "Put in place of every image of the held mail (PNG, GIF, JPEG or WebP, at most 5 MiB). "
                   "Without it images are left out.",
           .example = "templates/removed.png"},
    Option{.name = "notification_email_embedded_imgs",
           .kind = OptionKind::paths,
           .help =
               "Images that the template shows as <img src=\"cid:FILE NAME\">, for example a logo (PNG, GIF, "
               "JPEG or WebP, at most 5 MiB each).",
           .example = "templates/logo.png"},
    Option{.name = "notification_email_strip_images",
           .kind = OptionKind::flag,
           .fallback = "no",
           .help = "Leave the images of the held mail out instead of replacing them."},
    Option{.name = "notification_email_envelope_from",
           .kind = OptionKind::text,
           .fallback = "<>",
           .help = "The envelope sender of notices, where bounces go: an address or <> for nowhere.",
           .example = "bounces@example.org"},
    Option{.name = "notify_recipient",
           .kind = OptionKind::flag,
           .fallback = "yes",
           .help = "Whether the recipients themselves are told; no: only the addresses of also_notify are."},
    Option{.name = "also_notify",
           .kind = OptionKind::list,
           .help = "Addresses that get a copy of every notice, for example an administrator's.",
           .example = "postmaster@example.org"},
    Option{
        .name = "notification_domains",
        .kind = OptionKind::list,
        .help =
            "Only of recipients in these domains notices are written; empty: all, so be sure that only "
            "incoming mail "
            "comes this way. \"example.org\" is that domain alone, \".example.org\" every sub-domain of it.",
        .example = "example.org, .example.org"},
};

constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

bool is_valid_utf8(std::string_view text)
{
    return text::to_valid_utf8(text) == text;
}

/// Reads the settings one by one and notes what is wrong.
class Reader {
  public:
    Reader(const Section& section, std::span<const std::string> groups)
        : section_(section), known_(known_variables(groups))
    {
    }

    std::optional<EmailSettings> read()
    {
        auto from = parse<SenderLine>("notification_email_from", needed("notification_email_from"));
        auto subject =
            parse<html::Template>("notification_email_subject", needed("notification_email_subject"));
        auto body = read_template();
        auto embedded = read_embedded();
        auto replacement = read_replacement();
        auto envelope_from = read_envelope_from();
        auto domains = read_domains();
        auto also = read_also();
        const auto max_text = preview::max_text_of(section_);
        auto server = smtp::server_of(section_);
        if (wrong_ || !from || !subject || !body) {
            return std::nullopt;
        }
        return EmailSettings{.from = std::move(*from),
                             .subject = std::move(*subject),
                             .body = std::move(*body),
                             .embedded = std::move(embedded),
                             .replacement = std::move(replacement),
                             .strip_images = section_.flag("notification_email_strip_images"),
                             .envelope_from = std::move(envelope_from),
                             .tell_recipient = section_.flag("notify_recipient"),
                             .also = std::move(also),
                             .domains = std::move(domains),
                             .max_text = max_text,
                             .server = std::move(server)};
    }

  private:
    void wrong(std::string_view option, std::string_view what)
    {
        wrong_ = true;
        section_.mistake(option, what);
    }

    /// A required option that is set but empty is as good as missing. That it is missing at all is told by
    /// whoever checks `required`.
    std::optional<std::string> needed(std::string_view option)
    {
        auto value = section_.text(option);
        if (!text::trim(value).empty()) {
            return value;
        }
        if (section_.is_set(option)) {
            wrong(option, "is empty");
        }
        return std::nullopt;
    }

    template <typename T, typename... More>
    std::optional<T> parse(std::string_view option, const std::optional<std::string>& source,
                           const std::string& place = "", const More&... more)
    {
        if (!source) {
            return std::nullopt;
        }
        try {
            return T(*source, known_, more...);
        } catch (const ConfigError& error) {
            wrong(option, place + error.what());
            return std::nullopt;
        }
    }

    std::optional<std::string> read(std::string_view option, const std::string& path, std::uint64_t limit)
    {
        try {
            return read_file(path, limit);
        } catch (const BackendError& error) {
            wrong(option, error.what());
            return std::nullopt;
        }
    }

    std::optional<html::Template> read_template()
    {
        constexpr std::string_view kOption = "notification_email_template";
        const auto path = section_.path(kOption);
        if (path.empty()) {
            if (section_.is_set(kOption)) {
                wrong(kOption, "is empty");
            }
            return std::nullopt;
        }
        const auto source = read(kOption, path, kMaxTemplate);
        if (source && !is_valid_utf8(*source)) {
            wrong(kOption, path + ": is not UTF-8");
            return std::nullopt;
        }
        constexpr std::array kVerbatim{kHtmlText};
        return parse<html::Template>(kOption, source, path + ": ", html::Escape::html, kVerbatim);
    }

    std::optional<NoticeImage> read_image(std::string_view option, const std::string& path)
    {
        NoticeImage image;
        image.name = std::filesystem::path(path).filename().string();
        if (image.name.empty() || image.name.size() > kMaxImageName ||
            image.name.find_first_not_of(kNameCharacters) != std::string::npos) {
            wrong(option, path +
                              ": the name of an image becomes its Content-ID; at most 100 letters, digits, "
                              "dots, dashes and underscores are expected");
            return std::nullopt;
        }
        if (std::find(names_.begin(), names_.end(), image.name) != names_.end()) {
            wrong(option, path + ": two images have the name " + image.name);
            return std::nullopt;
        }
        names_.push_back(image.name);
        auto bytes = read(option, path, kMaxImage);
        if (!bytes) {
            return std::nullopt;
        }
        image.type = image_type(*bytes);
        if (image.type.empty()) {
            wrong(option, path + ": is not a PNG, GIF, JPEG or WebP image");
            return std::nullopt;
        }
        image.bytes = std::move(*bytes);
        return image;
    }

    std::vector<NoticeImage> read_embedded()
    {
        std::vector<NoticeImage> images;
        for (const auto& path : section_.paths("notification_email_embedded_imgs")) {
            if (auto image = read_image("notification_email_embedded_imgs", path)) {
                images.push_back(std::move(*image));
            }
        }
        return images;
    }

    std::optional<NoticeImage> read_replacement()
    {
        const auto path = section_.path("notification_email_replacement_img");
        return path.empty() ? std::nullopt : read_image("notification_email_replacement_img", path);
    }

    std::string read_envelope_from()
    {
        constexpr std::string_view kOption = "notification_email_envelope_from";
        const auto value = section_.text(kOption);
        std::string address(mail::without_brackets(text::trim(value)));
        if (!address.empty() && !mail::is_sendable(address)) {
            wrong(kOption, "\"" + text::printable(value, 300) + "\" is neither an address nor <>");
        }
        return address;
    }

    std::vector<std::string> read_also()
    {
        constexpr std::string_view kOption = "also_notify";
        std::vector<std::string> addresses;
        for (const auto& value : section_.list(kOption)) {
            std::string address(mail::without_brackets(value));
            if (!mail::is_sendable(address)) {
                wrong(kOption, "\"" + text::printable(value, 300) + "\" is not an address");
            }
            const bool is_new =
                std::none_of(addresses.begin(), addresses.end(), [&](const std::string& other) {
                    return mail::key(other) == mail::key(address);
                });
            if (is_new) {
                addresses.push_back(std::move(address));
            }
        }
        if (addresses.empty() && !section_.flag("notify_recipient")) {
            section_.warning("notify_recipient", "is no and also_notify names nobody: nobody is told");
        }
        return addresses;
    }

    std::vector<std::string> read_domains()
    {
        constexpr std::string_view kOption = "notification_domains";
        std::vector<std::string> domains;
        for (const auto& value : section_.list(kOption)) {
            auto domain = text::to_lower(value.starts_with('@') ? value.substr(1) : value);
            if (domain.empty() || domain == "." || domain.find_first_of("@*/ <>") != std::string::npos) {
                wrong(kOption,
                      "\"" + text::printable(value, 300) +
                          "\" is not a domain; expected: example.org, or .example.org for every sub-domain");
            }
            domains.push_back(std::move(domain));
        }
        return domains;
    }

    const Section& section_;
    std::vector<std::string> known_;
    std::vector<std::string> names_; ///< of images
    bool wrong_ = false;
};

} // namespace

std::span<const Option> email_options()
{
    return kOptions;
}

std::optional<EmailSettings> read_email_settings(const Section& section, std::span<const std::string> groups)
{
    return Reader(section, groups).read();
}

} // namespace qm::notify
