#include "config/dictionary.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"

namespace qm::config {
namespace {

/// No option's name comes near this; what is longer is not compared.
constexpr std::size_t kLongestName = 64;

/// How many letters have to be added, dropped, changed or swapped with their neighbour to make `b` of `a`.
std::size_t distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> before_last(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        last[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t changed = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, changed});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before_last[j - 2] + 1);
            }
        }
        before_last.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

} // namespace

std::string file_key(std::string_view option)
{
    return std::string(option) + "_file";
}

Dictionary::Dictionary(const Vocabulary& vocabulary)
{
    // What may stand anywhere goes first: an option in both kinds of table is not limited to [global].
    for (const auto& table : vocabulary.anywhere) {
        for (const Option& option : table) {
            add(option, false);
        }
    }
    for (const auto& table : vocabulary.global) {
        for (const Option& option : table) {
            add(option, true);
        }
    }
    // Last, so that a table's own option of such a name is the one that counts.
    const auto named = words_;
    for (const auto& [name, word] : named) {
        if (word.option->kind == OptionKind::secret) {
            words_.try_emplace(file_key(name),
                               Word{word.option, word.global_only, true, file_key(word.option->name)});
        }
    }
}

void Dictionary::add(const Option& option, bool global_only)
{
    const Word word{&option, global_only, false, std::string(option.name)};
    words_.try_emplace(text::to_lower(option.name), word);
    for (const std::string_view alias : text::split(option.aliases, '|')) {
        words_.try_emplace(text::to_lower(alias), word);
    }
}

const Word* Dictionary::find(std::string_view name) const
{
    if (name.size() > kLongestName) {
        return nullptr;
    }
    const auto found = words_.find(text::to_lower(name));
    return found == words_.end() ? nullptr : &found->second;
}

std::string_view Dictionary::nearest(std::string_view name) const
{
    if (name.size() > kLongestName) {
        return {};
    }
    const std::string lower = text::to_lower(name);
    std::string_view best;
    // One slip in a short name, two in a longer one, three in a long one: more is a guess.
    std::size_t least = std::clamp<std::size_t>((lower.size() + 1) / 3, 1, 3) + 1;
    for (const auto& [known, word] : words_) {
        const std::size_t slips = distance(lower, known);
        if (slips < least && slips < known.size()) {
            least = slips;
            best = known;
        }
    }
    return best;
}

} // namespace qm::config
