#include "quarantine/mail_facts.h"

#include "base/text.h"
#include "mail/address.h"
#include "mail/decode.h"

namespace qm {
namespace {

/// The address of a header in which a mail server writes one.
std::string written_address(std::string_view value)
{
    const std::string line = mail::unfold(value);
    return std::string(mail::without_brackets(text::trim(line)));
}

} // namespace

MailFacts facts_of(std::string_view message)
{
    MailFacts facts;
    mail::parse_headers(message, facts.headers);
    facts.subject = mail::decode_for_people(facts.headers.find("Subject"));
    if (const std::string_view path = facts.headers.find("Return-Path"); path.data() != nullptr) {
        facts.return_path = written_address(path);
    }
    facts.delivered_to = written_address(facts.headers.find("Delivered-To"));
    facts.original_to = written_address(facts.headers.find("X-Original-To"));
    facts.from = mail::first_mailbox(facts.headers.find("From")).address;
    facts.to = mail::first_mailbox(facts.headers.find("To")).address;
    return facts;
}

std::string lasting_sender(std::string_view sender)
{
    std::string unwrapped = mail::unwrapped_sender(sender);
    const bool is_same_domain = mail::domain(mail::key(unwrapped)) == mail::domain(mail::key(sender));
    return !unwrapped.empty() && is_same_domain ? unwrapped : std::string(sender);
}

bool is_forwarded(std::string_view sender)
{
    return !mail::unwrapped_sender(sender).empty() && lasting_sender(sender) == sender;
}

bool is_sendable_address(std::string_view address)
{
    return mail::is_sendable(address);
}

std::string domain_of(std::string_view address)
{
    return std::string(mail::domain(address));
}

} // namespace qm
