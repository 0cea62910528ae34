// Any held message gives a notice that is fit for the wire: 7-bit, no bare CR or LF, lines of at most 998
// bytes, the fields of a notice and no others, each once. Read back it says the same, and it is the same when
// it is composed again.
//
// One line is one value:
//     s subject          f From header      e envelope sender   r recipient
//     w why              q quarantine       x expires           z size
//     g, G a group's text (unnamed, "score")
//     p a piece of the held message, with CRLF behind it
//     b which notifier (even: one of fixed words; odd: one whose From and Subject are all variables)
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "fuzz/commands.h"
#include "fuzz/property.h"
#include "html/sanitizer.h"
#include "mail/content_digest.h"
#include "mail/decode.h"
#include "mail/headers.h"
#include "notify/notice_mail.h"
#include "notify/notice_variables.h"
#include "notify/sender_line.h"
#include "preview/render.h"
#include "unit/notify/notify_fixture.h"
#include "unit/notify/parsed_mail.h"

namespace {

using namespace qm;
using fuzz::expect;
using fuzz::expect_same;

constexpr std::size_t kMaxSubject = 400;
constexpr std::string_view kBody =
    "<html><head><style>p { color: red }</style></head><body><p title=\"{EMAIL_TO}\">"
    "{EMAIL_SUBJECT} {score} {SUBGROUP_0} {WHY} {SENT_BY} {EXPIRES} {QUARANTINE}\n"
    "{EMAIL_HEADER_FROM} {EMAIL_SIZE} {ATTACHMENTS}</p>{EMAIL_HTML_TEXT}</body></html>\n";

/// What an administrator configured.
struct Words {
    std::string from, subject;
};
const std::array kWords{
    Words{"\"Mail quarantine\" <quarantine@our.example>", "[Held] {EMAIL_SUBJECT}"},
    Words{"\"{EMAIL_FROM} {score}\" <{EMAIL_TO}>",
          "{EMAIL_SUBJECT}{score}{WHY}{EMAIL_HEADER_FROM}{SUBGROUP_0}"},
};

const std::vector<std::string>& groups()
{
    static const std::vector<std::string> names{"", "score"};
    return names;
}

std::unique_ptr<Notifier> open_notifier(const Words& words)
{
    test::NotifyFixture fixture;
    fixture.write("notice.html", kBody);
    fixture.write("logo.png", "\x89PNG\r\n\x1a\n...");
    fixture.section.set("notification_email_from", words.from);
    fixture.section.set("notification_email_subject", words.subject);
    fixture.section.set("notification_email_embedded_imgs", "logo.png");
    return fixture.open();
}

struct Input {
    Notice notice = test::NotifyFixture::notice();
    std::string message;
    std::size_t words = 0;
};

void set(Input& input, const fuzz::Command& command)
{
    HeldMail& mail = input.notice.mail;
    switch (command.letter) {
    case 's':
        mail.subject = command.argument;
        break;
    case 'f':
        mail.header_from = command.argument;
        break;
    case 'e':
        mail.envelope.sender = command.argument;
        break;
    case 'r':
        input.notice.recipient = command.argument;
        break;
    case 'w':
        mail.why = command.argument;
        break;
    case 'q':
        mail.quarantine = command.argument;
        break;
    case 'x':
        input.notice.expires = command.argument;
        break;
    case 'z':
        mail.size = command.argument.size() * 7919;
        break;
    case 'g':
        mail.groups.at(0).second = command.argument;
        break;
    case 'G':
        mail.groups.at(1).second = command.argument;
        break;
    case 'b':
        input.words = command.argument.size() % kWords.size();
        break;
    case 'p':
        input.message += command.argument + "\r\n";
        break;
    default:
        break;
    }
}

/// The names of the fields of the mail's own header block.
std::vector<std::string> field_names(const std::string& bytes)
{
    mail::Headers headers;
    const std::size_t body = mail::parse_headers(bytes, headers);
    expect(body == bytes.find("\r\n\r\n") + 4, "the header block ends with the first empty line");
    std::vector<std::string> names;
    for (std::size_t i = 0; i < headers.size(); ++i) {
        names.push_back(text::to_lower(headers[i].name));
    }
    std::ranges::sort(names);
    return names;
}

void check_fields(const std::string& bytes)
{
    static const std::vector<std::string> expected{
        "auto-submitted", "content-type", "date",
        "from",           "message-id",   "mime-version",
        "subject",        "to",           "x-auto-response-suppress"};
    const std::string problem = test::wire_problem(bytes);
    expect(problem.empty(), "a notice is fit for the wire: " + problem);
    expect(field_names(bytes) == expected, "a notice has its fields, each once");
}

std::string field_of(const std::string& bytes, std::string_view name)
{
    mail::Headers headers;
    mail::parse_headers(bytes, headers);
    return std::string(headers.find(name));
}

/// GMime 3.2 loses a base64 word behind one that ends in "=".
bool may_be_misread(const std::string& bytes, std::string_view field)
{
    const std::string written = text::to_lower(field_of(bytes, field));
    const auto first = written.find("?b?");
    return first != std::string::npos && written.find("?b?", first + 1) != std::string::npos;
}

void check_name(const std::string& bytes, std::string_view field, const std::string& read,
                const std::string& expected)
{
    if (!may_be_misread(bytes, field)) {
        expect_same(read, expected, std::string(field) + " is read as it was written");
    }
}

/// As we read it, and as GMime does.
void check_subject(const std::string& bytes, const test::ParsedMail& mail, const std::string& expected)
{
    expect_same(text::one_line(mail::decode(field_of(bytes, "Subject")), 2 * kMaxSubject), expected,
                "Subject is what it should be");
    check_name(bytes, "Subject", mail.subject, expected);
}

void check_recipient(const std::string& bytes, const test::ParsedMail& mail, const std::string& recipient)
{
    if (notify::fits_header(recipient)) {
        expect(mail.to == recipient && mail.to_group.empty(), "the recipient is who it is about");
        return;
    }
    const std::string name = notify::fit_for_name(recipient);
    expect(mail.to.empty(), "what is no address for a header is none");
    check_name(bytes, "To", mail.to_group, name.empty() ? "undisclosed recipient" : name);
}

/// Every line end as LF.
std::string with_lf(std::string_view text)
{
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\r') {
            result.push_back(text[i]);
        } else if (i + 1 == text.size() || text[i + 1] != '\n') {
            result.push_back('\n');
        }
    }
    return result;
}

void check_composed(const Input& input)
{
    static const std::array notifiers{open_notifier(kWords[0]), open_notifier(kWords[1])};
    const Words& words = kWords.at(input.words);
    Notifier& notifier = *notifiers.at(input.words);
    // Without its message: reading that is another process' work.
    const ComposedNotice composed = notifier.compose(input.notice, nullptr);
    check_fields(composed.bytes);
    const test::ParsedMail mail = test::parse_mail(composed.bytes);
    const html::Variables values = notify::variables_of(input.notice, {});
    const auto known = notify::known_variables(groups());
    const auto from = notify::SenderLine(words.from, known).render(values);
    check_name(composed.bytes, "From", mail.from_name, from.name);
    expect_same(mail.from_address, from.address, "From has the configured address");
    const std::string subject = html::Template(words.subject, known).render(values);
    check_subject(composed.bytes, mail, text::one_line(subject, kMaxSubject));
    expect("<" + mail.message_id + ">" == composed.message_id, "its Message-ID is known");
    check_recipient(composed.bytes, mail, input.notice.recipient);
    expect(mail.parts.size() == 5, "text, HTML and an image, in two containers");

    mail::ContentDigest digest(composed.bytes);
    digest.finish();
    expect(std::ranges::count(digest.as_received(), composed.digest) == 1, "it is known when it comes back");
    expect(notifier.compose(input.notice, nullptr).bytes == composed.bytes, "composed again it is the same");
}

/// The same with the held message, below the notifier.
void check_written(const Input& input)
{
    static constexpr std::array kVerbatim{notify::kHtmlText};
    static const html::Template body(kBody, notify::known_variables(groups()), html::Escape::html, kVerbatim);
    const html::Variables values =
        notify::variables_of(input.notice, preview::render(input.message, false, {}));
    notify::NoticeMail mail;
    mail.from_name = notify::fit_for_name(input.notice.mail.header_from);
    mail.from_address = "quarantine@our.example";
    mail.recipient = input.notice.recipient;
    mail.subject = text::one_line(input.notice.mail.subject, kMaxSubject);
    mail.message_id = "n.7@our.example";
    mail.date = input.notice.created;
    mail.boundary = "0123456789abcdef01234567";
    mail.html = body.render(values);
    mail.text = html::html_to_text(mail.html);
    const std::string bytes = notify::write_notice_mail(mail);
    check_fields(bytes);
    const test::ParsedMail read = test::parse_mail(bytes);
    check_subject(bytes, read, mail.subject);
    check_name(bytes, "From", read.from_name, mail.from_name);
    check_recipient(bytes, read, mail.recipient);
    expect(read.parts.size() == 3, "text and HTML in one container");
    expect_same(read.part("text/plain").content, with_lf(mail.text), "the text is read as it was written");
    expect_same(read.part("text/html").content, with_lf(mail.html), "the HTML is read as it was written");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const bool ready = (preview::prepare_rendering(), notify::prepare_notice_mails(), true);
    static_cast<void>(ready);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are bytes
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    Input input;
    for (const fuzz::Command& command : fuzz::commands_of(bytes)) {
        set(input, command);
    }
    check_composed(input);
    check_written(input);
    return 0;
}
