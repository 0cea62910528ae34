// What a walk over HTML shows, written down.
#pragma once

#include <string>
#include <string_view>

#include "html/tree.h"

namespace qm::test {

class Events final : public html::Visitor {
  public:
    void enter(const html::Element& element, const html::Attributes& attributes,
               html::Content content) override
    {
        end_text();
        written_ += "enter " + std::string(element.name);
        for (const auto& [attribute, value] : attributes.items()) {
            written_ += " " + std::string(attribute->name) + "=[" + std::string(value) + "]";
        }
        const bool has_text_only = !is_void(element) && content == html::Content::text;
        written_ += has_text_only ? " of text\n" : "\n";
    }
    void leave(const html::Element& element) override
    {
        end_text();
        written_ += "leave " + std::string(element.name) + "\n";
    }
    void start_link(std::string_view target) override
    {
        end_text();
        written_ += "link [" + std::string(target) + "]\n";
    }
    void end_link() override
    {
        end_text();
        written_ += "end of link\n";
    }
    /// Pieces beside each other are one text.
    void text(std::string_view text) override { text_ += text; }

    std::string take()
    {
        end_text();
        return std::move(written_);
    }

  private:
    void end_text()
    {
        if (!text_.empty()) {
            written_ += "text [" + text_ + "]\n";
            text_.clear();
        }
    }

    std::string written_;
    std::string text_;
};

inline std::string events_of(std::string_view html, bool quickly)
{
    constexpr std::size_t kMaxInput = std::size_t{8} << 20U;
    Events events;
    (quickly ? html::walk_quickly : html::walk)(html, kMaxInput, events);
    return events.take();
}

} // namespace qm::test
