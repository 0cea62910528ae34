#include "html/link.h"

#include <algorithm>

#include "base/text.h"
#include "html/sanitizer.h"

namespace qm::html {
namespace {

constexpr std::string_view kNotNamed = "target not shown";
constexpr std::size_t kMaxLabel = 400; ///< bytes of a link's text that are compared with its target
constexpr std::size_t kMaxWord = 400;  ///< bytes of the word before a link
constexpr std::string_view kNoBreakSpace = "\u00A0";
constexpr double kLeastBlank = 0.72; ///< size of a blank's letters, as a part of those beside it

bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// The address without the slash that is all of its path.
std::string_view without_root(std::string_view address)
{
    const auto scheme = address.find("://");
    const auto path = address.find('/', scheme == std::string_view::npos ? 0 : scheme + 3);
    return path + 1 == address.size() ? address.substr(0, path) : address;
}

/// Is the text of a link its target already? Both are read exactly: a capital I looks like a small l. What
/// begins with a letter is read from there to its end, whatever stands before it.
bool says_the_same(std::string_view label, std::string_view target)
{
    label = text::trim(label);
    if (label.empty() || !is_letter(label.front())) {
        return false;
    }
    for (const std::string_view scheme : {"https://", "http://", "mailto:"}) {
        if (target.starts_with(scheme) && !label.starts_with(scheme)) {
            target.remove_prefix(scheme.size());
            const std::string_view user = target.substr(0, target.rfind('@'));
            if (scheme == "mailto:" && user.find_first_of("/\\:?#") != std::string_view::npos) {
                return false; // mailto:https://bank.example/@evil.example
            }
            break; // a host may be called "mailto:"
        }
    }
    return without_root(label) == without_root(target);
}

/// May an address have gone on up to this character?
bool is_of_address(char c)
{
    constexpr std::string_view kSigns = "./-_@:%?&=#~+$\\";
    return is_letter(c) || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80 ||
           kSigns.find(c) != std::string_view::npos;
}

bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/// Without the blanks at its end.
std::string_view before_blanks(std::string_view text)
{
    for (;;) {
        if (text.ends_with(kNoBreakSpace)) {
            text.remove_suffix(kNoBreakSpace.size());
        } else if (!text.empty() && is_blank(text.back())) {
            text.remove_suffix(1);
        } else {
            return text;
        }
    }
}

/// What stands behind the last blank in it.
std::string_view last_word(std::string_view text)
{
    const auto word = std::find_if(text.rbegin(), text.rend(), is_blank).base();
    text.remove_prefix(static_cast<std::size_t>(word - text.begin()));
    const auto no_break = text.rfind(kNoBreakSpace);
    return no_break == std::string_view::npos ? text : text.substr(no_break + kNoBreakSpace.size());
}

/// Could somebody read an address in it? An address has "://", an @, or a dot before letters.
bool looks_like_address(std::string_view label)
{
    const auto is_of_name = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               static_cast<unsigned char>(c) >= 0x80;
    };
    if (label.find("://") != std::string_view::npos || label.find('@') != std::string_view::npos) {
        return true;
    }
    for (std::size_t i = 1; i + 2 < label.size(); ++i) {
        const bool is_number = label[i + 1] >= '0' && label[i + 1] <= '9';
        if (label[i] == '.' && is_of_name(label[i - 1]) && is_of_name(label[i + 1]) &&
            is_of_name(label[i + 2]) && !is_number) {
            return true;
        }
    }
    return false;
}

} // namespace

Link::Link(std::string_view href)
{
    const auto shown = shown_target(href);
    has_name_ = shown.has_value();
    target_ = shown.value_or(std::string(kNotNamed));
}

void Link::enter(const Element& element)
{
    const bool may_be_around = element.role == Role::inline_text || element.name == "br";
    is_plain_ = is_plain_ && label_.empty() && may_be_around;
}

void Link::add(std::string_view text, double letters)
{
    if (label_.empty() && text::trim(text).empty()) {
        return;
    }
    letters_ = std::max(letters_, letters);
    is_plain_ = is_plain_ && (!has_end_ || text::trim(text).empty());
    is_cut_ = is_cut_ || label_.size() + text.size() > kMaxLabel;
    if (label_.size() < kMaxLabel) {
        label_ += text::cut_utf8(text, kMaxLabel);
    }
}

Link::Saying Link::saying() const
{
    if (!has_name_) {
        return is_cut_ || looks_like_address(label_) ? Saying::needed : Saying::not_needed;
    }
    return is_plain_ && !is_cut_ && says_the_same(label_, target_) ? Saying::undecided : Saying::needed;
}

Link::Saying Link::saying_before(std::string_view text, double letters) const
{
    constexpr std::string_view kEnds = ".,;:!?)\"'>]}";
    text.remove_prefix(std::min(text.find_first_not_of(kEnds), text.size()));
    if (text.empty()) {
        return Saying::undecided;
    }
    const bool has_blank = behind_blanks(text).size() < text.size() && letters >= kLeastBlank * letters_;
    return has_blank ? Saying::not_needed : Saying::needed;
}

std::string Link::written() const
{
    const bool has_label = !text::trim(label_).empty();
    return escape((has_label ? " [" : "[") + target_ + "]");
}

std::size_t Link::most_written() const
{
    return escape(" [" + target_ + "]").size();
}

std::string_view behind_blanks(std::string_view text)
{
    for (;;) {
        if (text.starts_with(kNoBreakSpace)) {
            text.remove_prefix(kNoBreakSpace.size());
        } else if (!text.empty() && is_blank(text.front())) {
            text.remove_prefix(1);
        } else {
            return text;
        }
    }
}

void WordBefore::add(std::string_view text, double letters)
{
    const bool is_parted = is_parted_from(text, letters);
    const std::string_view rest = behind_blanks(text);
    if (rest.size() < text.size()) {
        blank_ = std::max(blank_, letters);
    }
    if (rest.empty()) {
        return;
    }
    const std::string_view words = before_blanks(rest);
    const std::string_view last = last_word(words);
    if (is_parted || last.size() < words.size()) {
        word_.clear();
        letters_ = 0;
    }
    word_ += last.substr(last.size() - std::min(last.size(), kMaxWord));
    word_.erase(0, word_.size() - std::min(word_.size(), kMaxWord));
    letters_ = std::max(letters_, letters);
    blank_ = words.size() < rest.size() ? letters : 0;
}

void WordBefore::end()
{
    word_.clear();
    letters_ = 0;
    blank_ = 0;
}

bool WordBefore::is_parted_from(std::string_view text, double letters) const
{
    const bool begins_with_blank = behind_blanks(text).size() < text.size();
    const double blank = begins_with_blank ? std::max(blank_, letters) : blank_;
    return word_.empty() || blank >= kLeastBlank * std::max(letters_, letters);
}

bool WordBefore::may_be_address() const
{
    return !word_.empty() &&
           (word_.size() >= kMaxWord || is_of_address(word_.back()) || looks_like_address(word_));
}

} // namespace qm::html
