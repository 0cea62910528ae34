#include "quarantine/options.h"

#include <array>

namespace qm {
namespace {

constexpr std::array kGlobal{
    Option{.name = "quarantines",
           .kind = OptionKind::list,
           .help = "The active quarantines, in the order in which they are asked. Each needs a section of "
                   "this name.",
           .required = true,
           .example = "virus, spam"},
    Option{.name = "preferred_quarantine_action",
           .kind = OptionKind::choice,
           .help = "Whose action answers for a mail when no recipient is left and they ended in different "
                   "quarantines: "
                   "that of the first or of the last of these quarantines in the list. As long as one "
                   "recipient gets "
                   "the mail, the answer is always ACCEPT.",
           .choices = "first|last",
           .aliases = "preferred_quarantin_action",
           .required = true},
    Option{.name = "socket",
           .kind = OptionKind::text,
           .fallback = "unix:/run/quarantine-milter/milter.sock",
           .help = "Where the mail server reaches us: unix:/path, inet:port@host, inet6:port@host; Postfix's "
                   "spelling inet:host:port is understood too. A change needs a restart."},
    Option{.name = "socket_mode",
           .kind = OptionKind::text,
           .fallback = "0660",
           .help = "Permissions of a unix socket, octal. The mail server needs write permission to connect."},
    Option{
        .name = "socket_group",
        .kind = OptionKind::text,
        .help =
            "Group of a unix socket, for example postfix. The user of the daemon must be in it, unless the "
            "daemon is started as root."},
    Option{
        .name = "catalog",
        .kind = OptionKind::secret,
        .fallback = "sqlite:////var/lib/quarantine-milter/catalog.db",
        .help =
            "The database that knows what is held and which notices are due: sqlite:////absolute/path or "
            "postgresql://user:password@host:port/db. A SQLite catalog belongs to one daemon; one in "
            "PostgreSQL may be shared by several nodes, with their folders (docs/reliability.md). A change "
            "needs a restart."},
    Option{
        .name = "spool_directory",
        .kind = OptionKind::path,
        .fallback = "/var/lib/quarantine-milter/spool",
        .help =
            "Messages of quarantines that keep nothing (quarantine_type = NONE) but tell the recipients wait "
            "here until the notices are sent. Only needed for such quarantines."},
    Option{.name = "retry_window",
           .kind = OptionKind::duration,
           .fallback = "5d",
           .help =
               "How long a message that is offered again (because our answer got lost on the way to the mail "
               "server) is recognised and not held, told or answered anew."},
    Option{.name = "user",
           .kind = OptionKind::text,
           .fallback = "quarantine-milter",
           .help = "Becomes this user (with its groups) when started as root."},
    Option{.name = "log",
           .kind = OptionKind::choice,
           .fallback = "journal",
           .help = "Where the log goes; syslog uses the facility mail. A change needs a restart.",
           .choices = "journal|syslog|stderr"},
    Option{.name = "log_level",
           .kind = OptionKind::choice,
           .fallback = "info",
           .help = "What is logged.",
           .choices = "debug|info|warning|error"},
    Option{.name = "log_subject",
           .kind = OptionKind::flag,
           .fallback = "no",
           .help = "Whether the subject of a held mail stands in the log."},
};

constexpr std::array kQuarantine{
    Option{.name = "regex",
           .kind = OptionKind::text,
           .help =
               "The condition: a regular expression (PCRE2; multi-line, dot matches line ends, any case, "
               "Unicode) "
               "that is searched in each header line `Name: value`, in the order of the message; the value "
               "decoded (RFC 2047) and unfolded, and where that differs also as received. (?-i) makes it "
               "case-sensitive. Groups of the first header that matches are variables of the notice.",
           .required = true,
           .example = "^X-Spam-Flag: YES"},
    Option{.name = "quarantine_type",
           .kind = OptionKind::choice,
           .help = "How the message is kept.",
           .choices = "NONE|FILE",
           .aliases = "storage_type",
           .required = true},
    Option{
        .name = "action",
        .kind = OptionKind::choice,
        .help =
            "What the mail server is told. ACCEPT: deliver; the quarantine only observes: it keeps a copy "
            "and "
            "tells, and judgement goes on with the next quarantine. DISCARD: hold, the sender sees success. "
            "REJECT: hold, the sender sees 554 5.7.0. TEMPFAIL: 451 for the whole mail, nothing is kept. "
            "HOLD: "
            "the mail waits in the mail server's own hold queue.",
        .choices = "ACCEPT|DISCARD|REJECT|TEMPFAIL|HOLD",
        .required = true},
    Option{.name = "notification_type",
           .kind = OptionKind::choice,
           .help = "How the recipients are told.",
           .choices = "NONE|EMAIL",
           .required = true},
    Option{.name = "whitelist_type",
           .kind = OptionKind::choice,
           .help = "Where the exceptions are looked up.",
           .choices = "NONE|DB",
           .required = true},
    Option{.name = "reject_reason",
           .kind = OptionKind::text,
           .fallback = "Message rejected",
           .help = "The text behind 554 5.7.0 when action is REJECT; {QUARANTINE_ID} is the id of the held "
                   "message."},
    Option{.name = "ignore_hosts",
           .kind = OptionKind::list,
           .help = "Addresses and networks of clients whose mail this quarantine does not judge.",
           .aliases = "host_whitelist",
           .example = "127.0.0.1, ::1, 192.0.2.0/24"},
    Option{.name = "on_regex_limit",
           .kind = OptionKind::choice,
           .fallback = "match",
           .help = "What it means when the regular expression gives up on a header because the search takes "
                   "too long.",
           .choices = "match|no_match|tempfail"},
    Option{.name = "quarantine_days",
           .kind = OptionKind::days,
           .fallback = "0",
           .help =
               "How long a held message is kept; after that `quarantinectl expire` (the timer) deletes it, "
               "released or not. 0: no end.",
           .max = 36500,
           .example = "30"},
    Option{.name = "quarantine_max_size",
           .kind = OptionKind::size,
           .fallback = "0",
           .help = "How much room the messages of this quarantine may take; what is above that, the oldest "
                   "first, is deleted by `quarantinectl expire`. 0: no limit.",
           .example = "10G"},
    Option{.name = "whitelist_expire_days",
           .kind = OptionKind::days,
           .fallback = "0",
           .help = "Whitelist rows that exempted nobody for so long are deleted by `quarantinectl expire`; "
                   "permanent rows stay. Where quarantines share a whitelist the longest time counts. 0: all "
                   "stay.",
           .max = 36500,
           .example = "180"},
    Option{.name = "notification_retry_days",
           .kind = OptionKind::days,
           .fallback = "5",
           .help = "How long a notice is tried again when the mail server defers it or cannot be reached."},
};

} // namespace

std::span<const Option> global_options()
{
    return kGlobal;
}

std::span<const Option> quarantine_options()
{
    return kQuarantine;
}

} // namespace qm
