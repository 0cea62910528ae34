// Writes a notice about every hostile mail into a folder, and beside each, as JSON, what went into it and
// what GMime reads back. Usage: write_notices FOLDER. compare_notices.py reads the same files with another
// parser.
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "notify/notice_mail.h"
#include "notify/sender_line.h"
#include "unit/notify/hostile_mails.h"
#include "unit/notify/notify_fixture.h"
#include "unit/notify/parsed_mail.h"

namespace qm {
namespace {

using nlohmann::json;
using namespace std::string_literals;

constexpr std::size_t kMaxSubject = 400;
constexpr Time kDate{std::chrono::microseconds(1785845000000000)};

json as_json(const test::ParsedPart& part)
{
    json one{{"type", part.type}, {"depth", part.depth}};
    if (part.multipart) {
        return one;
    }
    one["charset"] = part.charset;
    one["encoding"] = part.encoding;
    one["disposition"] = part.disposition;
    one["filename"] = part.filename;
    one["content_id"] = part.content_id;
    if (part.type.starts_with("text/")) {
        one["text"] = part.content;
    } else {
        one["bytes"] = std::vector<int>(part.content.begin(), part.content.end());
    }
    return one;
}

json as_json(const test::ParsedMail& mail)
{
    json parts = json::array();
    for (const test::ParsedPart& part : mail.parts) {
        parts.push_back(as_json(part));
    }
    return {{"from", {mail.from_name, mail.from_address}},
            {"to", mail.to},
            {"to_group", mail.to_group},
            {"subject", mail.subject},
            {"date", mail.date},
            {"message_id", mail.message_id},
            {"parts", parts}};
}

json recipient_as_json(const std::string& recipient)
{
    const std::string name = notify::fit_for_name(recipient);
    if (notify::fits_header(recipient)) {
        return {{"to", recipient}, {"to_group", ""}};
    }
    return {{"to", ""}, {"to_group", name.empty() ? "undisclosed recipient" : name}};
}

/// Writes pairs of files with one number.
class Folder {
  public:
    explicit Folder(std::string path) : path_(std::move(path)) {}

    void add(const std::string& name, const std::string& bytes, json expected)
    {
        const std::string stem = path_ + "/" + std::to_string(1000 + count_++);
        std::ofstream(stem + ".eml", std::ios::binary) << bytes;
        expected["date"] = std::chrono::floor<std::chrono::seconds>(kDate).time_since_epoch().count();
        json all{
            {"name", text::printable(name)}, {"expected", std::move(expected)}, {"gmime", json::object()}};
        try {
            all["gmime"] = as_json(test::parse_mail(bytes));
        } catch (const std::runtime_error& error) {
            all["gmime"]["error"] = error.what();
        }
        std::ofstream(stem + ".json") << all.dump(1);
    }
    int count() const { return count_; }

  private:
    std::string path_;
    int count_ = 0;
};

/// As it is delivered: a logo, the template of the package, a From without variables.
void write_plain(Folder& folder)
{
    test::NotifyFixture fixture;
    fixture.section.set("notification_email_template", QM_SOURCE_DIR "/templates/notice.html");
    const auto notifier = fixture.open();
    for (const test::HostileMail& mail : test::hostile_mails()) {
        const Notice notice = test::notice_about(mail, folder.count());
        test::TextReader reader(mail.message);
        json expected = recipient_as_json(mail.recipient);
        expected["from"] = {"Mail quarantine", "quarantine@our.example"};
        expected["subject"] =
            text::one_line("[Held] " + text::one_line(notice.mail.subject, 4000), kMaxSubject);
        const ComposedNotice composed = notifier->compose(notice, &reader);
        expected["message_id"] = composed.message_id.substr(1, composed.message_id.size() - 2);
        folder.add(mail.name, composed.bytes, std::move(expected));
    }
}

/// Everything that a stranger decides stands everywhere.
void write_with_variables(Folder& folder)
{
    test::NotifyFixture fixture;
    fixture.write("all.html",
                  "<p>{EMAIL_FROM}|{EMAIL_TO}|{EMAIL_SUBJECT}|{EMAIL_HEADER_FROM}|{SENT_BY}|{WHY}|{score}|"
                  "{SUBGROUP_0}|{ATTACHMENTS}|{QUARANTINE}</p><img src=\"cid:logo.png\">{EMAIL_HTML_TEXT}");
    fixture.write("logo.png", "\x89PNG\r\n\x1a\n\0\xff\r\n.\r\n--=_"s);
    fixture.section.set("notification_email_template", "all.html");
    fixture.section.set("notification_email_embedded_imgs", fixture.folder / "logo.png");
    fixture.section.set("notification_email_replacement_img", fixture.folder / "removed.png");
    fixture.section.set("notification_email_from",
                        "\"{EMAIL_HEADER_FROM} {EMAIL_FROM} {score}\" <{EMAIL_TO}>");
    fixture.section.set("notification_email_subject",
                        "{EMAIL_SUBJECT}{score} {EMAIL_FROM} {WHY} {ATTACHMENTS}");
    const auto notifier = fixture.open();
    for (const test::HostileMail& mail : test::hostile_mails()) {
        test::TextReader reader(mail.message);
        const ComposedNotice composed = notifier->compose(test::notice_about(mail, folder.count()), &reader);
        folder.add("variables, " + mail.name, composed.bytes, recipient_as_json(mail.recipient));
    }
}

/// Texts that reach the mail as they are.
void write_texts(Folder& folder)
{
    const notify::NoticeImage image{"a.png", "image/png", "\x89PNG\r\n\x1a\n\r\n.\r\n--=_x_r--\r\n"};
    int number = 0;
    for (const std::string& body :
         {""s,
          "\n"s,
          " "s,
          "."s,
          ".\n..\n.\n"s,
          "From a\n>From b\n"s,
          "a \nb\t\n \n\t"s,
          "=\n==\n=3D\n="s,
          "--=_0123456789abcdef01234567_a--\n--=_0123456789abcdef01234567_r--\n--\n"s,
          std::string(100'000, 'x'),
          std::string(75, 'x') + "=\n" + std::string(76, 'y') + "\n" + std::string(77, 'z'),
          "\n\n\n"s,
          std::string(74, 'x') + "€€€\n" + std::string(75, 'x') + "😀😀\n",
          "請求書\n請求書\n"s,
          "請"s,
          "\u202Ex\u0301"s,
          std::string(998, 'a') + "\n" + std::string(999, 'b') + "\n",
          "a\n.\nb\n"s,
          "\n.\n"s,
          "\u2028\u0085"s,
          "é"s}) {
        notify::NoticeMail mail;
        mail.from_name = "Quarantäne, \"die\" <x@y>";
        mail.from_address = "quarantine@our.example";
        mail.recipient = "u@our.example";
        mail.subject = "Text " + std::to_string(number++);
        mail.message_id = "n.7.01hzy0000000000000000000ab@our.example";
        mail.date = kDate;
        mail.boundary = "0123456789abcdef01234567";
        mail.text = body;
        mail.html = body;
        mail.images = {&image};
        json expected = recipient_as_json(mail.recipient);
        expected["from"] = {mail.from_name, mail.from_address};
        expected["subject"] = mail.subject;
        expected["message_id"] = mail.message_id;
        expected["text"] = body;
        folder.add("text " + std::to_string(number), notify::write_notice_mail(mail), std::move(expected));
    }
}

} // namespace
} // namespace qm

int main(int argc, char** argv)
{
    if (argc != 2) {
        std::cerr << "usage: write_notices FOLDER\n";
        return 2;
    }
    try {
        qm::Folder folder(argv[1]);
        qm::write_plain(folder);
        qm::write_with_variables(folder);
        qm::write_texts(folder);
        std::cout << folder.count() << " notices\n";
        return 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
