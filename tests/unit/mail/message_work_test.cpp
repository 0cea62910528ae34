// Messages made to keep a parser busy: an answer comes, it says what was left out, and twice the message is
// not more than twice the work.
#include "mail/readable.h"

#include <sys/resource.h>

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"
#include "mail_parts.h"
#include "support/linear_work.h"

namespace qm::mail {
namespace {

using test::part;
using test::text_in;
using test::times;

constexpr std::size_t kMany = 100'000;

/// The pieces for 0, 1, 2 ... in a row.
std::string counted(std::size_t count, const std::function<std::string(const std::string&)>& piece)
{
    std::string result;
    for (std::size_t i = 0; i < count; ++i) {
        result += piece(std::to_string(i));
    }
    return result;
}

struct Bomb {
    std::string_view name;
    std::size_t size; ///< what `message` takes for half of the whole
    std::string (*message)(std::size_t size);
};

std::string head(const std::string& field)
{
    return field + "\r\n\r\nthe text";
}

std::string in_mixed(const std::string& parts)
{
    return "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + parts + "--b--\r\n";
}

const std::vector<Bomb> kTrees = {
    {"parts", kMany / 2,
     [](std::size_t n) { return in_mixed(times(n, "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n")); }},
    {"alternatives in each other", kMany / 2,
     [](std::size_t n) {
         return counted(n, [](const std::string& i) {
             return "Content-Type: multipart/alternative; boundary=b" + i + "\r\n\r\n--b" + i +
                    "\r\nContent-Type: text/html\r\n\r\nx\r\n--b" + i + "\r\n";
         });
     }},
    {"empty parts", kMany, [](std::size_t n) { return in_mixed(times(n, "--b\r\n\r\n")); }},
    {"attachments", kMany / 2,
     [](std::size_t n) { return in_mixed(times(n, "--b\r\n" + test::attachment("filename=a") + "\r\n")); }},
    {"nested multiparts", kMany / 2,
     [](std::size_t n) {
         return counted(n, [](const std::string& i) {
             return "Content-Type: multipart/mixed; boundary=b" + i + "\r\n\r\n--b" + i + "\r\n";
         });
     }},
    {"nested multiparts of one boundary", kMany / 2,
     [](std::size_t n) { return times(n, "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"); }},
    {"nested messages", kMany / 2,
     [](std::size_t n) { return times(n, "Content-Type: message/rfc822\r\n\r\n"); }},
    {"nested messages and multiparts", kMany / 2,
     [](std::size_t n) {
         return counted(n, [](const std::string& i) {
             return "Content-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=b" + i +
                    "\r\n\r\n--b" + i + "\r\n";
         });
     }},
    {"attached messages", kMany / 2,
     [](std::size_t n) {
         return in_mixed(times(n, "--b\r\nContent-Type: message/rfc822\r\n\r\nTo: a@b\r\n\r\nx\r\n"));
     }},
    {"parts without text", 5'000'000,
     [](std::size_t n) { return in_mixed(times(500, "--b\r\n\r\n" + std::string(n / 500, ' ') + "\r\n")); }},
    {"lines that are compared with many boundaries", 5'000'000,
     [](std::size_t n) {
         const std::string boundary(n / 1000, 'b');
         return counted(900,
                        [&](const std::string& i) {
                            return "Content-Type: multipart/mixed; boundary=" + boundary + i + "\r\n\r\n--" +
                                   boundary + i + "\r\n";
                        }) +
                times(5000, "--" + boundary + boundary + "\r\n");
     }},
    {"a huge boundary", 500'000,
     [](std::size_t n) {
         const std::string boundary(n, 'b');
         return "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n" +
                times(4, "--" + boundary + "\r\n\r\nx\r\n");
     }},
};

const std::vector<Bomb> kHeaders = {
    {"header fields", 5'000, [](std::size_t n) { return head(times(n, "X-A: b\r\n") + "X: y"); }},
    {"many header fields", 140'000, [](std::size_t n) { return head(times(n, "a:b\r\n") + "X: y"); }},
    {"a long header", 500'000, [](std::size_t n) { return head("X: " + std::string(n, 'a')); }},
    {"a long subject", 500'000, [](std::size_t n) { return head("Subject: " + std::string(n, 'a')); }},
    {"a header of folds", 500'000, [](std::size_t n) { return head("X: a" + times(n, "\r\n b")); }},
    {"a header of carriage returns", 500'000,
     [](std::size_t n) { return head("Subject: " + std::string(n, '\r') + "x"); }},
    {"encoded words", 40'000, [](std::size_t n) { return head("Subject: " + times(n, "=?utf-8?q?a?= ")); }},
    {"encoded words of many charsets", 40'000,
     [](std::size_t n) {
         return head("Subject: " + counted(n, [](const std::string& i) { return "=?x" + i + "?q?a?= "; }));
     }},
    {"subjects of encoded words", 1'000,
     [](std::size_t n) {
         return head(times(n, "Subject: " + times(1'000, "=?koi8-r?q?a?= =?gb2312?q?a?= ") + "\r\n") +
                     "X: y");
     }},
    {"opened comments in addresses", 500'000, [](std::size_t n) { return head("To: " + times(n, "(")); }},
    {"nested comments in addresses", 25'000,
     [](std::size_t n) {
         return head("From: " + times(n, "(") + times(n, ")") + "a@b\r\nTo: " + times(n, "(") +
                     times(n, ")"));
     }},
    {"groups in addresses", 250'000, [](std::size_t n) { return head("To: " + times(n, "a:")); }},
    {"addresses", 250'000, [](std::size_t n) { return head("To: " + times(n, "a@b.example,\r\n ")); }},
    {"address fields", 15'000, [](std::size_t n) { return head(times(n, "To: a@b.example\r\n") + "X: y"); }},
    {"parameters", 250'000,
     [](std::size_t n) { return head("Content-Type: text/plain" + times(n, ";\r\n a=b")); }},
    {"type fields", 15'000,
     [](std::size_t n) { return head(times(n, "Content-Type: text/plain; a=b\r\n") + "X: y"); }},
    {"fields full of parameters", 300,
     [](std::size_t n) {
         return head(times(n, "Content-Disposition: inline" + times(10'000, "; a=b") + "\r\n") + "X: y");
     }},
    {"parts full of parameters", 300,
     [](std::size_t n) {
         return in_mixed(
             times(n, "--b\r\nContent-Disposition: inline" + times(10'000, "; a=b") + "\r\n\r\nx\r\n"));
     }},
    {"pieces of a name", kMany / 2,
     [](std::size_t n) {
         return part("application/x", "x",
                     "Content-Disposition: attachment" + counted(n, [](const std::string& i) {
                         return "; filename*" + i + "*=%41";
                     }) + "\r\n");
     }},
    {"comments in a type", 30'000,
     [](std::size_t n) { return head("Content-Type: " + times(n, "(") + times(n, ")") + "text/plain"); }},
    {"references", 100'000, [](std::size_t n) { return head("References: " + times(n, "<a@b> ")); }},
};

std::string encoded(const std::string& encoding, const std::string& type, const std::string& body)
{
    return part(type, body, "Content-Transfer-Encoding: " + encoding + "\r\n");
}

const std::vector<Bomb> kBodies = {
    {"base64", 30'000'000,
     [](std::size_t n) {
         const std::string line = std::string(76, 'Q') + "\r\n";
         return in_mixed("--b\r\n\r\nthe text\r\n--b\r\n" +
                         encoded("base64", "application/x; name=a", times(n / line.size(), line)) + "\r\n");
     }},
    {"base64 as text", 30'000'000,
     [](std::size_t n) {
         return encoded("base64", "text/plain", times(n / 78, std::string(76, 'Q') + "\r\n"));
     }},
    {"base64 of nothing", 5'000'000,
     [](std::size_t n) { return encoded("base64", "text/plain", times(n / 6, "!!!!\r\n")); }},
    {"base64 of padding", 5'000'000,
     [](std::size_t n) { return encoded("base64", "text/plain", std::string(n, '=')); }},
    {"base64 of pieces", 5'000'000,
     [](std::size_t n) {
         return in_mixed(
             times(100, "--b\r\n" + encoded("base64", "text/plain", times(n / 500, "IA==\r\n")) + "\r\n"));
     }},
    {"uuencode", 5'000'000,
     [](std::size_t n) {
         return encoded("x-uuencode", "text/plain",
                        "begin 644 a\r\n" + times(n / 63, "M" + std::string(60, 'A') + "\r\n") +
                            "`\r\nend\r\n");
     }},
    {"uuencode that never begins", 5'000'000,
     [](std::size_t n) { return encoded("x-uuencode", "text/plain", times(n / 12, "begin 644 a\r\n")); }},
    {"uuencode in the text", 5'000'000,
     [](std::size_t n) { return part("text/plain", times(n / 20, "begin 644 a\r\n`\r\nend\r\n")); }},
    {"soft line breaks", 1'000'000,
     [](std::size_t n) { return encoded("quoted-printable", "text/plain", times(n, "=\r\n")); }},
    {"a line of equals signs", 5'000'000,
     [](std::size_t n) { return encoded("quoted-printable", "text/plain", std::string(n, '=')); }},
    {"one line", 5'000'000, [](std::size_t n) { return part("text/plain", std::string(n, 'x')); }},
    {"lines that look like header fields", 100'000,
     [](std::size_t n) { return part("text/plain", times(n, "Content-Type: text/plain; a=b\r\n")); }},
    {"lines that look like boundaries", 100'000,
     [](std::size_t n) { return part("text/plain", times(n, "--x\r\n")); }},
    {"an undivided multipart", 5'000'000,
     [](std::size_t n) { return part("multipart/mixed; boundary=b", times(n / 4, "\xC3\xA4\r\n")); }},
    {"escapes between charsets", 1'000'000,
     [](std::size_t n) { return part("text/plain; charset=iso-2022-jp", times(n, "\x1B$B\x1B(B")); }},
    {"UTF-7", 1'000'000, [](std::size_t n) { return part("text/plain; charset=utf-7", times(n, "+-+")); }},
    {"a page of comments", 1'000'000, [](std::size_t n) { return part("text/html", times(n, "<!--")); }},
};

Readable expect_answer(std::string_view what, const std::string& message)
{
    const Readable mail = read_message(message);
    EXPECT_FALSE(text_in(mail).empty() && mail.problem.empty()) << what;
    EXPECT_LE(text_in(mail).size(), 3 * ReadLimits().max_text) << what;
    EXPECT_LE(mail.attachments.size(), ReadLimits().max_attachments) << what;
    EXPECT_LE(mail.subject.size(), 1003U) << what;
    EXPECT_LE(mail.from.size(), 1003U) << what;
    return mail;
}

} // namespace

TEST(MessageWork, TreesOfEveryShapeCostLinearWorkAndSayWhatIsLeftOut)
{
    for (const Bomb& bomb : kTrees) {
        const std::size_t size = bomb.size * test::kSmaller; // a smaller one would have nothing left out
        test::expect_linear(bomb.name, size, bomb.message, [&](const std::string& message) {
            const Readable mail = expect_answer(bomb.name, message);
            EXPECT_TRUE(mail.problem.find("larger or more complicated") != std::string::npos ||
                        bomb.name == "parts without text")
                << bomb.name << ": " << mail.problem;
        });
    }
}

TEST(MessageWork, HeadersOfEveryShapeCostLinearWorkAndHideNoText)
{
    for (const Bomb& bomb : kHeaders) {
        test::expect_linear(bomb.name, bomb.size, bomb.message, [&](const std::string& message) {
            const Readable mail = expect_answer(bomb.name, message);
            EXPECT_EQ(text_in(mail), message.ends_with("the text") ? "the text" : text_in(mail)) << bomb.name;
        });
    }
}

TEST(MessageWork, BodiesOfEveryEncodingCostLinearWork)
{
    for (const Bomb& bomb : kBodies) {
        test::expect_linear(bomb.name, bomb.size, bomb.message,
                            [&](const std::string& message) { expect_answer(bomb.name, message); });
    }
}

TEST(MessageWork, MoreHeaderLinesThanAnybodyWritesAreSaid)
{
    EXPECT_EQ(read_message(head(times(400'000, "a:b\r\n") + "X: y")).problem,
              "This message is larger or more complicated than can be shown.");
}

TEST(MessageWork, AFieldTooLongToBeReadLeavesTheOthersTheirMeaning)
{
    const std::string message =
        "Content-X: " + std::string(3'000'000, 'x') + "\r\n" + part("text/html", "<b>x</b>");
    const Readable mail = read_message(message);
    EXPECT_TRUE(mail.texts.at(0).is_html);
    EXPECT_EQ(text_in(mail), "<b>x</b>");
    EXPECT_EQ(mail.problem,
              "This message is larger or more complicated than can be shown; something was left out.");
}

#ifndef QM_SANITIZED
TEST(MessageWork, MemoryIsAFewTimesTheMessage)
{
    const auto peak = [] {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
    };
    const std::string message = kBodies.front().message(60'000'000);
    const std::size_t before = peak();
    EXPECT_EQ(read_message(message).attachments.at(0).size, 60'000'000U / 78 * 57);
    EXPECT_LT(peak() - before, 4 * message.size());
    for (const Bomb& bomb : {kTrees[0], kTrees[3], kTrees[5]}) {
        const std::string tree = bomb.message(2 * bomb.size);
        const std::size_t so_far = peak();
        read_message(tree);
        EXPECT_LT(peak() - so_far, 8 * tree.size() + 100'000'000U) << bomb.name;
    }
}
#endif

} // namespace qm::mail
