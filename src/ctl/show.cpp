// quarantinectl show
#include <fmt/format.h>

#include "base/clock.h"
#include "base/text.h"
#include "ctl/exit_code.h"
#include "ctl/id_argument.h"
#include "ctl/json_of.h"
#include "ctl/table.h"
#include "ctl/time_argument.h"
#include "ctl/verbs.h"

namespace qm::ctl {
namespace {

Json full_json(const HeldMail& mail, const std::vector<NoticeRecord>& notices, std::optional<Time> expires)
{
    Json json = json_of(mail);
    json["digest"] = mail.digest;
    json["groups"] = json_of(mail.groups);
    json["expires"] = json_of(expires);
    json["client"] = json_of(mail.envelope.client);
    Json list = Json::array();
    for (const NoticeRecord& notice : notices) {
        list.push_back(json_of(notice));
    }
    json["notices"] = std::move(list);
    return json;
}

std::string client_of(const Client& client)
{
    std::string words = harmless_line(client.name);
    if (!client.address.empty()) {
        words += fmt::format("{}[{}]", words.empty() ? "" : " ", harmless_line(client.address));
    }
    if (!client.user.empty()) {
        words += fmt::format(", logged in as {}", harmless_line(client.user));
    }
    return words;
}

std::string kept(const HeldMail& mail)
{
    if (mail.gone) {
        return "no more, its bytes are deleted";
    }
    return mail.stored ? "yes" : "no, the quarantine keeps no messages";
}

void print_facts(Output& output, const HeldMail& mail, std::optional<Time> expires)
{
    Table table;
    const auto fact = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) {
            table.row({std::string(name), value});
        }
    };
    fact("Id", mail.id.str());
    fact("Quarantine", fmt::format("{} ({})", harmless_line(mail.quarantine), harmless_line(mail.action)));
    fact("Received", format_for_people(mail.received));
    fact("Sender", mail.envelope.sender.empty() ? "<>" : harmless_line(mail.envelope.sender));
    fact("From", text::one_line(mail.header_from));
    fact("Subject", text::one_line(mail.subject));
    fact("Date", text::one_line(mail.header_date));
    fact("Size", mail.size < 1000
                     ? text::human_size(mail.size)
                     : fmt::format("{} ({} bytes)", text::human_size(mail.size), grouped(mail.size)));
    fact("Why", text::one_line(mail.why));
    for (std::size_t i = 0; i < mail.groups.size(); ++i) {
        const auto& [name, value] = mail.groups[i];
        fact(name.empty() ? fmt::format("Group {}", i + 1) : fmt::format("Group {}", harmless_line(name)),
             harmless_line(value));
    }
    fact("Queue id", harmless_line(mail.envelope.queue_id));
    fact("Client", client_of(mail.envelope.client));
    fact("Notes", harmless_line(mail.notes));
    fact("Kept", kept(mail));
    if (mail.stored && !mail.gone) {
        fact("Kept until", expires ? format_day(*expires) : "for ever");
    }
    output.write(table.str());
}

void print_recipients(Output& output, const HeldMail& mail)
{
    output.line("");
    output.line(output.strong("Recipients"));
    Table table;
    for (const HeldRecipient& recipient : mail.recipients) {
        std::string reply = harmless_line(recipient.reply);
        if (recipient.outcome_unknown) {
            reply += reply.empty() ? "it may have arrived" : "; it may have arrived";
        }
        table.row({harmless_line(recipient.address), std::string(to_string(recipient.state)),
                   recipient.changed == Time{} ? "" : "since " + local_time(recipient.changed), reply});
    }
    output.write(table.str(2));
}

void print_notices(Output& output, const std::vector<NoticeRecord>& notices)
{
    output.line("");
    output.line(output.strong("Notices"));
    Table table;
    for (const NoticeRecord& notice : notices) {
        std::string to = harmless_line(notice.send_to);
        if (notice.send_to != notice.recipient) {
            to += fmt::format(" (about {})", harmless_line(notice.recipient));
        }
        const std::string next =
            notice.state == "due" ? fmt::format(", next try {}", local_time(notice.next_attempt)) : "";
        table.row({to, harmless_line(notice.state) + next,
                   counted(static_cast<std::uint64_t>(notice.attempts), "attempt", "attempts"),
                   harmless_line(notice.reply)});
    }
    output.write(table.str(2));
}

} // namespace

int run_show(Context& context)
{
    Tally tally;
    Desk& desk = context.desk(OpenDesk::Mode::read);
    const auto mail = find_named(context, desk, context.arguments().ids.front(), tally);
    if (!mail) {
        return tally.exit_code();
    }
    const auto notices = desk.notices_of(mail->id);
    const auto expires = desk.expires(*mail);
    if (context.output().wants_json()) {
        context.output().json(full_json(*mail, notices, expires));
        return kDone;
    }
    print_facts(context.output(), *mail, expires);
    print_recipients(context.output(), *mail);
    if (!notices.empty()) {
        print_notices(context.output(), notices);
    }
    return kDone;
}

} // namespace qm::ctl
