#include "ctl/json_of.h"

#include "base/clock.h"

namespace qm::ctl {

Json json_of(Time time)
{
    return time == Time{} ? Json(nullptr) : Json(format_utc(time));
}

Json json_of(const std::optional<Time>& time)
{
    return time ? json_of(*time) : Json(nullptr);
}

Json json_of(const HeldRecipient& recipient)
{
    return {{"address", recipient.address},
            {"state", to_string(recipient.state)},
            {"since", json_of(recipient.changed)},
            {"reply", recipient.reply},
            {"outcome_unknown", recipient.outcome_unknown}};
}

Json json_of(const Client& client)
{
    return {{"address", client.address}, {"name", client.name}, {"user", client.user}};
}

Json json_of(const MatchGroups& groups)
{
    Json list = Json::array();
    for (const auto& [name, text] : groups) {
        list.push_back({{"name", name}, {"text", text}});
    }
    return list;
}

Json json_of(const HeldMail& mail)
{
    Json recipients = Json::array();
    for (const HeldRecipient& recipient : mail.recipients) {
        recipients.push_back(json_of(recipient));
    }
    return {{"id", mail.id.str()},
            {"quarantine", mail.quarantine},
            {"received", json_of(mail.received)},
            {"sender", mail.envelope.sender},
            {"recipients", std::move(recipients)},
            {"from", mail.header_from},
            {"subject", mail.subject},
            {"date", mail.header_date},
            {"why", mail.why},
            {"size", mail.size},
            {"action", mail.action},
            {"queue_id", mail.envelope.queue_id},
            {"notes", mail.notes},
            {"stored", mail.stored},
            {"gone", mail.gone}};
}

Json json_of(const NoticeRecord& notice)
{
    return {{"number", notice.number},
            {"recipient", notice.recipient},
            {"send_to", notice.send_to},
            {"state", notice.state},
            {"attempts", notice.attempts},
            {"created", json_of(notice.created)},
            {"next_attempt", notice.state == "due" ? json_of(notice.next_attempt) : Json(nullptr)},
            {"message_id", notice.message_id},
            {"reply", notice.reply}};
}

Json json_of(const WhitelistRow& row)
{
    return {{"id", row.id},
            {"from", row.mailfrom},
            {"to", row.recipient},
            {"created", row.created},
            {"last_used", row.last_used},
            {"comment", row.comment},
            {"permanent", row.permanent}};
}

} // namespace qm::ctl
