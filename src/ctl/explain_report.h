// What `explain` says about one mail, and about many.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ctl/asked_mail.h"
#include "ctl/json_of.h"
#include "ctl/output.h"
#include "quarantine/explanation.h"

namespace qm::ctl {

/// Everything the judgement looked at.
void print_explanation(Output& output, const AskedMail& asked, const Explanation& explanation);
Json json_of(const AskedMail& asked, const Explanation& explanation);

/// Counts many mails and keeps those that would be held.
///
/// Thread-safety: none.
class ExplainSummary {
  public:
    void add(const AskedMail& asked, const Explanation& explanation);
    void skipped(const std::string& name, const std::string& why);

    std::uint64_t mails() const { return mails_; }
    bool somebody_held() const { return !held_.empty(); }
    void print(Output& output) const;
    Json json() const;

  private:
    struct Held {
        std::string name;
        std::string subject;
        std::vector<std::string> quarantines; ///< "" for one that is deferred or refused without being held
        std::string answer;
    };
    std::uint64_t mails_ = 0;
    std::vector<Held> held_;
    std::map<std::string, std::uint64_t> by_quarantine_;
    std::uint64_t deferred_ = 0;
    std::vector<std::pair<std::string, std::string>> skipped_;
};

} // namespace qm::ctl
