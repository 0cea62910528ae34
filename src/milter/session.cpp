#include "milter/session.h"

#include "base/text.h"
#include "mail/address.h"
#include "quarantine/error.h"

namespace qm::milter {
namespace {

const std::string kNoQueue = "NOQUEUE";

/// Far above what mail servers let through (Postfix: 102 400 bytes); what is more is an attack on memory.
constexpr std::size_t kMaxHeaderBlock = 32U << 20U;
constexpr std::size_t kMaxRecipients = 100'000;

constexpr std::size_t kKeptHeaderBlock = 64U << 10U;

} // namespace

Session::Session(Desk& desk, std::function<void()> notices_due)
    : desk_(desk), notices_due_(std::move(notices_due))
{
}

Session::~Session() = default;

const std::string& Session::queue_id() const
{
    return envelope_.queue_id.empty() ? kNoQueue : envelope_.queue_id;
}

void Session::mail(std::string_view argument)
{
    abort();
    settings_ = desk_.settings();
    envelope_.sender = mail::without_brackets(argument);
}

void Session::recipient(std::string_view argument)
{
    if (argument.empty()) {
        return; // no mail server sends that: our own probe does, so that nobody is concerned
    }
    if (envelope_.recipients.size() >= kMaxRecipients) {
        throw BackendError("more recipients than this program takes for one mail");
    }
    envelope_.recipients.emplace_back(argument);
}

void Session::header(std::string_view name, std::string_view value)
{
    if (headers_.block().size() + name.size() + value.size() > kMaxHeaderBlock) {
        throw BackendError("a header block longer than this program takes");
    }
    if (leading_space_) {
        headers_.add(name, value);
    } else {
        headers_.add(name, " " + std::string(value));
    }
}

void Session::learn_queue_id(Mta& mta)
{
    if (envelope_.queue_id.empty()) {
        envelope_.queue_id = mta.macro("i");
    }
}

Client Session::client_of(Mta& mta) const
{
    Client client{.address = mta.macro("{client_addr}"),
                  .name = mta.macro("{client_name}"),
                  .user = mta.macro("{auth_authen}")};
    constexpr std::string_view kIpv6 = "IPv6:";
    if (text::starts_with_ignoring_case(client.address, kIpv6)) {
        client.address.erase(0, kIpv6.size());
    }
    return client;
}

Reply Session::end_of_headers(Mta& mta)
{
    learn_queue_id(mta);
    if (failed_ || !settings_) {
        throw BackendError("an earlier step of this mail failed");
    }
    envelope_.client = client_of(mta);
    holding_ = desk_.judge(settings_, envelope_, headers_);
    return holding_ ? Reply::go_on : Reply::accept;
}

void Session::body(std::string_view bytes)
{
    if (holding_ && !failed_) {
        holding_->body(bytes);
    }
}

Reply Session::end_of_message(Mta& mta)
{
    learn_queue_id(mta);
    if (failed_) {
        throw BackendError("an earlier step of this mail failed");
    }
    if (!holding_) {
        // Without an end of headers (a mail without any) it was not judged yet.
        if (const Reply reply = end_of_headers(mta); reply != Reply::go_on) {
            return reply;
        }
    }
    const HoldingResult result = holding_->finish(envelope_.queue_id, envelope_.client);
    if (result.notices_due) {
        notices_due_();
    }
    return answer(mta, result.answer);
}

Reply Session::answer(Mta& mta, const Answer& answer)
{
    switch (answer.reply) {
    case Answer::Reply::accept:
        for (const std::string& argument : answer.remove) {
            mta.remove_recipient(argument);
            if (argument.starts_with("<@")) {
                // Postfix has dropped the source route (RFC 5321, appendix C) and would not find the
                // argument.
                mta.remove_recipient("<" + std::string(mail::without_brackets(argument)) + ">");
            }
        }
        if (answer.mta_hold) {
            mta.hold("quarantine " + *answer.mta_hold);
        }
        return Reply::accept;
    case Answer::Reply::discard:
        return Reply::discard;
    case Answer::Reply::reject:
        mta.set_reply("554", "5.7.0", answer.reject_reason);
        return Reply::reject;
    case Answer::Reply::tempfail:
        break;
    }
    mta.set_reply("451", "4.7.1", "Message deferred by local policy, please try again later");
    return Reply::tempfail;
}

void Session::abort()
{
    holding_.reset();
    settings_.reset();
    envelope_ = {};
    if (headers_.block().capacity() > kKeptHeaderBlock) {
        headers_ = {};
    } else {
        headers_.clear();
    }
    failed_ = false;
}

} // namespace qm::milter
