#include "ctl/asked_mail.h"

#include <array>

#include <arpa/inet.h>

#include <fmt/format.h>

#include "ctl/exit_code.h"
#include "ctl/output.h"

namespace qm::ctl {
namespace {

constexpr std::string_view kExampleSender = "sender@example.org";
constexpr std::string_view kExampleRecipient = "user@example.org";

std::string_view bare(std::string_view address)
{
    const bool brackets = address.size() > 1 && address.front() == '<' && address.back() == '>';
    return brackets ? address.substr(1, address.size() - 2) : address;
}

std::string as_argument(std::string_view address)
{
    return fmt::format("<{}>", bare(address));
}

void take_arguments(const Arguments& arguments, AskedMail& asked)
{
    if (arguments.from) {
        asked.envelope.sender = bare(*arguments.from);
        asked.sender_source = "--from";
    }
    if (!arguments.to.empty()) {
        asked.envelope.recipients.clear();
        for (const std::string& address : arguments.to) {
            asked.envelope.recipients.push_back(as_argument(address));
        }
        asked.recipients_source = "--to";
    }
    if (!arguments.client.empty()) {
        asked.envelope.client = {.address = arguments.client, .name = {}, .user = {}};
        asked.client_source = "--client";
    }
}

void guess_sender(AskedMail& asked, std::string_view mbox_sender)
{
    const auto take = [&](std::string_view sender, std::string_view source) {
        asked.envelope.sender = sender;
        asked.sender_source = source;
    };
    if (asked.facts.return_path) {
        take(*asked.facts.return_path, "its Return-Path");
    } else if (!mbox_sender.empty()) {
        take(mbox_sender, "its line in the mbox");
    } else if (!asked.facts.from.empty()) {
        take(asked.facts.from, "its From header");
    } else {
        take(kExampleSender, "an example");
    }
}

void guess_recipient(AskedMail& asked)
{
    const auto take = [&](std::string_view recipient, std::string_view source) {
        asked.envelope.recipients = {as_argument(recipient)};
        asked.recipients_source = source;
    };
    if (!asked.facts.original_to.empty()) {
        take(asked.facts.original_to, "its X-Original-To");
    } else if (!asked.facts.delivered_to.empty()) {
        take(asked.facts.delivered_to, "its Delivered-To");
    } else if (!asked.facts.to.empty()) {
        take(asked.facts.to, "its To header");
    } else {
        take(kExampleRecipient, "an example");
    }
}

} // namespace

std::optional<AskedMail> asked_mail(const Arguments& arguments, std::string name, std::string_view message,
                                    std::string_view mbox_sender)
{
    AskedMail asked;
    asked.name = std::move(name);
    asked.facts = facts_of(message);
    if (asked.facts.headers.empty()) {
        return std::nullopt;
    }
    guess_sender(asked, mbox_sender);
    guess_recipient(asked);
    take_arguments(arguments, asked);
    return asked;
}

AskedMail asked_mail(const Arguments& arguments, const HeldMail& mail, std::string_view message)
{
    AskedMail asked{.name = mail.id.str(),
                    .envelope = mail.envelope,
                    .sender_source = "the record",
                    .recipients_source = "the record",
                    .client_source = mail.envelope.client.address.empty() ? "" : "the record",
                    .facts = facts_of(message)};
    // Those who passed are not on record.
    asked.envelope.recipients.clear();
    for (const HeldRecipient& recipient : mail.recipients) {
        asked.envelope.recipients.push_back(as_argument(recipient.address));
    }
    take_arguments(arguments, asked);
    return asked;
}

void check_client(const Arguments& arguments)
{
    std::array<unsigned char, sizeof(in6_addr)> ignored{};
    const char* const text = arguments.client.c_str();
    if (!arguments.client.empty() && inet_pton(AF_INET, text, ignored.data()) != 1 &&
        inet_pton(AF_INET6, text, ignored.data()) != 1) {
        throw UsageError(fmt::format("--client {}: expected an IPv4 or IPv6 address",
                                     harmless_line(arguments.client, 60)));
    }
}

} // namespace qm::ctl
