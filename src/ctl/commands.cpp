#include "ctl/commands.h"

#include <array>

#include "ctl/options.h"
#include "ctl/verbs.h"

namespace qm::ctl {
namespace {

constexpr std::array kGroups{
    CommandGroup{.name = "whitelist", .summary = "Whose mail is not held: list, add, delete, check"},
    CommandGroup{.name = "store", .summary = "The files of held messages: check"},
    CommandGroup{.name = "config", .summary = "The configuration: check, show, reference"},
    CommandGroup{.name = "setup",
                 .summary = "What belongs into the mail server's configuration: postfix, sendmail"},
    CommandGroup{.name = "import", .summary = "Take over what another program holds: pyquarantine"},
};

constexpr std::array kCommands{
    Command{.name = "status",
            .summary = "How things stand: what is held, which notices are due, whether the daemon runs",
            .examples = "  quarantinectl status\n"
                        "  quarantinectl status --json\n",
            .add_options = add_no_options,
            .run = run_status},
    Command{.name = "list",
            .summary = "What is held, newest first",
            .examples =
                "  quarantinectl list --since 2d --to u@our.example\n"
                "  quarantinectl list -q spam --from @shop.example --state held\n"
                "  quarantinectl list --state failed --ids | xargs -r quarantinectl release --failed\n"
                "  quarantinectl list --unsent --ids | xargs -r quarantinectl notify --unsent\n",
            .add_options = add_list_options,
            .run = run_list},
    Command{.name = "show",
            .summary = "Everything on record about one message",
            .examples = "  quarantinectl show 01m7y7e3gw\n",
            .add_options = add_show_options,
            .run = run_show},
    Command{.name = "cat",
            .summary = "The message itself: text, headers or bytes",
            .examples = "  quarantinectl cat 01m7y7e3gw\n"
                        "  quarantinectl cat 01m7y7e3gw --headers\n"
                        "  quarantinectl cat 01m7y7e3gw --eml > mail.eml\n",
            .add_options = add_cat_options,
            .run = run_cat},
    Command{.name = "release",
            .summary = "Deliver the original to its recipients",
            .examples = "  quarantinectl release 01m7y7e3gw --to u@our.example\n"
                        "  quarantinectl release 01m7y7e3gw --to u@our.example --allow address\n"
                        "  quarantinectl release 01m7y7e3gw 01m7y7f0ac --all\n",
            .add_options = add_release_options,
            .run = run_release},
    Command{.name = "copy",
            .summary = "Send the original to somebody else; its recipients stay as they are",
            .examples = "  quarantinectl copy 01m7y7e3gw --to postmaster@our.example\n",
            .add_options = add_copy_options,
            .run = run_copy},
    Command{.name = "delete",
            .summary = "Delete messages, or one recipient's share in them",
            .examples = "  quarantinectl delete 01m7y7e3gw\n"
                        "  quarantinectl delete 01m7y7e3gw --to u@our.example\n",
            .add_options = add_delete_options,
            .run = run_delete},
    Command{.name = "notify",
            .summary = "Send the notice once more",
            .examples = "  quarantinectl notify 01m7y7e3gw --to u@our.example\n"
                        "  quarantinectl notify 01m7y7e3gw 01m7y7f0ac --unsent\n",
            .add_options = add_notify_options,
            .run = run_notify},
    Command{.name = "whitelist list",
            .summary = "The rows of a whitelist",
            .examples = "  quarantinectl whitelist list -q spam\n"
                        "  quarantinectl whitelist list -q spam --from @shop.example\n",
            .add_options = add_whitelist_list_options,
            .run = run_whitelist_list},
    Command{.name = "whitelist add",
            .summary = "Let mail of a sender through, and say what will match",
            .examples = "  quarantinectl whitelist add -q spam --from anna@shop.example --to u@our.example\n"
                        "  quarantinectl whitelist add -q spam --from @shop.example --permanent --comment "
                        "'ticket 4711'\n",
            .add_options = add_whitelist_add_options,
            .run = run_whitelist_add},
    Command{.name = "whitelist delete",
            .summary = "Delete rows",
            .examples = "  quarantinectl whitelist delete -q spam 17 18\n"
                        "  quarantinectl whitelist delete -q spam --from @shop.example --to ''\n",
            .add_options = add_whitelist_delete_options,
            .run = run_whitelist_delete},
    Command{.name = "whitelist check",
            .summary = "Find rows that never match",
            .examples = "  quarantinectl whitelist check -q spam --repair\n",
            .add_options = add_whitelist_check_options,
            .run = run_whitelist_check},
    Command{.name = "preview",
            .summary = "What a notice would show of a mail; needs no configuration",
            .examples = "  quarantinectl preview mail.eml\n"
                        "  quarantinectl preview --html - < page.html\n",
            .add_options = add_preview_options,
            .run = run_preview},
    Command{.name = "explain",
            .summary = "Why mail would be held, or not; reads only",
            .examples = "  quarantinectl explain mail.eml --from anna@shop.example --to u@our.example\n"
                        "  quarantinectl explain 01m7y7e3gw\n"
                        "  quarantinectl explain ~/Maildir\n",
            .add_options = add_explain_options,
            .run = run_explain},
    Command{.name = "expire",
            .summary = "Delete what has been kept long enough",
            .examples = "  quarantinectl expire --dry-run\n",
            .add_options = add_expire_options,
            .run = run_expire},
    Command{.name = "store check",
            .summary = "Compare the files with what is on record",
            .examples = "  quarantinectl store check\n"
                        "  quarantinectl store check --repair\n",
            .add_options = add_store_check_options,
            .run = run_store_check},
    Command{.name = "config check",
            .summary = "Find every mistake in the configuration, and what it names that does not work",
            .examples = "  quarantinectl -c new.conf config check\n",
            .add_options = add_no_options,
            .run = run_config_check},
    Command{.name = "config show",
            .summary = "The options in effect, without secrets",
            .examples = "  quarantinectl config show\n",
            .add_options = add_no_options,
            .run = run_config_show},
    Command{.name = "config reference",
            .summary = "Every option there is",
            .examples = "  quarantinectl config reference --ini > new.conf\n",
            .has_json = false,
            .add_options = add_config_reference_options,
            .run = run_config_reference},
    Command{.name = "setup postfix",
            .summary = "What belongs into main.cf and master.cf",
            .examples = "  quarantinectl setup postfix\n",
            .has_json = false,
            .add_options = add_no_options,
            .run = run_setup_postfix},
    Command{.name = "setup sendmail",
            .summary = "What belongs into sendmail.mc",
            .examples = "  quarantinectl setup sendmail\n",
            .has_json = false,
            .add_options = add_no_options,
            .run = run_setup_sendmail},
    Command{.name = "import pyquarantine",
            .summary = "Take over what pyquarantine-milter holds; nothing twice that is on record",
            .examples = "  quarantinectl import pyquarantine /var/lib/pyquarantine -q spam\n",
            .add_options = add_import_options,
            .run = run_import_pyquarantine},
};

} // namespace

std::span<const Command> commands()
{
    return kCommands;
}

std::span<const CommandGroup> command_groups()
{
    return kGroups;
}

} // namespace qm::ctl
