#include "html/tokens.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace qm::html {
namespace {

constexpr auto npos = std::string_view::npos;

bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/// Where the name that begins `text` ends, of a tag or (`more` is the equals sign) of an attribute.
std::size_t end_of_name(std::string_view text, char more = '>')
{
    const auto ends = [&](char c) { return c == '>' || c == '/' || c == more || is_space(c); };
    return static_cast<std::size_t>(std::ranges::find_if(text, ends) - text.begin());
}

/// `text` from the first character on that is no white space.
std::string_view behind_space(std::string_view text)
{
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    return text;
}

/// What is done with an element whose content is not markup of the page.
enum class Special : std::uint8_t {
    drop_text,     ///< its content is no markup; gone, up to the end of the input if it is never closed
    drop_tree,     ///< its content is gone when the element is closed at all
    show_text,     ///< its content is shown in a <pre>, character references read
    show_verbatim, ///< its content is shown as written, in a <pre>
    show_rest,     ///< the same, and nothing ends it
};

struct SpecialElement {
    std::string_view name;
    Special special;
};

constexpr std::array kSpecialElements = {
    SpecialElement{"iframe", Special::drop_text},   SpecialElement{"noembed", Special::drop_text},
    SpecialElement{"noframes", Special::drop_text}, SpecialElement{"plaintext", Special::show_rest},
    SpecialElement{"script", Special::drop_text},   SpecialElement{"style", Special::drop_text},
    SpecialElement{"template", Special::drop_tree}, SpecialElement{"textarea", Special::show_text},
    SpecialElement{"title", Special::drop_text},    SpecialElement{"xmp", Special::show_verbatim},
};

const SpecialElement* find_special(std::string_view name)
{
    const auto* const found = std::ranges::find(kSpecialElements, name, &SpecialElement::name);
    return found == kSpecialElements.end() ? nullptr : found;
}

/// Does the tag that begins `text` have this name? `name` with "<" or "</".
bool is_tag(std::string_view text, std::string_view name)
{
    if (!text::starts_with_ignoring_case(text, name)) {
        return false;
    }
    const char behind = text.size() == name.size() ? '>' : text[name.size()];
    return is_space(behind) || behind == '/' || behind == '>';
}

/// Where the end tag stands, npos when there is none.
std::size_t end_of_raw(std::string_view text, std::string_view name)
{
    const std::string tag = "</" + std::string(name);
    for (auto at = text.find("</"); at != npos; at = text.find("</", at + 2)) {
        if (is_tag(text.substr(at), tag)) {
            return at;
        }
    }
    return npos;
}

/// The same of a script: behind "<!--" a script in the script has an end tag of its own (WHATWG HTML, "script
/// data double escaped state").
std::size_t end_of_script(std::string_view text)
{
    bool is_escaped = false;
    bool is_inner = false;
    for (auto at = text.find_first_of("<-"); at != npos; at = text.find_first_of("<-", at + 1)) {
        const std::string_view rest = text.substr(at);
        if (rest.starts_with("-->")) {
            is_escaped = is_inner = false;
        } else if (rest.starts_with("<!--")) {
            is_escaped = true;
            ++at; // the dashes may belong to the end, too
        } else if (is_tag(rest, "</script")) {
            if (!is_inner) {
                return at;
            }
            is_inner = false;
        } else if (is_escaped && is_tag(rest, "<script")) {
            is_inner = true;
        }
    }
    return npos;
}

/// For a program that runs scripts <noscript> is a text up to its end tag wherever that stands.
bool has_end_of_noscript(std::string_view markup)
{
    for (auto at = markup.find('<'); at != npos; at = markup.find('<', at + 1)) {
        if (text::starts_with_ignoring_case(markup.substr(at), "</noscript")) {
            return true;
        }
    }
    return false;
}

} // namespace

const RawAttribute* Token::find(std::string_view attribute) const
{
    const auto found = std::ranges::find_if(
        attributes, [&](const RawAttribute& raw) { return text::equals_ignoring_case(raw.name, attribute); });
    return found == attributes.end() ? nullptr : &*found;
}

const Token& Tokenizer::next()
{
    if (held_) {
        token_ = *std::exchange(held_, std::nullopt);
        return token_;
    }
    if (!pending_.empty()) {
        token_.clear();
        token_.kind = pending_kind_;
        token_.text = std::exchange(pending_, {});
        return token_;
    }
    if (!pending_end_.empty()) {
        token_.clear();
        token_.kind = Token::Kind::end;
        token_.name = std::exchange(pending_end_, {});
        return token_;
    }
    for (;;) {
        token_.clear();
        if (rest_.empty()) {
            return token_;
        }
        if (rest_.front() == '<') {
            const std::string_view before = rest_;
            const bool may_hide = has_noscript_;
            const bool has_token = read_markup();
            const bool hides =
                may_hide && has_end_of_noscript(before.substr(1, before.size() - rest_.size() - 1));
            if (hides && !has_said_so_ && has_token) {
                held_ = std::move(token_);
            }
            if ((hides && say_so()) || has_token) {
                return token_;
            }
            continue;
        }
        const auto end = std::min(rest_.find('<'), rest_.size());
        token_.kind = Token::Kind::text;
        token_.text = rest_.substr(0, end);
        rest_.remove_prefix(end);
        return token_;
    }
}

/// At a `<`. True when there is a token; false when something was skipped.
bool Tokenizer::read_markup()
{
    const char second = rest_.size() > 1 ? rest_[1] : '\0';
    if (second == '!') {
        return read_declaration();
    }
    if (second == '?') {
        skip_to(">");
        return false;
    }
    if (second == '/') {
        return read_end_tag();
    }
    if (is_letter(second)) {
        return read_start_tag();
    }
    token_.kind = Token::Kind::text;
    token_.text = rest_.substr(0, 1);
    rest_.remove_prefix(1);
    return true;
}

/// At "<!". Inside SVG and MathML CDATA is text, elsewhere it is a comment.
bool Tokenizer::read_declaration()
{
    constexpr std::string_view kBegin = "<![CDATA[";
    if (rest_.starts_with("<!--")) {
        skip_comment();
        return false;
    }
    if (!has_foreign_ || !rest_.starts_with(kBegin)) {
        skip_to(">");
        return false;
    }
    rest_.remove_prefix(kBegin.size());
    token_.kind = Token::Kind::verbatim;
    token_.text = rest_.substr(0, rest_.find("]]>"));
    skip_to("]]>");
    return true;
}

/// Skips up to and including `mark`, or everything when there is none.
void Tokenizer::skip_to(std::string_view mark)
{
    const auto at = rest_.find(mark);
    rest_.remove_prefix(at == npos ? rest_.size() : at + mark.size());
}

void Tokenizer::skip_comment()
{
    if (rest_.starts_with("<!-->")) {
        rest_.remove_prefix(5);
    } else if (rest_.starts_with("<!--->")) {
        rest_.remove_prefix(6);
    } else {
        rest_.remove_prefix(4);
        for (;;) {
            const auto at = rest_.find("--");
            if (at == npos) {
                rest_ = {};
                return;
            }
            rest_.remove_prefix(at);
            if (rest_.starts_with("-->") || rest_.starts_with("--!>")) {
                skip_to(">");
                return;
            }
            rest_.remove_prefix(1);
        }
    }
}

bool Tokenizer::read_end_tag()
{
    if (rest_.size() < 3 || !is_letter(rest_[2])) {
        if (rest_.size() < 3) {
            token_.kind = Token::Kind::text;
            token_.text = rest_;
            rest_ = {};
            return true;
        }
        skip_to(">");
        return false;
    }
    rest_.remove_prefix(2);
    const std::size_t end = end_of_name(rest_);
    token_.kind = Token::Kind::end;
    token_.name = text::to_lower(rest_.substr(0, end));
    rest_.remove_prefix(end);
    while (read_attribute()) {
    }
    token_.attributes.clear();
    if (rest_.empty()) {
        return false;
    }
    rest_.remove_prefix(1);
    return true;
}

bool Tokenizer::read_start_tag()
{
    rest_.remove_prefix(1);
    has_target_ = false;
    const std::string_view tag = rest_;
    const std::size_t end = end_of_name(rest_);
    token_.kind = Token::Kind::start;
    token_.name = text::to_lower(rest_.substr(0, end));
    rest_.remove_prefix(end);
    while (read_attribute()) {
    }
    if (rest_.empty()) {
        return false; // a tag that the input ends in is none
    }
    const bool is_closed = tag[tag.size() - rest_.size() - 1] == '/';
    rest_.remove_prefix(1);
    has_noscript_ = has_noscript_ || token_.name == "noscript";
    has_foreign_ = has_foreign_ || token_.name == "svg" || token_.name == "math";
    has_select_ = has_select_ || token_.name == "select";
    return handle_special(is_closed);
}

/// Inside a tag. False at its `>` (which stays) or at the end of the input.
bool Tokenizer::read_attribute()
{
    while (!rest_.empty() && (is_space(rest_.front()) || rest_.front() == '/')) {
        rest_.remove_prefix(1);
    }
    if (rest_.empty() || rest_.front() == '>') {
        return false;
    }
    // A name may begin with `=`.
    const std::size_t end = 1 + end_of_name(rest_.substr(1), '=');
    RawAttribute attribute;
    attribute.name = rest_.substr(0, end);
    rest_.remove_prefix(end);
    if (const std::string_view behind = behind_space(rest_); behind.starts_with('=')) {
        rest_ = behind.substr(1);
        attribute.value = read_value();
    }
    if (token_.attributes.size() < kMaxAttributes) {
        token_.attributes.push_back(attribute);
        return true;
    }
    token_.attributes_cut = true;
    if (!has_target_ && text::equals_ignoring_case(attribute.name, "href")) {
        has_target_ = true;
        token_.attributes.push_back(attribute); // where a link leads is shown in any case
    }
    return true;
}

/// Behind the `=` of an attribute.
std::string_view Tokenizer::read_value()
{
    rest_ = behind_space(rest_);
    if (rest_.empty() || rest_.front() == '>') {
        return {};
    }
    const char quote = rest_.front();
    std::string_view value;
    if (quote == '"' || quote == '\'') {
        rest_.remove_prefix(1);
        const auto end = rest_.find(quote);
        value = rest_.substr(0, end);
        rest_.remove_prefix(end == npos ? rest_.size() : end + 1);
    } else {
        const auto end = rest_.find_first_of(" \t\n\r\f>");
        value = rest_.substr(0, end);
        rest_.remove_prefix(value.size());
    }
    return value;
}

/// Behind a start tag; `is_closed`: it ended in "/>". False when the element and its content are skipped.
bool Tokenizer::handle_special(bool is_closed)
{
    const SpecialElement* const special = find_special(token_.name);
    if (special == nullptr) {
        return true;
    }
    const bool may_be_shadow = token_.find("shadowrootmode") != nullptr || token_.attributes_cut;
    if (special->special == Special::drop_tree && may_be_shadow) {
        return true; // a browser shows its content in place of the element around it
    }
    const auto end = special->special == Special::show_rest ? npos : find_end_tag(special->name);
    const std::string_view content = rest_.substr(0, end);
    if (end != npos) {
        skip_end_tag(end);
    } else if (special->special == Special::drop_tree) {
        return false;
    } else {
        rest_ = {};
    }
    if (special->special == Special::drop_text || special->special == Special::drop_tree) {
        return drop(content, is_closed);
    }
    const RawAttribute* const placeholder = token_.find("placeholder");
    const bool has_placeholder =
        special->special == Special::show_text && placeholder != nullptr && text::trim(content).empty();
    pending_ = has_placeholder ? placeholder->value : content;
    token_.name = "pre";
    token_.attributes.clear();
    pending_kind_ = special->special == Special::show_text ? Token::Kind::text : Token::Kind::verbatim;
    pending_end_ = "pre";
    return true;
}

/// False when nobody could have seen the content of this element. In SVG and MathML it is markup, and none
/// where the element is closed already; in <select> tags mean nothing.
bool Tokenizer::drop(std::string_view content, bool is_closed)
{
    const bool is_page = token_.name == "iframe" && token_.find("srcdoc") != nullptr;
    const bool may_be_seen = !text::trim(content).empty() &&
                             (has_select_ || (has_foreign_ && (is_closed || content.find('<') != npos)));
    return (is_page || may_be_seen) && say_so();
}

/// Makes kLeftOut the token. False when it has been one.
bool Tokenizer::say_so()
{
    if (has_said_so_) {
        return false;
    }
    has_said_so_ = true;
    token_.clear();
    token_.kind = Token::Kind::verbatim;
    token_.text = kLeftOut;
    return true;
}

/// Where `</name` stands, npos when it does not. A name that was looked for in vain is never looked for
/// again, and what is found is skipped: so all searches together are linear.
std::size_t Tokenizer::find_end_tag(std::string_view name)
{
    if (std::ranges::find(never_closed_, name) != never_closed_.end()) {
        return npos;
    }
    const std::size_t at = name == "script" ? end_of_script(rest_) : end_of_raw(rest_, name);
    if (at != npos) {
        return at;
    }
    never_closed_.emplace_back(name);
    return npos;
}

void Tokenizer::skip_end_tag(std::size_t at)
{
    rest_.remove_prefix(at);
    skip_to(">");
}

} // namespace qm::html
