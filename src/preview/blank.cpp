#include "preview/blank.h"

#include <algorithm>

#include "html/tokens.h"
#include "html/tree.h"
#include "mail/body_text.h"

namespace qm::preview {
namespace {

/// Remembers whether it was shown anything.
class Witness final : public html::Visitor {
  public:
    void enter(const html::Element& element, const html::Attributes& /*attributes*/,
               html::Content /*content*/) override
    {
        saw_something_ = saw_something_ || element.name == "img";
    }
    void leave(const html::Element& /*element*/) override {}
    void start_link(std::string_view /*target*/) override {}
    void end_link() override {}
    void text(std::string_view text) override
    {
        saw_something_ = saw_something_ || !mail::is_blank_text(text);
    }
    bool saw_something() const { return saw_something_; }

  private:
    bool saw_something_ = false;
};

/// A letter or digit before anything that may be a character reference. Most HTML has one near its beginning.
bool has_plain_letter(std::string_view html)
{
    const auto is_alphanumeric = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    html::Tokenizer tokens(html);
    for (;;) {
        const html::Token& token = tokens.next();
        const auto reference = token.text.find('&');
        if (std::ranges::any_of(token.text.substr(0, reference), is_alphanumeric)) {
            return true;
        }
        if (token.kind == html::Token::Kind::done || reference != std::string_view::npos) {
            return false;
        }
    }
}

} // namespace

bool is_blank_html(std::string_view html)
{
    if (has_plain_letter(html)) {
        return false;
    }
    Witness witness;
    html::walk_quickly(html, html.size(), witness);
    return !witness.saw_something();
}

} // namespace qm::preview
