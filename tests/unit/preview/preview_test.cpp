#include "preview/preview.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/text.h"
#include "quarantine/error.h"

using qm::preview::Preview;
using qm::preview::preview;
using qm::preview::PreviewOptions;

namespace {

class TextReader final : public qm::MessageReader {
  public:
    explicit TextReader(std::string text, std::size_t step = 1000) : text_(std::move(text)), step_(step) {}

    std::size_t read(std::span<char> buffer) override
    {
        const std::size_t count = std::min({buffer.size(), step_, text_.size() - at_});
        text_.copy(buffer.data(), count, at_);
        at_ += count;
        return count;
    }
    std::size_t at() const { return at_; }

  private:
    std::string text_;
    std::size_t step_;
    std::size_t at_ = 0;
};

template <typename Error>
class FailingReader final : public qm::MessageReader {
  public:
    std::size_t read(std::span<char> /*buffer*/) override { throw Error("store x: Input/output error"); }
};

Preview of(const std::string& message, const PreviewOptions& options = {})
{
    TextReader reader(message);
    return preview(&reader, options);
}

bool has(const std::string& text, const std::string& piece)
{
    return text.find(piece) != std::string::npos;
}

} // namespace

TEST(Preview, AnHtmlMailIsShownSanitizedAndAsText)
{
    PreviewOptions options;
    options.replacement_image = "cid:r.png";
    const Preview shown =
        of("Subject: Hi\r\nFrom: a@b.example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
           "<p onclick=x>Hello <a href='https://x.example/'>you</a><script>x</script>"
           "<a href='javascript:x'>there</a><img src=//t/></p>",
           options);
    EXPECT_EQ(shown.html, "<p>Hello you [https://x.example/]there<img src=\"cid:r.png\" alt=\"\"></p>");
    EXPECT_EQ(shown.text, "Hello you [https://x.example/]there\n");
    EXPECT_EQ(shown.subject, "Hi");
    EXPECT_EQ(shown.from, "a@b.example");
    EXPECT_EQ(shown.charset, "utf-8");
}

TEST(Preview, APlainMailIsShownEscapedAndAsItIs)
{
    const Preview shown = of("\r\n<b>1 & 2</b>\x1B[31m\r\nx");
    EXPECT_EQ(shown.html, "&lt;b&gt;1 &amp; 2&lt;/b&gt;\uFFFD[31m<br>\nx");
    EXPECT_EQ(shown.text, "<b>1 & 2</b>[31m\nx");
}

TEST(Preview, AMessageThatIsGoneIsASentence)
{
    const Preview shown = preview(nullptr, {});
    EXPECT_TRUE(has(shown.html, "not stored any more"));
    EXPECT_TRUE(has(shown.text, "not stored any more"));
}

TEST(Preview, AStoreThatFailsIsASentenceWithoutItsReason)
{
    FailingReader<qm::BackendError> store;
    EXPECT_TRUE(has(preview(&store, {}).html, "could not be read"));
    EXPECT_FALSE(has(preview(&store, {}).html, "Input/output"));
    FailingReader<std::runtime_error> other;
    EXPECT_TRUE(has(preview(&other, {}).text, "This message cannot be shown safely."));
}

TEST(Preview, AMailWithoutTextIsASentence)
{
    EXPECT_TRUE(has(of("Subject: x\r\n\r\n").html, "This message has no text."));
    EXPECT_TRUE(has(of("").text, "This message has no text."));
    EXPECT_TRUE(
        has(of("Content-Type: text/html\r\n\r\n<style>p{}</style>").html, "This message has no text."));
    const Preview shown = of("Content-Type: application/pdf; name=a.pdf\r\n\r\nx");
    EXPECT_TRUE(has(shown.text, "only attachments"));
    ASSERT_EQ(shown.attachments.size(), 1U);
    EXPECT_EQ(shown.attachments[0].name, "a.pdf");
}

TEST(Preview, WhatIsCutIsSaid)
{
    PreviewOptions options;
    options.max_text = 100;
    EXPECT_TRUE(has(of("\r\n" + std::string(101, 'x'), options).text, "longer than what is shown"));
    EXPECT_FALSE(has(of("\r\n" + std::string(100, 'x'), options).text, "longer than what is shown"));
    const Preview html = of("Content-Type: text/html\r\n\r\n<b>" + std::string(200, 'x') + "</b>", options);
    EXPECT_TRUE(has(html.html, "longer than what is shown"));
}

TEST(Preview, NoMoreOfTheMessageIsReadThanAllowed)
{
    PreviewOptions options;
    options.max_message = 5000;
    TextReader reader("\r\n" + std::string(1000000, 'x'));
    const Preview shown = preview(&reader, options);
    EXPECT_LE(reader.at(), 6000U);
    EXPECT_TRUE(has(shown.text, "longer than what is shown"));
}

TEST(Preview, AnAnswerComesForAnyBytes)
{
    for (const std::string& message :
         {std::string(100000, '\0'), std::string(100000, '\xFF'), std::string("\r\n\xFF"),
          "Content-Type: text/html\r\n\r\n" + std::string(100000, '<')}) {
        const Preview shown = of(message);
        EXPECT_FALSE(shown.html.empty());
        EXPECT_EQ(qm::text::to_valid_utf8(shown.html), shown.html);
        EXPECT_EQ(qm::text::to_valid_utf8(shown.text), shown.text);
    }
}
