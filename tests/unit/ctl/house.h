// Verbs at work on a whole house, without the program around them.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "captured.h"
#include "ctl/command_line.h"
#include "ctl/exit_code.h"
#include "ctl/program.h"
#include "support/mail_server.h"
#include "support/smtp_sink.h"

namespace qm::test {

/// What a run of a verb printed, and its exit code.
struct Ran {
    int code = 0;
    std::string out;
    std::string err;

    nlohmann::json json() const { return nlohmann::json::parse(out); }
};

/// The settings and the desk of a House.
class HouseContext final : public ctl::Context {
  public:
    HouseContext(const ctl::Arguments& arguments, ctl::Output& output, House& house)
        : Context(arguments, output), house_(house)
    {
    }
    std::shared_ptr<const Settings> settings() override { return house_.settings().get(); }
    Desk& desk(OpenDesk::Mode /*mode*/) override { return house_.desk; }
    Time now() const override { return house_.clock.now(); }

  private:
    House& house_;
};

/// A house with two quarantines, a whitelist and a mail server that takes what goes out.
class CtlHouse : public testing::Test {
  protected:
    CtlHouse()
        : house("virus, spam",
                "[virus]\nregex = ^X-Virus: (?P<name>.+)\naction = REJECT\n"
                "[spam]\nregex = ^X-Spam: Yes\naction = DISCARD\n"
                "whitelist_type = DB\nwhitelist_db_connection = sqlite:///{dir}/whitelist.db\n"
                "whitelist_db_table = whitelist\nquarantine_days = 30\n",
                "smtp_host = 127.0.0.1\nsmtp_port = " + std::to_string(sink.port()) + "\n")
    {
    }

    /// Runs `quarantinectl WORDS...`.
    Ran run(const std::vector<std::string>& words, bool terminal = false, std::size_t width = 0)
    {
        Captured captured;
        ctl::Streams streams = captured.streams();
        streams.out_is_terminal = terminal;
        streams.width = width;
        Ran ran;
        try {
            const ctl::CommandLine line = ctl::parse_command_line(words);
            ctl::Output output(streams, line.arguments.json);
            HouseContext context(line.arguments, output, house);
            ran.code = ctl::run_command(*line.command, context);
            EXPECT_EQ(output.finish(), "");
        } catch (const ctl::UsageError& error) {
            ran.code = ctl::kUsage;
            ran.err = error.what();
            return ran;
        }
        ran.out = captured.out();
        ran.err = captured.err();
        return ran;
    }

    /// Another mail each time: the same one again would be known.
    TestMail spam(const std::string& subject = "Cheap", std::vector<std::string> to = {"<user@example.net>"})
    {
        TestMail mail;
        mail.to = std::move(to);
        mail.headers = {
            {"From", " Anna <anna@shop.example>"}, {"Subject", " " + subject}, {"X-Spam", " Yes"}};
        mail.body = "Text " + std::to_string(++mails_) + "\r\n";
        return mail;
    }

    /// The id of the mail held last.
    std::string hold(const TestMail& mail)
    {
        house.send(mail);
        return house.held().back().id.str();
    }

    HeldMail load(const std::string& id) { return house.desk.load(HeldId::parse(id)).value(); }

    SmtpSink sink;
    House house;

  private:
    int mails_ = 0;
};

} // namespace qm::test
