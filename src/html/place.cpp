#include "html/place.h"

#include <algorithm>
#include <array>

namespace qm::html {
namespace {

constexpr std::array<std::string_view, 18> kAddresses = {
    "action",   "background", "cite",    "classid", "codebase", "data",
    "dynsrc",   "formaction", "href",    "icon",    "longdesc", "lowsrc",
    "manifest", "poster",     "profile", "src",     "usemap",   "xlink:href"};
/// Scripts, style sheets, HTML, and lists of addresses; `content` may send the reader elsewhere.
constexpr std::array<std::string_view, 8> kClosed = {"archive", "content", "http-equiv", "imagesrcset",
                                                     "ping",    "srcdoc",  "srcset",     "style"};
/// Elements whose content is text in which character references count ...
constexpr std::array<std::string_view, 2> kTextOnly = {"textarea", "title"};
/// ... and in which they do not.
constexpr std::array<std::string_view, 7> kRaw = {"iframe", "noembed", "noframes", "plaintext",
                                                  "script", "style",   "xmp"};
constexpr std::array<std::string_view, 3> kWithHost = {"ftp", "http", "https"};
constexpr std::array<std::string_view, 4> kWithoutHost = {"cid", "mailto", "mid", "tel"};

bool is_among(const auto& names, std::string_view name)
{
    return std::ranges::find(names, name) != names.end();
}

bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_letter(char c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

bool is_slash(char c)
{
    return c == '/' || c == '\\'; // to a browser
}

} // namespace

bool AddressReader::begin(char c)
{
    if (c == ':') {
        state_ = is_among(kWithHost, scheme_)      ? State::slashes
                 : is_among(kWithoutHost, scheme_) ? State::rest
                                                   : State::foreign;
        return !has_value_;
    }
    if (is_slash(c)) {
        state_ = State::slash;
    } else if (c == '?' || c == '#') {
        state_ = State::rest;
    } else if (c == '&') {
        state_ = State::foreign; // whatever character that is
    } else {
        scheme_.push_back(lower(c));
    }
    return true;
}

bool AddressReader::read(char c)
{
    if (static_cast<unsigned char>(c) <= ' ') {
        return true; // a browser does not see it either
    }
    switch (state_) {
    case State::begin:
        return begin(c);
    case State::slash:
        state_ = is_slash(c) ? State::slashes : State::rest;
        break;
    case State::slashes:
        state_ = is_slash(c) ? State::slashes : State::host;
        break;
    case State::host:
        state_ = is_slash(c) || c == '?' || c == '#' ? State::rest : State::host;
        break;
    case State::rest:
    case State::foreign:
        break;
    }
    return true;
}

Spot AddressReader::value()
{
    // It may be empty: what comes behind it is read as if it were.
    has_value_ = true;
    switch (state_) {
    case State::slashes:
    case State::host:
        return {Place::nowhere, "in the host of an address"};
    case State::foreign:
        return {Place::nowhere, "in an address that begins neither with http: or https: nor with mailto:"};
    default:
        return {Place::url, "in an address"};
    }
}

bool PlaceReader::read(char c)
{
    switch (state_) {
    case State::text:
        state_ = c == '<' ? State::opened : State::text;
        break;
    case State::opened:
    case State::closing:
    case State::declaration:
        markup(c);
        break;
    case State::skipped:
        state_ = c == '>' ? State::text : State::skipped;
        break;
    case State::comment:
        comment(c);
        break;
    case State::quoted:
        state_ = c == quote_ ? State::tag : State::quoted;
        return state_ == State::tag || !is_among(kAddresses, attribute_) || address_.read(c);
    case State::element:
        element(c);
        break;
    default:
        inside_tag(c);
    }
    return true;
}

/// Behind "<", "</" or "<!".
void PlaceReader::markup(char c)
{
    if (state_ == State::declaration) {
        word_.push_back(c);
        state_ = word_ == "--"                    ? State::comment
                 : c == '>'                       ? State::text
                 : c == '-' && word_.size() == 1U ? State::declaration
                                                  : State::skipped;
    } else if (is_letter(c)) {
        is_end_tag_ = state_ == State::closing;
        name_.assign(1, lower(c));
        state_ = State::tag_name;
    } else if (state_ == State::opened && c == '/') {
        state_ = State::closing;
    } else if (state_ == State::opened && c == '!') {
        word_.clear();
        state_ = State::declaration;
    } else if (state_ == State::closing || c == '?') {
        state_ = c == '>' ? State::text : State::skipped;
    } else {
        state_ = c == '<' ? State::opened : State::text;
    }
}

void PlaceReader::comment(char c)
{
    word_.push_back(lower(c));
    if (conditional_ == ConditionalComments::read && word_ == "--[if") {
        state_ = State::skipped;
    } else if (word_.ends_with("-->") || word_.ends_with("--!>")) {
        state_ = State::text;
    }
}

void PlaceReader::inside_tag(char c)
{
    if (state_ == State::before_value && (c == '"' || c == '\'')) {
        quote_ = c;
        address_ = AddressReader();
        state_ = State::quoted;
    } else if (c == '>') {
        end_tag();
    } else if (state_ == State::before_value) {
        state_ = is_blank(c) ? State::before_value : State::unquoted;
    } else if (state_ == State::unquoted) {
        state_ = is_blank(c) ? State::tag : State::unquoted;
    } else if (c == '/') {
        state_ = State::tag;
    } else if (is_blank(c)) {
        // A "=" may still follow the name of an attribute; any other character begins the next name.
        state_ = state_ == State::attribute || state_ == State::behind_name ? State::behind_name : State::tag;
    } else if (state_ == State::tag_name) {
        name_.push_back(lower(c));
    } else if (c == '=' && state_ != State::tag) {
        state_ = State::before_value;
    } else {
        attribute_ = state_ == State::attribute ? attribute_ : std::string();
        attribute_.push_back(lower(c));
        state_ = State::attribute;
    }
}

void PlaceReader::end_tag()
{
    if (is_end_tag_) {
        foreign_ = name_ == foreign_ ? "" : foreign_;
    } else if (foreign_.empty() && (name_ == "svg" || name_ == "math")) {
        foreign_ = name_;
    }
    const bool has_content = !is_end_tag_ && (is_among(kTextOnly, name_) || is_among(kRaw, name_));
    state_ = has_content ? State::element : State::text;
    word_.clear();
}

/// Looks for the end tag.
void PlaceReader::element(char c)
{
    const std::string mark = "</" + name_;
    if (c == '<') {
        word_.clear();
    }
    if (word_ == mark) {
        is_end_tag_ = true;
        state_ = c == '>' ? State::text : is_blank(c) || c == '/' ? State::tag : State::element;
    }
    word_.push_back(lower(c));
    if (!mark.starts_with(word_)) {
        word_.clear();
    }
}

Spot PlaceReader::value()
{
    if (!foreign_.empty()) {
        return {Place::nowhere, "in <" + foreign_ + ">"};
    }
    switch (state_) {
    case State::text:
        return {Place::text, "in text"};
    case State::comment:
        word_.push_back('.');
        return {Place::enclosed, "in a comment"};
    case State::element:
        word_.clear();
        return {is_among(kTextOnly, name_) ? Place::enclosed : Place::nowhere, "in <" + name_ + ">"};
    case State::quoted:
        return in_value();
    case State::before_value:
    case State::unquoted:
        return {Place::nowhere, "in an attribute value without quotation marks"};
    case State::declaration:
    case State::skipped:
        return {Place::nowhere, "in a declaration"};
    default:
        return {Place::nowhere, "in a tag"};
    }
}

Spot PlaceReader::in_value()
{
    if (attribute_.starts_with("on") || is_among(kClosed, attribute_)) {
        return {Place::nowhere, "in the attribute " + attribute_};
    }
    return is_among(kAddresses, attribute_) ? address_.value()
                                            : Spot{Place::enclosed, "in an attribute value"};
}

} // namespace qm::html
