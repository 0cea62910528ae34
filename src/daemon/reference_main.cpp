// Prints docs/configuration.md from the option tables.
#include <exception>

#include <fmt/core.h>

#include "quarantine/settings.h"

namespace {

constexpr const char* kBeginning =
    R"(<!-- Made from the option tables: build/dev/bin/qm-reference > docs/configuration.md -->
# Configuration

`quarantine-milter -t` checks a configuration file, everything it names included, and prints every mistake in one run as
`file:line: [section] option: what is wrong, what is expected`; folders, sockets and databases are looked at once the file itself
has none. `systemctl reload quarantine-milter` takes a changed file over;
a file with mistakes leaves the old configuration running.

## The file

- `option = value` or `option: value`; option names in any case, section names as written.
- `#` and `;` begin a comment at the start of a line only: a ` ;` inside a regular expression stays.
- `%%` is `%`, and a single `%` is itself.
- A line that is indented continues the value of the option before it (joined by a line end). One that looks like an option of its
  own is a mistake.
- Any option of a quarantine may stand in `[global]` as the default for all quarantines. `[DEFAULT]` is refused.
- Relative paths start at the folder of the configuration file.
- A secret may stand in a file of its own: the option's name with `_file` behind it names the file, of which the first line is taken. A
  relative name is looked for in `$CREDENTIALS_DIRECTORY` first (systemd's `LoadCredential=`). A file that only root may read is
  read before a program that root has started becomes `user`; a daemon started so takes a changed one over at a restart only.
- A line may have 64 KiB, the file 1 MiB.

Duration: a number with `s`, `m`, `h`, `d` or `w` (without: seconds). Size: bytes, or with `K`, `M`, `G`. Flag: `yes` or `no`.

## What is decided for each recipient

At the end of the headers every quarantine's `regex` is searched in every header line. Each recipient ends in the first quarantine,
in the order of `quarantines`, that matches and in which they are not whitelisted for this sender; or they pass. Nobody is held:
the mail is accepted at once. Somebody is held: they leave the envelope, and as long as one recipient remains the answer is
accept; if none remains it is the `action` of the preferred quarantine. A quarantine with `action = ACCEPT` only observes.

## Variables of a notice

The template, subject and sender of a notice may hold these. Every value is escaped for the place where it stands in the
template: text, the quoted value of an attribute, or an address (`href`, `src`: behind the host, percent-encoded). Anywhere else,
such as in a style or script, a variable is a mistake. The text of the message is harmless HTML made by us; it may stand between
tags only. `{{` and `}}` are literal braces.

| variable | what stands there |
| --- | --- |
| `{EMAIL_FROM}` | envelope sender |
| `{EMAIL_TO}` | the recipient of this notice |
| `{EMAIL_SUBJECT}` | subject of the held message, decoded |
| `{EMAIL_HEADER_FROM}` | its From header, decoded |
| `{SENT_BY}` | `(sent by: address)` where the envelope sender is another address than that of the From header, else empty |
| `{EMAIL_DATE}` | when we received it |
| `{EMAIL_SIZE}` | its size, for people |
| `{EMAIL_QUARANTINE_ID}` | our id of the held message, empty when it is not kept |
| `{EMAIL_HTML_TEXT}` | its text, sanitized |
| `{ATTACHMENTS}` | names and sizes of its attachments |
| `{QUARANTINE}` | name of the quarantine |
| `{WHY}` | the header line that matched |
| `{EXPIRES}` | until when it is kept; a dash when there is no end |
| `{RELEASE_URL}` | empty: there is no web page yet |
| `{SUBGROUP_n}` | a group of the regex; `SUBGROUP_0` is the first one, named groups are counted too |
| `{name}` | a named group of the regex |

)";

} // namespace

int main()
{
    try {
        fmt::print("{}{}", kBeginning, qm::config::reference_markdown(qm::option_groups()));
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
}
