#include "html/link.h"

#include <algorithm>

#include "base/text.h"
#include "html/sanitizer.h"

namespace qm::html {
namespace {

constexpr std::string_view kNotNamed = "target not shown";
constexpr std::size_t kMaxLabel = 400; ///< bytes of a link's text that are compared with its target
constexpr std::string_view kNoBreakSpace = "\u00A0";

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
            break; // a host may be called "mailto:"
        }
    }
    return without_root(label) == without_root(target);
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
    is_plain_ = is_plain_ && label_.empty() && element.role == Role::inline_text;
}

void Link::add(std::string_view text)
{
    if (label_.empty() && text::trim(text).empty()) {
        return;
    }
    is_plain_ = is_plain_ && (!has_end_ || text::trim(text).empty());
    if (label_.size() < kMaxLabel) {
        label_ += text::cut_utf8(text, kMaxLabel);
    }
}

Link::Saying Link::saying() const
{
    if (!has_name_) {
        return looks_like_address(label_) ? Saying::needed : Saying::not_needed;
    }
    return is_plain_ && says_the_same(label_, target_) ? Saying::undecided : Saying::needed;
}

Link::Saying Link::saying_before(std::string_view text)
{
    constexpr std::string_view kEnds = ".,;:!?)\"'";
    if (!has_sign_ && !text.empty() && kEnds.find(text.front()) != std::string_view::npos) {
        has_sign_ = true;
        text.remove_prefix(1);
    }
    if (text.empty()) {
        return Saying::undecided;
    }
    const bool goes_on = is_of_address(text.front()) && !text.starts_with(kNoBreakSpace);
    return goes_on ? Saying::needed : Saying::not_needed;
}

bool Link::is_of_address(char c)
{
    constexpr std::string_view kSigns = "./-_@:%?&=#~+$";
    return is_letter(c) || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80 ||
           kSigns.find(c) != std::string_view::npos;
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

} // namespace qm::html
