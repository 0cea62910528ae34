#include "policy/ruleset.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

#include "base/text.h"
#include "mail/address.h"
#include "mail/decode.h"

namespace qm::policy {
namespace {

constexpr std::size_t kMaxLine = 1000;
constexpr int kMaxGaveUp = 20;
constexpr std::chrono::seconds kRuleTime{1};
constexpr std::chrono::seconds kMessageTime{5};
/// The clock is looked at after this many bytes of subjects: asking it costs as much as searching a header.
constexpr std::size_t kBytesBetweenLooks = 4096;

using CpuTime = std::chrono::nanoseconds;

/// Of this thread, so that a busy machine holds no mail.
CpuTime cpu_time()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// The value as received without its leading blanks, folds as LF + white space.
std::string as_received(std::string_view value)
{
    const auto begin = value.find_first_not_of(" \t\r\n");
    std::string result(begin == std::string_view::npos ? std::string_view{} : value.substr(begin));
    std::size_t end = 0;
    for (std::size_t i = 0; i < result.size(); ++i) {
        if (result[i] != '\r' || i + 1 == result.size() || result[i + 1] != '\n') {
            result[end++] = result[i];
        }
    }
    result.resize(end);
    return result;
}

/// One header as the regexes see it.
struct Subject {
    std::string decoded;
    std::string received; ///< empty when it is the same
};

Subject subject_of(const mail::HeaderField& field)
{
    Subject subject;
    subject.decoded.append(field.name).append(": ");
    const std::size_t name = subject.decoded.size();
    subject.decoded += mail::decode(field.value);
    std::string received = as_received(field.value);
    if (std::string_view(subject.decoded).substr(name) != received) {
        subject.received = subject.decoded.substr(0, name) + received;
    }
    return subject;
}

/// The subjects of a message, made when the first rule asks for them and then shared by all rules.
class Subjects {
  public:
    explicit Subjects(const mail::Headers& headers) : headers_(headers) {}

    const Subject& operator[](std::size_t index)
    {
        while (made_.size() <= index) {
            made_.push_back(subject_of(headers_[made_.size()]));
        }
        return made_[index];
    }

  private:
    const mail::Headers& headers_;
    std::vector<Subject> made_;
};

/// What may still be spent on one message, and on one rule of it.
class Budget {
  public:
    Budget() : message_end_(cpu_time() + kMessageTime) {}

    void begin_rule()
    {
        gave_up_ = 0;
        rule_end_ = message_end_;
        started_ = false;
        spent_ = message_spent_;
    }

    /// After each search.
    void count(std::size_t bytes, bool gave_up)
    {
        gave_up_ += gave_up ? 1 : 0;
        searched_ += bytes;
        if (gave_up || searched_ >= kBytesBetweenLooks) {
            searched_ = 0;
            look();
        }
    }

    bool spent() const { return spent_ || gave_up_ >= kMaxGaveUp; }

  private:
    void look()
    {
        const CpuTime now = cpu_time();
        if (!started_) {
            // A rule that never gets here searched too little to matter.
            started_ = true;
            rule_end_ = std::min(message_end_, now + kRuleTime);
        }
        message_spent_ = now > message_end_;
        spent_ = now > rule_end_;
    }

    CpuTime message_end_;
    CpuTime rule_end_{};
    int gave_up_ = 0;
    std::size_t searched_ = 0; ///< since the last look, by whichever rule
    bool started_ = false;
    bool spent_ = false;
    bool message_spent_ = false;
};

/// A match must fit on one line and into a log or a notice.
std::string shown(std::string_view subject)
{
    return std::string(text::cut_utf8(mail::unfold(subject), kMaxLine));
}

/// One rule on its way through the headers of one message.
class Search {
  public:
    Search(const Rule& rule, QuarantineIndex quarantine, const mail::Headers& headers, Subjects& subjects,
           Budget& budget, Observer* observer)
        : rule_(rule), headers_(headers), subjects_(subjects), budget_(budget), observer_(observer)
    {
        match_.quarantine = quarantine;
    }

    RegexOutcome run()
    {
        budget_.begin_rule();
        for (std::size_t i = 0; i < headers_.size(); ++i) {
            if (budget_.spent()) {
                stop(i);
                break;
            }
            const Subject& subject = subjects_[i];
            if (try_subject(i, subject.decoded) ||
                (!subject.received.empty() && try_subject(i, subject.received))) {
                return RegexOutcome::match;
            }
        }
        return match_.gave_up ? RegexOutcome::gave_up : RegexOutcome::no_match;
    }

    const Match& match() const { return match_; }
    Match take_match() { return std::move(match_); }

  private:
    /// True when it matches.
    bool try_subject(std::size_t header, const std::string& subject)
    {
        const RegexOutcome outcome = rule_.regex.search(subject, &match_.groups);
        budget_.count(subject.size(), outcome == RegexOutcome::gave_up);
        if (outcome == RegexOutcome::match) {
            match_.gave_up = false;
            match_.header = header;
            match_.line = shown(subject);
            return true;
        }
        if (outcome == RegexOutcome::gave_up) {
            note_gave_up(header, subject);
            if (observer_ != nullptr) {
                observer_->gave_up(rule_, headers_[header]);
            }
        }
        return false;
    }

    /// The first header on which it gave up stands for the match, with every group empty.
    void note_gave_up(std::size_t header, const std::string& subject)
    {
        if (match_.gave_up) {
            return;
        }
        match_.gave_up = true;
        match_.header = header;
        match_.line = shown(subject);
        for (const std::string& name : rule_.regex.group_names()) {
            match_.groups.emplace_back(name, "");
        }
    }

    void stop(std::size_t header)
    {
        note_gave_up(header, subjects_[header].decoded);
        if (observer_ != nullptr) {
            observer_->stopped(rule_);
        }
    }

    const Rule& rule_;
    const mail::Headers& headers_;
    Subjects& subjects_;
    Budget& budget_;
    Observer* observer_;
    Match match_;
};

bool ignores(const Rule& rule, const std::optional<AddressBytes>& client)
{
    return client && std::ranges::any_of(rule.ignored_clients,
                                         [&](const Network& network) { return network.contains(*client); });
}

/// Fills in the matches and, where a rule asks for it, tempfail.
void find_matches(const std::vector<Rule>& rules, const Client& client, const mail::Headers& headers,
                  Observer* observer, Verdict& verdict)
{
    const auto address = parse_address(client.address);
    Subjects subjects(headers);
    Budget budget;
    for (QuarantineIndex i = 0; i < rules.size(); ++i) {
        const Rule& rule = rules[i];
        if (ignores(rule, address)) {
            if (observer != nullptr) {
                observer->ignored(rule);
            }
            continue;
        }
        Search search(rule, i, headers, subjects, budget, observer);
        const RegexOutcome outcome = search.run();
        if (observer != nullptr) {
            observer->searched(rule, outcome, search.match());
        }
        const bool gave_up = outcome == RegexOutcome::gave_up;
        if (gave_up && rule.on_regex_limit == OnRegexLimit::tempfail) {
            verdict.tempfail = true;
        } else if (outcome == RegexOutcome::match ||
                   (gave_up && rule.on_regex_limit == OnRegexLimit::match)) {
            verdict.matches.push_back(search.take_match());
        }
    }
}

RecipientVerdict judge_recipient(const Envelope& envelope, std::size_t recipient,
                                 const std::vector<Rule>& rules, const std::vector<Match>& matches,
                                 const Exempt& exempt, Observer* observer)
{
    const std::string_view address = mail::without_brackets(envelope.recipients.at(recipient));
    RecipientVerdict verdict;
    for (const Match& match : matches) {
        const QuarantineIndex quarantine = match.quarantine;
        const bool is_exempt = exempt && exempt(quarantine, envelope.sender, address);
        if (observer != nullptr) {
            observer->asked(recipient, quarantine, is_exempt);
        }
        if (is_exempt) {
            continue;
        }
        if (rules[quarantine].action != Action::accept) {
            verdict.ends_in = quarantine;
            break;
        }
        verdict.observed_by.push_back(quarantine);
    }
    return verdict;
}

bool removes_recipients(Action action)
{
    return action == Action::discard || action == Action::reject;
}

} // namespace

Ruleset::Ruleset(std::vector<Rule> rules) : rules_(std::move(rules)) {}

Verdict Ruleset::judge(const Envelope& envelope, const mail::Headers& headers, const Exempt& exempt,
                       Observer* observer) const
{
    Verdict verdict;
    find_matches(rules_, envelope.client, headers, observer, verdict);
    verdict.recipients.reserve(envelope.recipients.size());
    for (std::size_t i = 0; i < envelope.recipients.size(); ++i) {
        verdict.recipients.push_back(judge_recipient(envelope, i, rules_, verdict.matches, exempt, observer));
        const auto& end = verdict.recipients.back().ends_in;
        verdict.tempfail = verdict.tempfail || (end && rules_[*end].action == Action::tempfail);
    }
    return verdict;
}

std::optional<QuarantineIndex> preferred_quarantine(const Verdict& verdict, const std::vector<Rule>& rules,
                                                    Preferred preferred)
{
    std::optional<QuarantineIndex> best;
    for (const RecipientVerdict& recipient : verdict.recipients) {
        const auto& end = recipient.ends_in;
        if (!end || !removes_recipients(rules.at(*end).action)) {
            continue;
        }
        if (!best || (preferred == Preferred::first ? *end < *best : *end > *best)) {
            best = end;
        }
    }
    return best;
}

} // namespace qm::policy
