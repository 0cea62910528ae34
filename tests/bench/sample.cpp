#include "bench/sample.h"

#include <algorithm>
#include <array>
#include <numeric>

#include <fmt/format.h>

namespace qm::bench {
namespace {

constexpr std::size_t kSenders = 20'000;
constexpr std::size_t kDomains = 3'000;
constexpr std::chrono::seconds kBetween{3};

} // namespace

Sample::Sample(std::uint64_t count, Time end) : count_(count), end_(end) {}

Time Sample::time_of(std::uint64_t number) const
{
    return end_ - kBetween * static_cast<std::int64_t>(count_ - number);
}

std::size_t Sample::skewed(std::size_t limit)
{
    const double at = static_cast<double>(below(1'000'000)) / 1'000'000.0;
    return static_cast<std::size_t>(at * at * at * static_cast<double>(limit));
}

std::size_t Sample::weighted(const std::vector<std::size_t>& weights)
{
    std::size_t at = below(std::accumulate(weights.begin(), weights.end(), std::size_t{0}));
    std::size_t choice = 0;
    while (at >= weights.at(choice)) {
        at -= weights.at(choice++);
    }
    return choice;
}

HeldRecipient Sample::recipient(bool from_heavy)
{
    static constexpr std::array kStates{RecipientState::held, RecipientState::released,
                                        RecipientState::deleted, RecipientState::copied,
                                        RecipientState::failed};
    std::size_t domain = weighted({50, 20, 10, 5, 5, 5, 3, 2});
    if (from_heavy && domain == 1) {
        domain = 0;
    }
    HeldRecipient made;
    made.address = fmt::format("User{}@our{}.example.net", skewed(5'000), domain);
    made.state = kStates.at(weighted({600, 150, 230, from_heavy ? std::size_t{0} : std::size_t{19}, 1}));
    if (made.state == RecipientState::released) {
        made.reply = "250 2.0.0 Ok: queued as 4XqR9c2k1Zz";
    }
    return made;
}

HeldMail Sample::next()
{
    static constexpr std::array kQuarantines{"spam", "bulk", "virus", "newsletter", "policy"};
    HeldMail mail;
    mail.received = time_of(number_++);
    std::string entropy(10, '\0');
    for (char& byte : entropy) {
        byte = static_cast<char>(below(256));
    }
    mail.id = HeldId(mail.received, entropy);
    const std::size_t kind = below(100);
    const bool from_heavy = kind < 33;
    if (from_heavy) {
        mail.envelope.sender = fmt::format("news{}@{}", skewed(2'000), kHeavyDomain);
    } else if (kind >= 38) { // the others are bounces
        const std::size_t sender = skewed(kSenders);
        mail.envelope.sender = fmt::format("sender{}@d{}.example", sender, sender * 7 % kDomains);
    }
    mail.quarantine =
        kQuarantines.at(weighted({60, 20, 5, 10, from_heavy ? std::size_t{0} : std::size_t{5}}));
    mail.envelope.queue_id = fmt::format("4Xq{:09}", number_);
    mail.envelope.client = {.address = "192.0.2.17", .name = "mx.example.org", .user = {}};
    for (std::size_t i = 0, count = 1 + weighted({70, 20, 10}); i < count; ++i) {
        HeldRecipient made = recipient(from_heavy);
        if (std::ranges::find(mail.recipients, made.address, &HeldRecipient::address) ==
            mail.recipients.end()) {
            mail.recipients.push_back(std::move(made));
        }
    }
    mail.subject = fmt::format("Invoice {} - your order of last week is on its way to you", number_);
    mail.header_from = fmt::format("Anna Smith <anna{}@example.org>", number_ % 1000);
    mail.header_date = "Tue, 4 Aug 2026 14:03:12 +0200";
    mail.why =
        "X-Spam-Status: Yes, score=15.2 required=5.0 tests=BAYES_99,HTML_MESSAGE,RCVD_IN_XBL,URIBL_BLACK";
    mail.groups = {{"", "15.2"}, {"tests", "BAYES_99,HTML_MESSAGE,RCVD_IN_XBL,URIBL_BLACK"}};
    mail.size = 2'000 + skewed(3'000'000);
    mail.digest = fmt::format("{:064x}", number_);
    mail.action = "DISCARD";
    mail.stored = true;
    return mail;
}

} // namespace qm::bench
