#include "mail/text_parts.h"

#include <algorithm>
#include <tuple>

namespace qm::mail {
namespace {

/// How willingly a text is shown: the lesser value first.
enum class Rank : std::uint8_t { html, plain, other_text, none };

Rank rank_of(const Leaf& leaf)
{
    if (!GMIME_IS_PART(leaf.object) || leaf.is_attachment) {
        return Rank::none;
    }
    if (is_html(leaf)) {
        return Rank::html;
    }
    if (leaf.type == "text/plain") {
        return Rank::plain;
    }
    // Unknown kinds of text can be read as plain text (RFC 2046, section 4.1.4), but for invitations.
    const bool is_other = leaf.type.starts_with("text/") && leaf.type != "text/calendar";
    return is_other && leaf.name.empty() ? Rank::other_text : Rank::none;
}

struct Candidate {
    std::size_t number = 0; ///< of the leaf
    const Leaf* leaf = nullptr;
    Rank rank = Rank::none;
};

/// The best first.
std::vector<Candidate> candidates_of(const std::vector<Leaf>& leaves)
{
    std::vector<Candidate> candidates;
    for (std::size_t i = leaves.size(); i > 0; --i) { // of equal alternatives the last is the best
        if (const Rank rank = rank_of(leaves[i - 1]); rank != Rank::none) {
            candidates.push_back({i - 1, &leaves[i - 1], rank});
        }
    }
    std::ranges::stable_sort(candidates, [](const Candidate& a, const Candidate& b) {
        return std::tuple(a.leaf->level, a.leaf->is_beside, a.rank) <
               std::tuple(b.leaf->level, b.leaf->is_beside, b.rank);
    });
    return candidates;
}

class Selection {
  public:
    Selection(const Leaves& leaves, const std::function<bool(const Leaf&)>& is_blank)
        : leaves_(leaves), is_blank_(is_blank), chosen_(leaves.choices, kNoBranch)
    {
        parts_.uses.assign(leaves.all.size(), Use::not_shown);
    }

    TextParts take()
    {
        for (const Candidate& candidate : candidates_of(leaves_.all)) {
            consider(candidate);
        }
        for (std::size_t i = 0; i < leaves_.all.size(); ++i) {
            if (is_left(leaves_.all[i], Left::by_alternatives)) {
                replace(leaves_.all[i], parts_.uses[i]);
            }
        }
        return std::move(parts_);
    }

  private:
    void consider(const Candidate& candidate)
    {
        const Leaf& leaf = *candidate.leaf;
        Use& use = parts_.uses[candidate.number];
        const bool is_better =
            leaf.level == level_ && (candidate.rank < Rank::other_text || rank_ == candidate.rank);
        if ((has_text_ && !is_better) || is_left(leaf, Left::by_any)) {
            return;
        }
        if (is_blank_(leaf)) {
            use = Use::blank;
            return;
        }
        use = Use::shown;
        if (!has_text_) {
            has_text_ = true;
            level_ = leaf.level;
            rank_ = candidate.rank;
        }
        for (std::size_t i = leaf.branch; i != kNoBranch; i = leaves_.branches[i].outer) {
            chosen_[leaves_.branches[i].choice] = i;
        }
    }

    /// Some programs show the last alternative whatever it is, some HTML wherever it stands.
    void replace(const Leaf& leaf, Use& use)
    {
        const bool is_blank_html = use == Use::blank && is_html(leaf);
        const bool is_text_behind = use == Use::not_shown && rank_of(leaf) < Rank::other_text &&
                                    is_left(leaf, Left::by_earlier_alternatives) && !is_blank_(leaf);
        parts_.contradict = parts_.contradict || is_blank_html || is_text_behind;
        use = use == Use::not_shown ? Use::replaced : use;
    }

    enum class Left : std::uint8_t { by_any, by_alternatives, by_earlier_alternatives };

    static bool counts(const Branch& chosen, const Branch& left, Left how)
    {
        return how == Left::by_any ||
               (left.is_alternative && (how == Left::by_alternatives || chosen.number < left.number));
    }

    /// True when a part in another branch is shown.
    bool is_left(const Leaf& leaf, Left how) const
    {
        for (std::size_t i = leaf.branch; i != kNoBranch; i = leaves_.branches[i].outer) {
            const Branch& branch = leaves_.branches[i];
            const std::size_t chosen = chosen_[branch.choice];
            if (chosen != kNoBranch && chosen != i && counts(leaves_.branches[chosen], branch, how)) {
                return true;
            }
        }
        return false;
    }

    const Leaves& leaves_;
    const std::function<bool(const Leaf&)>& is_blank_;
    std::vector<std::size_t> chosen_; ///< branch of each choice
    TextParts parts_;
    bool has_text_ = false;
    std::size_t level_ = 0;  ///< of what is shown
    Rank rank_ = Rank::none; ///< of the best that is shown
};

} // namespace

TextParts text_parts(const Leaves& leaves, const std::function<bool(const Leaf&)>& is_blank)
{
    return Selection(leaves, is_blank).take();
}

bool is_html(const Leaf& leaf)
{
    return leaf.type == "text/html" || leaf.type == "application/xhtml+xml";
}

} // namespace qm::mail
