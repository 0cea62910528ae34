// quarantinectl preview
#include <fstream>
#include <random>

#include <gmock/gmock.h>

#include "base/text.h"
#include "house.h"

namespace qm::ctl {
namespace {

using test::Ran;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// A verb that must not ask for configuration or desk.
class NothingThere final : public Context {
  public:
    using Context::Context;
    std::shared_ptr<const Settings> settings() override
    {
        throw std::logic_error("asked for the configuration");
    }
    Desk& desk(OpenDesk::Mode /*mode*/) override { throw std::logic_error("asked for the desk"); }
    Time now() const override { return {}; }
};

class PreviewVerb : public testing::Test {
  protected:
    Ran run(const std::string& bytes, std::vector<std::string> options = {})
    {
        std::ofstream(dir / "input", std::ios::binary) << bytes;
        options.insert(options.begin(), {"preview", dir / "input"});
        const CommandLine line = parse_command_line(options);
        const test::Captured captured;
        Output output(captured.streams(), line.arguments.json);
        NothingThere context(line.arguments, output);
        Ran ran;
        ran.code = run_command(*line.command, context);
        EXPECT_EQ(output.finish(), "");
        ran.out = captured.out();
        ran.err = captured.err();
        return ran;
    }

    test::TempDir dir;
};

const std::string kMail =
    "From: Anna <anna@shop.example>\r\nSubject: =?iso-8859-1?q?Gr=FC=DFe?=\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    "Content-Type: text/html; charset=ISO-8859-1\r\n\r\n<p>H\xE4llo</p><script>x</script>\r\n--b\r\n"
    "Content-Type: application/pdf; name=\"a\xE2\x80\xAE.pdf\"\r\n"
    "Content-Disposition: attachment; filename=\"../a.pdf\"\r\n\r\nPDF\r\n--b--\r\n";

bool is_valid(std::string_view text)
{
    return text::to_valid_utf8(text) == text;
}

} // namespace

TEST_F(PreviewVerb, ShowsWhoWhatAndTheHarmlessText)
{
    const Ran ran = run(kMail);
    EXPECT_EQ(ran.code, kDone);
    EXPECT_THAT(ran.out, AllOf(HasSubstr("Anna <anna@shop.example>"), HasSubstr("Grüße"), HasSubstr("Hällo"),
                               HasSubstr("a.pdf (application/pdf"), Not(HasSubstr("script"))));
}

TEST_F(PreviewVerb, JsonHasItsKeys)
{
    auto json = run(kMail, {"--json"}).json();
    EXPECT_EQ(json["subject"], "Grüße");
    EXPECT_THAT(json["from"].get<std::string>(), HasSubstr("anna@shop.example"));
    EXPECT_THAT(json["text"].get<std::string>(), HasSubstr("Hällo"));
    EXPECT_THAT(json["html"].get<std::string>(), AllOf(HasSubstr("Hällo"), Not(HasSubstr("<script"))));
    EXPECT_EQ(json["charset"], "iso-8859-1");
    EXPECT_EQ(json["filenames"], nlohmann::json::array({"a.pdf"}));
    EXPECT_EQ(json["attachments"][0]["type"], "application/pdf");
}

TEST_F(PreviewVerb, BareHtmlComesOutSanitizedAndAlone)
{
    const Ran ran = run("<p onclick=\"x()\">Hello</p><script>alert(1)</script>", {"--html"});
    EXPECT_EQ(ran.code, kDone);
    EXPECT_THAT(ran.out, AllOf(HasSubstr("Hello</p>"), Not(HasSubstr("onclick")), Not(HasSubstr("alert"))));
    EXPECT_EQ(run(ran.out, {"--html"}).out, ran.out);
    EXPECT_THAT(run("<b>x</b>", {"--html", "--json"}).json()["html"].get<std::string>(), HasSubstr("x"));
}

TEST_F(PreviewVerb, AnyBytesGiveAnAnswer)
{
    std::mt19937 random(4711);
    for (int i = 0; i < 60; ++i) {
        std::string bytes = i % 3 == 0   ? kMail
                            : i % 3 == 1 ? "Content-Type: text/html; charset=utf-7\r\n\r\n"
                                         : "";
        for (int n = 0; n < 400; ++n) {
            const auto byte = static_cast<char>(random());
            bytes.empty() || n % 2 == 0 ? bytes.push_back(byte)
                                        : static_cast<void>(bytes[random() % bytes.size()] = byte);
        }
        for (const auto& options :
             {std::vector<std::string>{}, {"--json"}, {"--html"}, {"--html", "--json"}}) {
            const Ran ran = run(bytes, options);
            EXPECT_EQ(ran.code, kDone);
            EXPECT_TRUE(is_valid(ran.out));
            EXPECT_EQ(ran.out.find("This message cannot be shown"), std::string::npos) << "the worker died";
        }
    }
    EXPECT_EQ(run("").code, kDone);
    EXPECT_EQ(run("", {"--html"}).code, kDone);
}

TEST_F(PreviewVerb, WhatCannotBeOpenedIsAWrongCommandLine)
{
    const CommandLine line = parse_command_line({"preview", dir / "missing\x1b"});
    const test::Captured captured;
    Output output(captured.streams(), false);
    NothingThere context(line.arguments, output);
    EXPECT_EQ(run_command(*line.command, context), kUsage);
    EXPECT_THAT(captured.err(), AllOf(HasSubstr("missing\\x1b: No such file"), Not(HasSubstr("\x1b"))));
    const CommandLine folder = parse_command_line({"preview", dir.path()});
    NothingThere other(folder.arguments, output);
    EXPECT_EQ(run_command(*folder.command, other), kUsage);
}

} // namespace qm::ctl
