// The options of `notification_type = EMAIL`, read and checked.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "html/template.h"
#include "notify/notice_mail.h"
#include "notify/sender_line.h"
#include "smtp/client.h"

namespace qm::notify {

/// Immutable once read.
struct EmailSettings {
    SenderLine from;
    html::Template subject;
    html::Template body;
    std::vector<NoticeImage> embedded;      ///< always go along
    std::optional<NoticeImage> replacement; ///< goes along when an image was replaced by it
    bool strip_images = false;
    std::string envelope_from;
    bool tell_recipient = true;
    std::vector<std::string> also;    ///< addresses that get a copy of every notice
    std::vector<std::string> domains; ///< lower case; ".x" is every sub-domain of x; empty: all
    std::uint64_t max_text = 0;       ///< bytes of the held message's text
    smtp::Server server;
};

/// Nothing when something is wrong; every mistake is noted in the section.
std::optional<EmailSettings> read_email_settings(const Section& section, std::span<const std::string> groups);

} // namespace qm::notify
