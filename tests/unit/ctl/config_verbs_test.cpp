// quarantinectl config show|reference, setup
#include <fstream>

#include <gmock/gmock.h>

#include "house.h"

namespace qm::ctl {
namespace {

using test::Ran;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// A configuration in a file, and nothing behind it.
class ConfigVerbs : public testing::Test {
  protected:
    Ran run(std::vector<std::string> words, const std::string& global, const std::string& more = "")
    {
        const std::string file = dir / "test.conf";
        std::ofstream(file)
            << "[global]\nquarantines = spam, none\npreferred_quarantine_action = first\n"
               "catalog = sqlite:///catalog.db\nnotification_type = NONE\n"
            << global << "\n[spam]\nregex = ^X-Spam: 100%%\nquarantine_type = FILE\n"
            << "quarantine_directory = store\naction = DISCARD\nwhitelist_type = DB\n"
            << "whitelist_db_connection = mysql://user:secret@host/db\nwhitelist_db_table = w\n"
            << "[none]\nregex = x\nquarantine_type = NONE\naction = ACCEPT\nwhitelist_type = NONE\n"
            << more;
        words.insert(words.begin(), {"-c", file});
        const CommandLine line = parse_command_line(words);
        const test::Captured captured;
        Output output(captured.streams(), line.arguments.json);
        LoadedOnly context(line.arguments, output);
        Ran ran;
        ran.code = run_command(*line.command, context);
        ran.out = captured.out();
        ran.err = captured.err();
        return ran;
    }

    /// Reads the configuration as whoever runs the test.
    class LoadedOnly final : public Context {
      public:
        using Context::Context;
        std::shared_ptr<const Settings> settings() override
        {
            const LoadedSettings loaded = load_settings(arguments().configuration);
            for (const auto& remark : loaded.remarks) {
                EXPECT_TRUE(remark.warning) << remark.str();
            }
            return loaded.settings;
        }
        Desk& desk(OpenDesk::Mode /*mode*/) override { throw std::logic_error("asked for the desk"); }
        Time now() const override { return {}; }
    };

    test::TempDir dir;
};

} // namespace

TEST_F(ConfigVerbs, ShowPrintsWhatIsInEffectAndNoSecret)
{
    const Ran ran = run({"config", "show"}, "smtp_port = 10027\nuser = root");
    EXPECT_EQ(ran.code, kDone);
    EXPECT_THAT(ran.out, AllOf(HasSubstr("[global]\n"), HasSubstr("[spam]\n"), HasSubstr("[none]\n"),
                               HasSubstr("regex = ^X-Spam: 100%%\n"), HasSubstr("smtp_port = 10027\n"),
                               HasSubstr("whitelist_db_connection = (hidden)\n"), Not(HasSubstr("secret")),
                               HasSubstr("catalog = sqlite:///catalog.db\n")));
    auto json = run({"config", "show", "--json"}, "").json();
    EXPECT_EQ(json["quarantines"][0]["options"]["whitelist_db_connection"], "(hidden)");
    EXPECT_EQ(json["quarantines"][0]["options"]["regex"], "^X-Spam: 100%");
    EXPECT_FALSE(json["quarantines"][1]["options"].contains("quarantine_directory"));
    EXPECT_EQ(json["quarantines"][1]["options"]["smtp_port"], "25");
}

TEST_F(ConfigVerbs, TheReferenceNamesEveryOption)
{
    EXPECT_THAT(run({"config", "reference"}, "").out,
                AllOf(HasSubstr("### `regex`"), HasSubstr("### `catalog`")));
    EXPECT_THAT(run({"config", "reference", "--ini"}, "").out,
                AllOf(HasSubstr("[global]"), HasSubstr("regex = ")));
}

TEST_F(ConfigVerbs, PostfixSeesASocketInItsRootRelativeToIt)
{
    const Ran ran =
        run({"setup", "postfix"}, "socket = unix:/var/spool/postfix/quarantine-milter/milter.sock\n"
                                  "smtp_host = 127.0.0.1\nsmtp_port = 10027");
    EXPECT_EQ(ran.code, kDone);
    EXPECT_THAT(ran.out,
                AllOf(HasSubstr("    { unix:quarantine-milter/milter.sock, default_action=tempfail }\n"),
                      HasSubstr("127.0.0.1:10027 inet n - y - - smtpd\n"), HasSubstr("  -o smtpd_milters=\n"),
                      Not(HasSubstr("lies outside"))));
}

TEST_F(ConfigVerbs, ASocketElsewhereComesWithAWord)
{
    const Ran ran = run({"setup", "postfix"}, "socket = unix:/run/quarantine-milter/milter.sock");
    EXPECT_THAT(ran.out,
                AllOf(HasSubstr("lies outside of /var/spool/postfix/"),
                      HasSubstr("{ unix:/run/quarantine-milter/milter.sock, default_action=tempfail }"),
                      HasSubstr("smtp_port = 10027")));
    EXPECT_THAT(run({"setup", "postfix"}, "socket = inet:8894@0.0.0.0").out,
                HasSubstr("{ inet:127.0.0.1:8894, "));
    EXPECT_THAT(run({"setup", "postfix"}, "socket = inet6:8894@::1").out, HasSubstr("{ inet:[::1]:8894, "));
}

TEST_F(ConfigVerbs, ThePortForReleasesIsTheConfiguredOne)
{
    const Ran ran = run({"setup", "postfix"}, "smtp_host = localhost\nsmtp_port = 10099\n");
    EXPECT_THAT(ran.out, AllOf(HasSubstr("127.0.0.1:10099 inet"), Not(HasSubstr("10027"))));
    EXPECT_THAT(run({"setup", "postfix"}, "smtp_host = mx.example\nsmtp_port = 587\n").out,
                HasSubstr("mx.example port 587 is another machine's"));
}

TEST_F(ConfigVerbs, SendmailGetsItsLine)
{
    const Ran ran =
        run({"setup", "sendmail"}, "socket = unix:/run/quarantine-milter/milter.sock\nsmtp_port = 10027");
    EXPECT_THAT(
        ran.out,
        AllOf(HasSubstr("INPUT_MAIL_FILTER(`quarantine-milter', `S=local:/run/quarantine-milter/milter.sock, "
                        "F=T, T=C:30s;S:4m;R:4m;E:10m')dnl\n"),
              HasSubstr("Port=10027")));
    EXPECT_THAT(run({"setup", "sendmail"}, "socket = inet:8894@127.0.0.1").out,
                HasSubstr("S=inet:8894@127.0.0.1,"));
    EXPECT_THAT(run({"setup", "sendmail"}, "socket = unix:/var/spool/postfix/q/sock").out,
                HasSubstr("socket = unix:/run/quarantine-milter/milter.sock"));
}

} // namespace qm::ctl
