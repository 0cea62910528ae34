#include "quarantine/answer.h"

#include <unordered_set>

namespace qm {

Answer answer_for(const Settings& settings, const Envelope& envelope, const policy::Verdict& verdict)
{
    Answer answer;
    if (verdict.tempfail) {
        answer.reply = Answer::Reply::tempfail;
        return answer;
    }
    bool somebody_remains = false;
    std::unordered_set<std::string_view> removed;
    for (std::size_t i = 0; i < verdict.recipients.size(); ++i) {
        const auto& ends_in = verdict.recipients.at(i).ends_in;
        if (ends_in && settings.quarantines.at(*ends_in).holds()) {
            const std::string& argument = envelope.recipients.at(i);
            if (removed.insert(argument).second) {
                answer.remove.push_back(argument);
            }
            continue;
        }
        somebody_remains = true;
        if (ends_in && !answer.mta_hold) {
            answer.mta_hold = settings.quarantines.at(*ends_in).name;
            answer.by = ends_in;
        }
    }
    if (somebody_remains) {
        return answer;
    }
    answer.by = policy::preferred_quarantine(verdict, settings.ruleset.rules(), settings.preferred);
    if (!answer.by) {
        return answer; // no recipient at all
    }
    answer.remove.clear();
    const Quarantine& quarantine = settings.quarantines.at(*answer.by);
    if (quarantine.action == policy::Action::reject) {
        answer.reply = Answer::Reply::reject;
        answer.reject_reason = quarantine.reject_reason;
    } else {
        answer.reply = Answer::Reply::discard;
    }
    return answer;
}

std::string reason_with_id(std::string reason, std::string_view id)
{
    constexpr std::string_view kVariable = "{QUARANTINE_ID}";
    for (auto place = reason.find(kVariable); place != std::string::npos;
         place = reason.find(kVariable, place + id.size())) {
        reason.replace(place, kVariable.size(), id);
    }
    return reason;
}

} // namespace qm
