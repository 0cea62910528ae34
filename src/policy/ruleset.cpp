#include "policy/ruleset.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <iterator>
#include <numeric>
#include <span>
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

std::string_view without_leading_blanks(std::string_view value)
{
    const auto begin = value.find_first_not_of(" \t\r\n");
    return begin == std::string_view::npos ? std::string_view{} : value.substr(begin);
}

/// Neither folded nor encoded: decoded it is what it was.
bool is_plain(std::string_view value)
{
    return value.find('\n') == std::string_view::npos && value.find('\r') == std::string_view::npos &&
           value.find("=?") == std::string_view::npos;
}

/// The value as received without its leading blanks, folds as LF + white space.
std::string as_received(std::string_view value)
{
    std::string result(without_leading_blanks(value));
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
    subject.decoded.reserve(field.name.size() + 2 + field.value.size());
    subject.decoded.append(field.name).append(": ");
    const std::size_t name = subject.decoded.size();
    if (is_plain(field.value)) {
        subject.decoded += without_leading_blanks(field.value);
        return subject;
    }
    subject.decoded += mail::decode(field.value);
    std::string received = as_received(field.value);
    if (std::string_view(subject.decoded).substr(name) != received) {
        subject.received = subject.decoded.substr(0, name) + received;
    }
    return subject;
}

/// Everything that regexes see of a message, in the order in which they see it.
class Subjects {
  public:
    explicit Subjects(const mail::Headers& headers)
    {
        all_.reserve(headers.size());
        for (std::size_t i = 0; i < headers.size(); ++i) {
            Subject subject = subject_of(headers[i]);
            all_.push_back({i, std::move(subject.decoded)});
            if (!subject.received.empty()) {
                all_.push_back({i, std::move(subject.received)});
            }
        }
    }

    struct One {
        std::size_t header;
        std::string text;
    };
    std::size_t size() const { return all_.size(); }
    const One& operator[](std::size_t index) const { return all_[index]; }

  private:
    std::vector<One> all_;
};

/// Where each rule has to be searched.
class Places {
  public:
    Places(const Prefilter& prefilter, const Subjects& subjects) : always_(prefilter.always())
    {
        everywhere_.resize(subjects.size());
        std::iota(everywhere_.begin(), everywhere_.end(), std::size_t{0});
        std::vector<std::pair<QuarantineIndex, std::size_t>> found;
        std::vector<Prefilter::Index> rules;
        for (const std::size_t subject : everywhere_) {
            prefilter.search(subjects[subject].text, rules);
            for (const QuarantineIndex rule : rules) {
                found.emplace_back(rule, subject);
            }
        }
        std::ranges::sort(found);
        for (const auto& [rule, subject] : found) {
            if (rules_.empty() || rules_.back() != rule) {
                rules_.push_back(rule);
                begins_.push_back(subjects_.size());
            }
            subjects_.push_back(subject);
        }
        begins_.push_back(subjects_.size());
    }

    /// The rules that have to be searched at all, ascending.
    std::vector<QuarantineIndex> rules() const
    {
        std::vector<QuarantineIndex> all;
        all.reserve(always_.size() + rules_.size());
        std::ranges::merge(always_, rules_, std::back_inserter(all));
        return all;
    }

    /// The subjects of a rule, ascending.
    std::span<const std::size_t> of(QuarantineIndex rule) const
    {
        if (std::ranges::binary_search(always_, rule)) {
            return everywhere_;
        }
        const auto place = std::ranges::lower_bound(rules_, rule);
        if (place == rules_.end() || *place != rule) {
            return {};
        }
        const auto index = static_cast<std::size_t>(place - rules_.begin());
        return std::span(subjects_).subspan(begins_[index], begins_[index + 1] - begins_[index]);
    }

  private:
    const std::vector<Prefilter::Index>& always_;
    std::vector<std::size_t> everywhere_;
    std::vector<QuarantineIndex> rules_; ///< that were found somewhere
    std::vector<std::size_t>
        begins_; ///< of each of them, where its subjects begin, and where the last ones end
    std::vector<std::size_t> subjects_;
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
    Search(const Rule& rule, QuarantineIndex quarantine, const mail::Headers& headers,
           const Subjects& subjects, Budget& budget, Observer* observer)
        : rule_(rule), headers_(headers), subjects_(subjects), budget_(budget), observer_(observer)
    {
        match_.quarantine = quarantine;
    }

    RegexOutcome run(std::span<const std::size_t> places)
    {
        budget_.begin_rule();
        for (const std::size_t place : places) {
            const Subjects::One& subject = subjects_[place];
            if (budget_.spent()) {
                stop(subject);
                break;
            }
            if (try_subject(subject)) {
                return RegexOutcome::match;
            }
        }
        return match_.gave_up ? RegexOutcome::gave_up : RegexOutcome::no_match;
    }

    const Match& match() const { return match_; }
    Match take_match() { return std::move(match_); }

  private:
    /// True when it matches.
    bool try_subject(const Subjects::One& subject)
    {
        const RegexOutcome outcome = rule_.regex.search(subject.text, &match_.groups);
        budget_.count(subject.text.size(), outcome == RegexOutcome::gave_up);
        if (outcome == RegexOutcome::match) {
            match_.gave_up = false;
            match_.header = subject.header;
            match_.line = shown(subject.text);
            return true;
        }
        if (outcome == RegexOutcome::gave_up) {
            note_gave_up(subject);
            if (observer_ != nullptr) {
                observer_->gave_up(rule_, headers_[subject.header]);
            }
        }
        return false;
    }

    /// The first header on which it gave up stands for the match, with every group empty.
    void note_gave_up(const Subjects::One& subject)
    {
        if (match_.gave_up) {
            return;
        }
        match_.gave_up = true;
        match_.header = subject.header;
        match_.line = shown(subject.text);
        for (const std::string& name : rule_.regex.group_names()) {
            match_.groups.emplace_back(name, "");
        }
    }

    void stop(const Subjects::One& subject)
    {
        note_gave_up(subject);
        if (observer_ != nullptr) {
            observer_->stopped(rule_);
        }
    }

    const Rule& rule_;
    const mail::Headers& headers_;
    const Subjects& subjects_;
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
void find_matches(const std::vector<Rule>& rules, const Prefilter& prefilter, const Client& client,
                  const mail::Headers& headers, Observer* observer, Verdict& verdict)
{
    const auto address = parse_address(client.address);
    const Subjects subjects(headers);
    const Places places(prefilter, subjects);
    std::vector<QuarantineIndex> concerned = places.rules();
    if (observer != nullptr && observer->wants_every_rule()) {
        concerned.resize(rules.size());
        std::iota(concerned.begin(), concerned.end(), QuarantineIndex{0});
    }
    Budget budget;
    for (const QuarantineIndex i : concerned) {
        const Rule& rule = rules[i];
        if (ignores(rule, address)) {
            if (observer != nullptr) {
                observer->ignored(rule);
            }
            continue;
        }
        Search search(rule, i, headers, subjects, budget, observer);
        const RegexOutcome outcome = search.run(places.of(i));
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

/// Says of those who have not ended yet what this quarantine makes of them.
void judge_recipients(const Envelope& envelope, const Rule& rule, QuarantineIndex quarantine,
                      const Exempt& exempt, Observer* observer, std::vector<RecipientVerdict>& verdicts)
{
    std::vector<std::size_t> undecided;
    std::vector<std::string_view> addresses;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        if (!verdicts[i].ends_in) {
            undecided.push_back(i);
            addresses.push_back(mail::without_brackets(envelope.recipients.at(i)));
        }
    }
    if (undecided.empty()) {
        return;
    }
    const std::vector<bool> exempted =
        exempt ? exempt(quarantine, envelope.sender, addresses) : std::vector<bool>(addresses.size());
    for (std::size_t i = 0; i < undecided.size(); ++i) {
        const bool is_exempt = exempted.at(i);
        RecipientVerdict& verdict = verdicts[undecided[i]];
        if (observer != nullptr) {
            observer->asked(undecided[i], quarantine, is_exempt);
        }
        if (is_exempt) {
            continue;
        }
        if (rule.action == Action::accept) {
            verdict.observed_by.push_back(quarantine);
        } else {
            verdict.ends_in = quarantine;
        }
    }
}

bool removes_recipients(Action action)
{
    return action == Action::discard || action == Action::reject;
}

} // namespace

Ruleset::Ruleset(std::vector<Rule> rules) : rules_(std::move(rules))
{
    std::vector<std::string_view> patterns;
    for (const Rule& rule : rules_) {
        patterns.emplace_back(rule.regex.pattern());
    }
    prefilter_ = Prefilter(patterns);
}

Verdict Ruleset::judge(const Envelope& envelope, const mail::Headers& headers, const Exempt& exempt,
                       Observer* observer) const
{
    Verdict verdict;
    find_matches(rules_, prefilter_, envelope.client, headers, observer, verdict);
    verdict.recipients.resize(envelope.recipients.size());
    for (const Match& match : verdict.matches) {
        judge_recipients(envelope, rules_[match.quarantine], match.quarantine, exempt, observer,
                         verdict.recipients);
    }
    for (const RecipientVerdict& recipient : verdict.recipients) {
        const auto& end = recipient.ends_in;
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
