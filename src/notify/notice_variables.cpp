#include "notify/notice_variables.h"

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "base/text.h"
#include "mail/address.h"
#include "mail/attachment_name.h"

namespace qm::notify {
namespace {

constexpr std::size_t kMaxValue = 1000;
constexpr std::size_t kMaxAttachmentName = 100;
constexpr std::size_t kMaxAttachments = 20;
/// Where there is nothing to say, in any language.
constexpr std::string_view kNothing = "\u2013";

struct Row {
    std::string_view name;
    std::string (*value)(const Notice& notice, const preview::Preview& preview);
};

std::string attachments_of(const preview::Preview& preview)
{
    std::string text;
    std::size_t count = 0;
    for (const auto& attachment : preview.attachments) {
        if (count++ == kMaxAttachments) {
            return text + ", \u2026 (" + std::to_string(preview.attachments.size()) + ")";
        }
        const auto name = mail::shortened_name(text::one_line(attachment.name), kMaxAttachmentName);
        text += (text.empty() ? "" : ", ") + (name.empty() ? attachment.type : name);
        text += " (" + text::human_size(attachment.size) + ")";
    }
    return text;
}

/// Is this the only address that can be read in the header? It is decoded, so that what was a name may look
/// like an address now, and stand where the address is looked for.
bool is_only_address(std::string_view address, std::string_view header_from)
{
    constexpr std::string_view kAround = " \t<>()\",;:";
    while (!header_from.empty()) {
        const std::string_view word = header_from.substr(0, header_from.find_first_of(kAround));
        header_from.remove_prefix(std::min(word.size() + 1, header_from.size()));
        if (word.find('@') != std::string_view::npos && mail::key(word) != mail::key(address)) {
            return false;
        }
    }
    return true;
}

/// Who handed the mail in, where that is somebody else than its From says.
std::string sent_by(const Notice& notice)
{
    const std::string& sender = notice.mail.envelope.sender;
    const std::string& from = notice.mail.header_from;
    if (mail::key(sender) == mail::key(mail::first_mailbox(from).address) && is_only_address(sender, from)) {
        return {};
    }
    return "(sent by: " + (sender.empty() ? "<>" : sender) + ")";
}

constexpr std::array kRows{
    Row{"EMAIL_FROM",
        [](const Notice& n, const preview::Preview&) {
            return n.mail.envelope.sender.empty() ? "<>" : n.mail.envelope.sender;
        }},
    Row{"EMAIL_TO", [](const Notice& n, const preview::Preview&) { return n.recipient; }},
    Row{"EMAIL_SUBJECT", [](const Notice& n, const preview::Preview&) { return n.mail.subject; }},
    Row{"EMAIL_QUARANTINE_ID",
        [](const Notice& n, const preview::Preview&) {
            return n.mail.stored ? n.mail.id.str() : std::string(); // nothing is kept: nothing to ask for
        }},
    Row{"EMAIL_HEADER_FROM", [](const Notice& n, const preview::Preview&) { return n.mail.header_from; }},
    Row{"SENT_BY", [](const Notice& n, const preview::Preview&) { return sent_by(n); }},
    Row{"EMAIL_DATE",
        [](const Notice& n, const preview::Preview&) { return format_for_people(n.mail.received); }},
    Row{"EMAIL_SIZE", [](const Notice& n, const preview::Preview&) { return text::human_size(n.mail.size); }},
    Row{"QUARANTINE", [](const Notice& n, const preview::Preview&) { return n.mail.quarantine; }},
    Row{"EXPIRES",
        [](const Notice& n, const preview::Preview&) {
            return n.expires.empty() ? std::string(kNothing) : n.expires;
        }},
    Row{"RELEASE_URL", [](const Notice&, const preview::Preview&) { return std::string(); }},
    Row{"ATTACHMENTS",
        [](const Notice&, const preview::Preview& p) {
            return p.attachments.empty() ? std::string(kNothing) : attachments_of(p);
        }},
    Row{"WHY",
        [](const Notice& n, const preview::Preview&) {
            return n.mail.why.empty() ? std::string(kNothing) : n.mail.why;
        }},
};

std::string subgroup(std::size_t index)
{
    return "SUBGROUP_" + std::to_string(index);
}

} // namespace

std::vector<std::string> known_variables(std::span<const std::string> groups)
{
    std::vector<std::string> names{std::string(kHtmlText)};
    for (const auto& row : kRows) {
        names.emplace_back(row.name);
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
        names.push_back(subgroup(i));
        if (!groups[i].empty()) {
            names.push_back(groups[i]);
        }
    }
    return names;
}

html::Variables variables_of(const Notice& notice, const preview::Preview& preview)
{
    html::Variables values;
    const auto& groups = notice.mail.groups;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const auto value = text::one_line(groups[i].second, kMaxValue);
        if (!groups[i].first.empty()) {
            // The same name may stand in several branches of the regex; the one that matched counts.
            auto& named = values[groups[i].first];
            named = value.empty() ? named : value;
        }
        values[subgroup(i)] = value;
    }
    for (const auto& row : kRows) { // a group cannot take the name of one of ours
        values[std::string(row.name)] = text::one_line(row.value(notice, preview), 4 * kMaxValue);
    }
    values[std::string(kHtmlText)] = text::to_valid_utf8(preview.html);
    return values;
}

} // namespace qm::notify
