#include "ctl/options.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "quarantine/held_mail.h"

namespace qm::ctl {
namespace {

void add_id(CLI::App& app, Arguments& arguments)
{
    app.add_option("ID", arguments.ids, "Id of a message; may be shortened while unique")
        ->required()
        ->expected(1);
}

void add_ids(CLI::App& app, Arguments& arguments)
{
    app.add_option("ID", arguments.ids, "Ids of messages; may be shortened while unique")->required();
}

/// Each --to takes one address: ids may stand behind it.
CLI::Option* add_to(CLI::App& app, Arguments& arguments, const std::string& help)
{
    return app.add_option("--to", arguments.to, help)->type_name("ADDRESS")->allow_extra_args(false);
}

void add_quarantine(CLI::App& app, Arguments& arguments, const std::string& help)
{
    app.add_option("-q,--quarantine", arguments.quarantine, help)->type_name("QUARANTINE");
}

void add_pattern(CLI::App& app, Arguments& arguments, const std::string& from, const std::string& to)
{
    app.add_option("--from", arguments.from, from)->type_name("SENDER");
    app.add_option("--to", arguments.recipient, to)->type_name("RECIPIENT");
}

std::string state_names()
{
    std::string names;
    for (const RecipientState state : recipient_states()) {
        names += names.empty() ? "" : ", ";
        names += to_string(state);
    }
    return names;
}

} // namespace

void add_no_options(CLI::App& /*app*/, Arguments& /*arguments*/) {}

void add_list_options(CLI::App& app, Arguments& arguments)
{
    add_quarantine(app, arguments, "Only this quarantine");
    add_pattern(app, arguments, "Only this envelope sender: an address, @domain, or <> for the null sender",
                "Only this recipient: an address or @domain");
    app.add_option("--since", arguments.since,
                   "Received at this time or later: 2d, 12h, 2026-11-01, 2026-11-01T10:00")
        ->type_name("TIME");
    app.add_option("--until", arguments.until, "Received before this time")->type_name("TIME");
    app.add_option("--state", arguments.state, "Only with a recipient in this state: " + state_names())
        ->type_name("STATE");
    app.add_flag("--unsent", arguments.unsent,
                 "Only with a recipient whose last notice did not go out: refused or expired");
    app.add_option("--limit", arguments.limit, "At most so many, the newest; without it 50, with --ids all")
        ->type_name("N");
    app.add_option("--before", arguments.before, "Only messages before this id: the next page")
        ->type_name("ID");
    app.add_flag("--ids", arguments.ids_only, "Print the ids and nothing else");
}

void add_show_options(CLI::App& app, Arguments& arguments)
{
    add_id(app, arguments);
}

void add_cat_options(CLI::App& app, Arguments& arguments)
{
    add_id(app, arguments);
    app.add_flag("--text", arguments.text, "Its harmless text, as a notice shows it (the default)");
    app.add_flag("--headers", arguments.headers, "Its headers");
    app.add_flag("--eml", arguments.eml, "Its bytes as received; not to a terminal");
}

void add_release_options(CLI::App& app, Arguments& arguments)
{
    add_ids(app, arguments);
    add_to(app, arguments, "The recipient on record who gets it; may be given more than once");
    app.add_flag("--all", arguments.all, "Every recipient on record");
    app.add_flag("--failed", arguments.failed, "Every recipient whose last release failed");
    app.add_option("--allow", arguments.allow,
                   "Afterwards whitelist the sender's address or domain for the recipient")
        ->type_name("address|domain");
    app.add_flag("--again", arguments.again, "Also where it was released before or may have arrived");
}

void add_copy_options(CLI::App& app, Arguments& arguments)
{
    add_id(app, arguments);
    add_to(app, arguments, "Who gets the copy")->required();
}

void add_delete_options(CLI::App& app, Arguments& arguments)
{
    add_ids(app, arguments);
    add_to(app, arguments, "Only for this recipient; without it for all");
}

void add_notify_options(CLI::App& app, Arguments& arguments)
{
    add_ids(app, arguments);
    add_to(app, arguments, "Only this recipient; without it everybody for whom it is held");
    app.add_flag("--unsent", arguments.unsent,
                 "Only those whose last notice did not go out: refused or expired");
}

void add_whitelist_list_options(CLI::App& app, Arguments& arguments)
{
    add_quarantine(app, arguments, "Whose whitelist");
    add_pattern(app, arguments, "Only rows with exactly this sender; '' is anybody",
                "Only rows with exactly this recipient; '' is anybody");
}

void add_whitelist_add_options(CLI::App& app, Arguments& arguments)
{
    add_quarantine(app, arguments, "Whose whitelist");
    add_pattern(app, arguments, "Envelope sender: an address or @domain; without it anybody",
                "Recipient: an address or @domain; without it anybody");
    app.add_option("--comment", arguments.comment, "Kept with the row")->type_name("TEXT");
    app.add_flag("--permanent", arguments.permanent, "The row never expires");
    app.add_flag("--force", arguments.force, "Also when another row says the same or more");
}

void add_whitelist_delete_options(CLI::App& app, Arguments& arguments)
{
    app.add_option("ROW", arguments.ids, "Numbers of rows, as list shows them");
    add_quarantine(app, arguments, "Whose whitelist");
    add_pattern(app, arguments, "The row with exactly this sender and ...",
                "... exactly this recipient; '' is anybody");
}

void add_whitelist_check_options(CLI::App& app, Arguments& arguments)
{
    add_quarantine(app, arguments, "Whose whitelist");
    app.add_flag("--repair", arguments.repair, "Mend what can be mended");
}

void add_preview_options(CLI::App& app, Arguments& arguments)
{
    app.add_option("FILE", arguments.input, "A mail; - is standard input")->required();
    app.add_flag("--html", arguments.html, "The input is bare HTML; print it sanitized");
}

void add_explain_options(CLI::App& app, Arguments& arguments)
{
    app.add_option("MAIL", arguments.input,
                   "A mail in a file, an id, a folder of mails (Maildir), an mbox; - is standard input")
        ->type_name("FILE|ID|FOLDER|MBOX")
        ->required();
    app.add_option("--from", arguments.from, "Envelope sender; '' is the null sender")->type_name("SENDER");
    add_to(app, arguments, "Recipient; may be given more than once");
    app.add_option("--client", arguments.client, "Address of the client that hands in the mail")
        ->type_name("IP");
}

void add_expire_options(CLI::App& app, Arguments& arguments)
{
    app.add_flag("--dry-run", arguments.dry_run, "Only say what would be deleted");
}

void add_store_check_options(CLI::App& app, Arguments& arguments)
{
    app.add_flag("--repair", arguments.repair, "Mend what can be mended");
}

void add_config_reference_options(CLI::App& app, Arguments& arguments)
{
    app.add_flag("--ini", arguments.ini, "As a configuration file to be filled in");
}

void add_import_options(CLI::App& app, Arguments& arguments)
{
    app.add_option("DIR", arguments.input, "The folder with its files and their .metadata")->required();
    add_quarantine(app, arguments, "The quarantine that takes them");
}

} // namespace qm::ctl
