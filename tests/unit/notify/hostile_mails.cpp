#include "unit/notify/hostile_mails.h"

#include <string_view>

#include "mail/decode.h"
#include "mail/headers.h"

namespace qm::test {
namespace {

using namespace std::string_literals;

std::string times(std::size_t count, std::string_view text)
{
    std::string result;
    for (std::size_t i = 0; i < count; ++i) {
        result += text;
    }
    return result;
}

std::string with_subject(const std::string& value)
{
    return "From: Anna <anna@shop.example>\r\nSubject: " + value + "\r\n\r\ntext\r\n";
}

std::string with_from(const std::string& value)
{
    return "From: " + value + "\r\nSubject: Invoice\r\n\r\ntext\r\n";
}

std::string with_text(const std::string& body, const std::string& type = "text/plain; charset=utf-8")
{
    return "From: Anna <anna@shop.example>\r\nSubject: Invoice\r\nContent-Type: " + type + "\r\n\r\n" + body;
}

std::string with_attachment(const std::string& parameters)
{
    return "Subject: Invoice\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n"
           "--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; " +
           parameters + "\r\n\r\nx\r\n--b--\r\n";
}

void add_subjects(std::vector<HostileMail>& mails)
{
    const std::string family = "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466";
    const auto add = [&](const std::string& name, const std::string& value) {
        mails.push_back({.name = "subject: " + name, .message = with_subject(value)});
    };
    add("an encoded line end", "=?utf-8?q?x=0D=0ABcc:_victim@example.org=0D=0A=0D=0Abody?=");
    add("a decoded line end in base64", "=?utf-8?b?eA0KQmNjOiB2aWN0aW0=?=");
    add("a line end in UTF-16", "=?utf-16be?b?AHgADQAKAEIAYwBjADoAIAB5?=");
    add("a line end in UTF-7", "=?utf-7?q?x+AA0ACg-Bcc:_y?=");
    add("bare carriage returns", "x\rBcc: y\r\rz");
    add("100 KB", std::string(100'000, 'x'));
    add("100 KB of words", times(20'000, "word "));
    add("100 KB of umlauts", times(50'000, "ü"));
    add("100 KB of encoded words", times(5'000, "=?utf-8?q?=C3=BC_?= "));
    add("combining characters only", times(300, "\u0301"));
    add("a letter with 300 accents", "a" + times(300, "\u0301"));
    add("missing", "");
    add("blanks only", "   \t  ");
    add("invisible characters only", "\u200B\u200C\u200D\uFEFF\u00AD");
    add("unbreakable words", std::string(300, 'x') + " " + std::string(77, 'y') + " " + std::string(76, 'z'));
    add("blanks in a row", "a    b\t\tc     d");
    add("no-break spaces", "a\u00A0\u00A0b\u3000c");
    add("what looks encoded when it is decoded", "=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3F=3D?=");
    add("what looks like a part of an encoded word", "=? =?utf-8 =?utf-8?q =?utf-8?q?a ?= ?");
    add("an unknown charset", "=?klingon?q?a=FF?= and =?utf-8?x?a?=");
    add("every ASCII sign", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");
    add("an address list", "a@b.example, \"c\" <d@e.example>; group: f@g.example;");
    add("quotes and backslashes", "\"\\\"\\\\\"\\");
    add("placeholders", "{EMAIL_TO} {{EMAIL_FROM}} {EMAIL_HTML_TEXT} {nothing} %s %n ${x}");
    add("markup", "</title><script>alert(1)</script>&amp;<!--");
    add("surrogates", "=?utf-8?q?x=ED=A0=80=ED=B0=80y?= \xED\xA0\x80");
    add("invalid UTF-8", "\xFF\xFE x \xC3 y \xE2\x82 z \xF4\x90\x80\x80");
    add("C1 controls", "a\xC2\x80\xC2\x85\xC2\x9B\xC2\x9F z");
    add("C0 controls", "a\x01\x02\x07\x08\x0B\x0C\x1B[31m\x7F z");
    add("a NUL", "a\0b\0"s);
    add("bidirectional tricks", "\u202Egpj.exe\u202C \u2066x\u2069 \u200Fy");
    add("Arabic and Hebrew", "فاتورة رقم 4711 חשבונית " + times(20, "שלום "));
    add("code points that are no characters", "x\uFFFE\uFFFF\uFDD0\U0001FFFE y");
    add("private use and the last code point", "\uE000\U000F0000\U0010FFFF");
    add("line separators", "a\u2028b\u2029c\u0085d");
    add("Japanese without blanks", times(100, "請求書のお知らせ"));
    add("dots", ". .. ... .\r\n .\r\n ..");
    add("From at its beginning", "From a@b Mon Jan  1 00:00:00 2024");
    for (std::size_t shift = 0; shift < 8; ++shift) {
        add("emoji at the fold, shifted by " + std::to_string(shift),
            std::string(shift, 'x') + times(20, family) + times(20, "\U0001F1E9\U0001F1EA"));
        add("mixed words at the fold, shifted by " + std::to_string(shift),
            std::string(shift, 'x') + times(30, " ü plain words €"));
    }
}

void add_senders(std::vector<HostileMail>& mails)
{
    const auto add = [&](const std::string& name, const std::string& value) {
        mails.push_back({.name = "from: " + name, .message = with_from(value)});
    };
    add("quotes", "\"Smith \\\"the boss\\\", Anna\" <anna@shop.example>");
    add("comments", "(a (nested) comment) Anna (x) <anna@shop.example> (behind)");
    add("a group", "Team: Anna <anna@shop.example>, b@shop.example;");
    add("an empty group", "undisclosed-recipients:;");
    add("no address", "Just a name");
    add("nothing", "");
    add("a NUL", "An\0na <an\0na@shop.example>"s);
    add("bidirectional tricks", "\u202Eanna\u202C <anna@\u202Epohs.example>");
    add("two addresses", "anna@shop.example, evil@example.org");
    add("an address as name", "\"bank@real.example\" <evil@example.org>");
    add("an encoded line end", "=?utf-8?q?Anna=0D=0ABcc:_x?= <anna@shop.example>");
    add("an encoded address", "=?utf-8?q?Bank_<bank@real.example>?= <evil@example.org>");
    add("brackets in brackets", "<<anna@shop.example>> <<<");
    add("a source route", "<@a.example,@b.example:anna@shop.example>");
    add("100 KB", std::string(100'000, 'x') + " <anna@shop.example>");
    add("nested comments", times(5'000, "(") + "anna" + times(5'000, ")") + " <anna@shop.example>");
    add("an open quote", "\"Anna <anna@shop.example>");
    add("UTF-8", "Jürgen <jürgen@bücher.example>");
    add("8-bit bytes", "J\xFCrgen <j\xFCrgen@b\xFC\x63her.example>");
    add("controls", "\x1B]0;title\x07 <anna@shop.example>");
    for (const std::string& sender :
         {""s, "\"quoted local\"@shop.example"s, "\"a\\\"b,<c>\"@shop.example"s, "jürgen@bücher.example"s,
          "a\r\nBcc: victim@example.org@x"s, "a\0b@x"s, "\xFF\xFE@x"s, "{EMAIL_TO}@x"s,
          std::string(5'000, 'a') + "@x", "<script>@x"s, "\u202Emoc.elpmaxe@x"s, "a@[IPv6:2001:db8::1]"s,
          "=?utf-8?q?a=0D=0A?=@x"s}) {
        mails.push_back({.name = "sender: " + sender.substr(0, 40),
                         .message = with_subject("Invoice"),
                         .sender = sender});
    }
}

void add_recipients(std::vector<HostileMail>& mails)
{
    for (const std::string& recipient : {"\"two words\"@our.example"s,
                                         "\"a\\\"b\"@our.example"s,
                                         "\"a\\\\b\"@our.example"s,
                                         "\"a,b;c:d\"@our.example"s,
                                         "\"<x>\"@our.example"s,
                                         "\"(x)\"@our.example"s,
                                         "\"a@b\"@our.example"s,
                                         "\" \"@our.example"s,
                                         "\"\"@our.example"s,
                                         "\"=?utf-8?q?x?=\"@our.example"s,
                                         "=?utf-8?q?x?=@our.example"s,
                                         "jürgen@our.example"s,
                                         "u@bücher.example"s,
                                         "用户@例子.example"s,
                                         "u@xn--bcher-kva.example"s,
                                         "u@[192.0.2.1]"s,
                                         "u@[IPv6:2001:db8::1]"s,
                                         "u%x@our.example"s,
                                         "a+b=c/d!e#f$g&h'i*j?k^l`m{n|o}p~q@our.example"s,
                                         "u@our.example\r\nBcc: victim@example.org"s,
                                         "u@our.example>, <victim@example.org"s,
                                         "u@our.example, victim@example.org"s,
                                         "u(comment)@our.example"s,
                                         "u\0x@our.example"s,
                                         "\xFF@our.example"s,
                                         "\u202Eu@our.example"s,
                                         "u..x@our.example"s,
                                         ".u@our.example"s,
                                         "u@our..example"s,
                                         "u@-"s,
                                         "@our.example"s,
                                         "u@"s,
                                         "u"s,
                                         ""s,
                                         "\""s,
                                         "{EMAIL_FROM}@our.example"s,
                                         std::string(64, 'a') + "@" + times(20, "subdomain.") + "example",
                                         std::string(900, 'a') + "@our.example",
                                         "\"" + times(100, "ab ") + "\"@our.example",
                                         times(300, "ü") + "@our.example",
                                         "group: u@our.example;"s,
                                         "\"a\\\tb\"@our.example"s,
                                         "u@our.example (=?utf-8?q?x?=)"s}) {
        mails.push_back({.name = "recipient: " + recipient.substr(0, 40),
                         .message = with_subject("Invoice"),
                         .recipient = recipient});
    }
}

void add_attachments(std::vector<HostileMail>& mails)
{
    std::string many = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    for (int i = 0; i < 300; ++i) {
        many +=
            "--b\r\nContent-Type: a/b; name=\"" + times(50, "ü") + std::to_string(i) + ".exe\"\r\n\r\nx\r\n";
    }
    mails.push_back({.name = "attachments: 300", .message = many});
    for (const std::string& parameters :
         {"filename=\"../../etc/passwd\""s, "filename=\"C:\\\\dir\\\\x.exe\""s,
          "filename=\"invoice\u202Efdp.exe\""s, "filename*=utf-8''a%0D%0ABcc:%20x%00.exe"s,
          "filename*0*=utf-8''%f0%9f; filename*1*=%98%80.exe"s,
          "filename=\"=?utf-8?q?a=0D=0A=2D=2D=3D=5F?=\""s, "filename=\"</td><script>.pdf\""s,
          "filename=\"\""s, "filename=\"{EMAIL_TO}.pdf\""s, "filename=\"CON. . .\""s,
          "filename=\"" + std::string(10'000, 'x') + ".exe\"", "filename=\"" + times(3'000, "😀") + ".exe\"",
          "filename=\"\xFF\xFE\x80\""s, "filename=\"a\\\"b, c (1 kB)\""s,
          "filename=\"" + times(500, "\u0301") + "\""}) {
        mails.push_back(
            {.name = "attachment: " + parameters.substr(0, 40), .message = with_attachment(parameters)});
    }
}

void add_texts(std::vector<HostileMail>& mails)
{
    // The boundaries of the notice about it: 24 digits that nobody knows before.
    const std::string boundaries =
        "--=_\r\n--=_0123456789abcdef01234567_a\r\n--=_0123456789abcdef01234567_a--\r\n"
        "--=_0123456789abcdef01234567_r--\r\n--\r\n----\r\n";
    const auto add = [&](const std::string& name, const std::string& body,
                         const std::string& type = "text/plain; charset=utf-8") {
        mails.push_back({.name = "text: " + name, .message = with_text(body, type)});
    };
    add("dots", ".\r\n..\r\n.\r\n\r\n.\r\nQUIT\r\n.");
    add("From lines", "From a@b\r\n>From a@b\r\nFrom \r\nFrom: x\r\n");
    add("boundaries", boundaries);
    add("boundaries in HTML", "<pre>" + boundaries + "</pre>", "text/html");
    add("header fields", "Bcc: x\r\nContent-Type: text/html\r\n\r\nContent-Transfer-Encoding: base64\r\n");
    add("one line of 100 KB", std::string(100'000, 'x'));
    add("one line of emoji", times(5'000, "👨‍👩‍👧‍👦"));
    for (std::size_t shift = 0; shift < 4; ++shift) {
        add("euros at the soft line break, shifted by " + std::to_string(shift),
            std::string(400, 'a') + " " + std::string(shift, 'x') + times(40, "€ "));
    }
    add("blanks at line ends", "a \r\nb\t\r\n \r\n\t\r\nc  ");
    add("equals signs", "=\r\n==\r\n=3D =C3=A4 =\r\n=");
    add("bare line ends", "a\rb\nc\r\rd\n\n\re");
    add("controls", "a\0b\x01\x08\x0B\x0C\x1B[2J\x7F\xC2\x9B z"s);
    add("placeholders", "{EMAIL_TO} {{x}} }} {EMAIL_HTML_TEXT}");
    add("placeholders in HTML", "<p>{EMAIL_TO} {{x}} {EMAIL_HTML_TEXT}</p>", "text/html");
    add("invalid UTF-8", "\xFF\xFE\x80 \xED\xA0\x80 \xC3");
    add("Japanese", times(400, "請求書のお知らせ\r\n"));
    add("ISO-2022-JP that never ends", "\x1B$B$3$s", "text/plain; charset=iso-2022-jp");
    add("UTF-7", "+ADw-script+AD4-alert(1)+ADw-/script+AD4-", "text/html; charset=utf-7");
    add("tag soup",
        "<table><td><b><p></table><svg><style><img src=x onerror=y></title><a href=javascript:x>x",
        "text/html");
    add("comments and CDATA", "<!-- --!> --><![CDATA[ <b>x</b> ]]><?php ?>x", "text/html");
    add("bidirectional tricks", "\u202Ex\u202C\u2066y\u2069 &#8238;z", "text/html");
    add("deep tags", times(2'000, "<div>") + "x", "text/html");
    add("images", times(100, "<img src=cid:removed.png>"), "text/html");
    add("a word of 2000 letters", "a " + std::string(2'000, 'w') + " b", "text/html");
    add("nothing", "");
    add("nothing but markup", "<html><body></body></html>", "text/html");
    add("winmail.dat", "x", "application/ms-tnef; name=winmail.dat");
    add("an invitation", "BEGIN:VCALENDAR", "text/calendar");
    add("parts without end", times(2'000, "--b\r\n\r\n"), "multipart/mixed; boundary=b");
    add("a boundary that never comes", "--a\r\n\r\nx", "multipart/mixed; boundary=b");
    mails.push_back({.name = "no message", .message = ""});
    mails.push_back({.name = "NUL only", .message = std::string(1'000, '\0')});
    mails.push_back({.name = "no header", .message = "\r\n\r\nx"});
    mails.push_back({.name = "8-bit header names", .message = "\xFF\xFE: x\r\nSubj\xE4\x63t: y\r\n\r\nx"});
}

void add_reasons(std::vector<HostileMail>& mails)
{
    for (const std::string& value :
         {"X-Spam: a\r\nBcc: victim@example.org\r\n\r\nbody"s, "\xFF\xFE\0\x1B[2J"s, "=?utf-8?q?a=0D=0A?="s,
          "</td></tr><script>alert(1)</script>"s, "{EMAIL_TO}{EMAIL_HTML_TEXT}"s, std::string(50'000, 'x'),
          times(5'000, "\u0301"), "\u202Eesrever"s, "\" <evil@example.org>, \""s, "a\tb  c"s}) {
        mails.push_back({.name = "reason: " + value.substr(0, 40),
                         .message = with_subject("Invoice"),
                         .why = value,
                         .group = value});
    }
}

} // namespace

const std::vector<HostileMail>& hostile_mails()
{
    static const std::vector<HostileMail> all = [] {
        std::vector<HostileMail> mails;
        add_subjects(mails);
        add_senders(mails);
        add_recipients(mails);
        add_attachments(mails);
        add_texts(mails);
        add_reasons(mails);
        return mails;
    }();
    return all;
}

Notice notice_about(const HostileMail& mail, std::int64_t number)
{
    mail::Headers headers;
    mail::parse_headers(mail.message, headers);
    Notice notice;
    notice.number = number;
    notice.recipient = mail.recipient;
    notice.created = Time(std::chrono::microseconds(1785845000000000));
    notice.expires = "18 Aug 2026";
    notice.mail.id = HeldId(notice.created, "0123456789");
    notice.mail.stored = true;
    notice.mail.quarantine = "spam";
    notice.mail.received = notice.created;
    notice.mail.envelope.sender = mail.sender;
    notice.mail.subject = mail::decode_for_people(headers.find("Subject"));
    notice.mail.header_from = mail::decode_for_people(headers.find("From"));
    notice.mail.why = mail.why;
    notice.mail.groups = {{"", mail.group}, {"score", mail.group}};
    notice.mail.size = mail.message.size();
    return notice;
}

} // namespace qm::test
