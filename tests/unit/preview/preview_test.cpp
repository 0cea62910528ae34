#include "preview/preview.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "quarantine/error.h"

using qm::preview::Preview;
using qm::preview::preview;
using qm::preview::PreviewOptions;
using qm::preview::sanitized;

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

/// "Cannot be shown safely" is an answer, too: no test is to be content with it.
class NoWorkerFails final : public testing::Environment {
  public:
    void TearDown() override { EXPECT_EQ(qm::preview::counts().failed, 0U); }
};
const testing::Environment* const kNoWorkerFails = testing::AddGlobalTestEnvironment(new NoWorkerFails);

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

TEST(Preview, TextsStandOneBelowTheOther)
{
    const auto mixed = [](const std::vector<std::pair<std::string, std::string>>& parts) {
        std::string message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
        for (const auto& [type, body] : parts) {
            message.append("--b\r\nContent-Type: ")
                .append(type)
                .append("\r\n\r\n")
                .append(body)
                .append("\r\n");
        }
        return of(message + "--b--\r\n");
    };
    const Preview plain = mixed({{"text/plain", "Hello <b>\r\n"}, {"text/plain", "-- \r\nthe list"}});
    EXPECT_EQ(plain.html, "Hello &lt;b&gt;<br>\n<br>\n-- <br>\nthe list");
    EXPECT_EQ(plain.text, "Hello <b>\n\n-- \nthe list");
    const Preview html = mixed({{"text/html; charset=koi8-r", "<b>Harmless first."},
                                {"application/pdf; name=a.pdf", "x"},
                                {"text/html", "<p>Pay at https://evil.example/ now</p>"}});
    EXPECT_EQ(html.html, "<b>Harmless first.</b><hr><p>Pay at https://evil.example/ now</p>");
    EXPECT_TRUE(has(html.text, "Harmless first.\n")) << html.text;
    EXPECT_TRUE(has(html.text, "\nPay at https://evil.example/ now\n")) << html.text;
    EXPECT_EQ(html.charset, "koi8-r");
    const Preview both =
        mixed({{"text/plain", "1 < 2 <!--"}, {"text/html", "<plaintext>Harm<hr>"}, {"text/html", "less"}});
    EXPECT_EQ(both.html, "1 &lt; 2 &lt;!--<hr><pre>Harm&lt;hr&gt;</pre><hr>less");
    PreviewOptions image;
    image.replacement_image = "cid:r.png";
    for (const std::string open :
         {"<table><tr><td>", "<ul><li>", "<b><i><font color=red>", "<div align=center><p>", "<!--", "<style>",
          "<a href='https://x.example/'>", "<h1>", "<img src=x>", "<blockquote><pre>"}) {
        const Preview shown =
            mixed({{"text/html", "one " + open}, {"text/plain", "two"}, {"text/html", "</td></b>three"}});
        EXPECT_TRUE(has(shown.text, "one") && has(shown.text, "two") && has(shown.text, "three"))
            << shown.text;
        EXPECT_EQ(sanitized(shown.html, image), shown.html);
    }
}

TEST(Preview, TextsWithoutEndAreBounded)
{
    std::string message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    for (int i = 0; i < 900; ++i) {
        message += i % 2 == 0 ? "--b\r\nContent-Type: text/html\r\n\r\n" : "--b\r\n\r\n";
        for (int j = 0; j < 100; ++j) {
            message += i % 4 == 0 ? "<td><li>" : "&\"<b>";
        }
        message += "x\r\n";
    }
    PreviewOptions options;
    for (const std::uint64_t limit : {100U, 10'000U, 512U * 1024U}) {
        options.max_text = limit;
        const Preview shown = of(message, options);
        EXPECT_LE(shown.html.size(), 3 * limit + 1000);
        EXPECT_TRUE(has(shown.text, "something was left out")) << limit;
        EXPECT_LE(shown.attachments.size(), 100U);
    }
}

TEST(Preview, HtmlThatTakesLongToReadAndShowsNothingIsAnsweredInTime)
{
    std::string part = "--b\r\nContent-Type: text/html\r\n\r\n";
    for (int i = 0; i < 50'000; ++i) {
        part += "&zwnj;<br>";
    }
    std::string message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    for (int i = 0; i < 100; ++i) {
        message += part + "\r\n";
    }
    PreviewOptions options;
    options.max_text = 64 * 1024; // in proportion to it such HTML is read at all
    EXPECT_TRUE(has(of(message, options).text, "left out"));
}

TEST(Preview, AMailThatContradictsItselfIsToldSo)
{
    const std::string said = "(This message contradicts itself; other programs may show something else.)";
    const std::string twice = "Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n";
    EXPECT_TRUE(has(of(twice + "--a\r\n\r\nA\r\n--a--\r\n--b\r\n\r\nB\r\n--b--\r\n").text, said));
    EXPECT_TRUE(has(of(twice + "--a\r\n\r\n\r\n--a--\r\n--b\r\n\r\nB\r\n--b--\r\n").text, said));
    EXPECT_FALSE(has(of("\r\nx").text, "contradicts"));
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

TEST(Preview, HasEverythingThatAProgramPrintsOfIt)
{
    const Preview shown =
        of("Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nFrom: =?iso-8859-1?Q?J=F6rg?= <j@b.example>\r\n"
           "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
           "--b\r\nContent-Type: text/plain; charset=ISO-8859-1\r\n\r\nJ\xF6rg\r\n"
           "--b\r\nContent-Type: application/pdf; name=\"=?utf-8?Q?=C3=BC?=.pdf\"\r\n\r\nx\r\n"
           "--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=../b.png\r\n\r\ny\r\n"
           "--b--\r\n");
    EXPECT_EQ(shown.subject, "Gr\u00FC\u00DFe");
    EXPECT_EQ(shown.from, "J\u00F6rg <j@b.example>");
    EXPECT_EQ(shown.text, "J\u00F6rg");
    EXPECT_EQ(shown.html, "J\u00F6rg");
    EXPECT_EQ(shown.charset, "iso-8859-1");
    ASSERT_EQ(shown.attachments.size(), 2U);
    EXPECT_EQ(shown.attachments[0].name, "\u00FC.pdf");
    EXPECT_EQ(shown.attachments[0].type, "application/pdf");
    EXPECT_EQ(shown.attachments[1].name, "b.png");
    EXPECT_EQ(of("Subject: x\r\n\r\ntext").charset, "") << "none is declared";
}

TEST(Preview, EveryFieldIsValidUtf8WhateverTheMailSays)
{
    const std::string junk = "\xFF\xC3(\xED\xA0\x80\xF5\x1B[31m";
    const Preview shown =
        of("Subject: " + junk + "\r\nFrom: " + junk + " <" + junk + "@x>\r\n" +
           "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=\"" +
           junk + "\"\r\n\r\n" + junk + "<b title='" + junk + "'>x\r\n--b\r\nContent-Type: image/" + junk +
           "; name=\"" + junk + "\"\r\n\r\nx\r\n--b--\r\n");
    EXPECT_EQ(shown.attachments.size(), 1U);
    std::vector<std::string> all{shown.html, shown.text, shown.subject, shown.from, shown.charset};
    for (const qm::mail::Attachment& attachment : shown.attachments) {
        all.push_back(attachment.name);
        all.push_back(attachment.type);
    }
    for (const std::string& field : all) {
        EXPECT_FALSE(field.empty());
        EXPECT_EQ(qm::text::to_valid_utf8(field), field);
        EXPECT_FALSE(has(field, "\x1B")) << field;
    }
}

TEST(Sanitized, BareHtmlBecomesAFragment)
{
    PreviewOptions options;
    EXPECT_EQ(sanitized("<html><head><title>t</title></head><body onload=x><p onclick=x>Hello "
                        "<a href='https://x.example/'>you</a><script>x</script><img src=//t/></p>",
                        options),
              "<div><p>Hello you [https://x.example/]</p></div>");
    options.replacement_image = "cid:r.png";
    EXPECT_EQ(sanitized("<img src=//t/>", options), "<img src=\"cid:r.png\" alt=\"\">");
    EXPECT_EQ(sanitized("1 & 2 < 3", options), "1 &amp; 2 &lt; 3");
    EXPECT_EQ(sanitized("", options), "");
    EXPECT_EQ(sanitized("<style>p{}</style>", options), "");
}

TEST(Sanitized, TheCharsetIsThatOfAMarkElseUtf8ElseWesternEurope)
{
    for (const std::string& bytes :
         {std::string("<b>J\xC3\xB6rg \xE2\x82\xAC</b>"),
          std::string("\xEF\xBB\xBF<b>J\xC3\xB6rg \xE2\x82\xAC</b>"), std::string("<b>J\xF6rg \x80</b>"),
          std::string("\xFF\xFE<\0b\0>\0J\0\xF6\0r\0g\0 \0\xAC\x20<\0/\0b\0>\0", 28),
          std::string("\xFE\xFF\0<\0b\0>\0J\0\xF6\0r\0g\0 \x20\xAC\0<\0/\0b\0>", 28)}) {
        EXPECT_EQ(sanitized(bytes, {}), "<b>J\u00F6rg \u20AC</b>");
    }
    EXPECT_EQ(sanitized("<meta charset=windows-1251><b>\xCF\xF0\xE8\xE2\xE5\xF2</b>", {}),
              "<b>\u041F\u0440\u0438\u0432\u0435\u0442</b>");
}

TEST(Sanitized, WhatIsCutIsSaid)
{
    PreviewOptions options;
    options.max_text = 100;
    EXPECT_TRUE(has(sanitized(std::string(101, 'x'), options), "longer than what is shown"));
    EXPECT_EQ(sanitized(std::string(100, 'x'), options), std::string(100, 'x'));
    const std::string umlauts = sanitized(std::string(99, 'x') + "\xC3\xBC", options);
    EXPECT_TRUE(umlauts.starts_with(std::string(99, 'x') + "<p><em>")) << umlauts;
    EXPECT_LT(sanitized(std::string(100, '<'), options).size(), 200U);
}

TEST(Sanitized, AnyBytesGiveValidUtf8)
{
    // The same bytes in every run.
    std::uint32_t state = 1;
    const auto next = [&state] {
        state = state * 1664525U + 1013904223U;
        return static_cast<char>(state >> 24U);
    };
    std::vector<std::string> inputs{std::string(100000, '\0'),
                                    std::string(100000, '\xFF'),
                                    std::string(100000, '<'),
                                    "\xFF\xFE",
                                    "\xFE\xFFx",
                                    "\xEF\xBB",
                                    "<b \xFF='\xC3'>\xED\xA0\x80",
                                    "<meta charset=utf-16><b>\xFF",
                                    "<meta charset=\xFF>\xFF"};
    for (int i = 0; i < 500; ++i) {
        std::string bytes = i % 3 == 0 ? "\xFF\xFE" : i % 3 == 1 ? "<p>" : "";
        for (int length = i; length > 0; --length) {
            bytes += next();
        }
        inputs.push_back(std::move(bytes));
    }
    for (const std::string& bytes : inputs) {
        const std::string once = sanitized(bytes, {});
        EXPECT_EQ(qm::text::to_valid_utf8(once), once);
        EXPECT_EQ(once.find('\0'), std::string::npos);
        EXPECT_EQ(sanitized(once, {}), once) << "doing it twice changes nothing";
    }
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
