#include "whitelist/builtin_whitelists.h"

#include <array>

#include "whitelist/sql_whitelist.h"

namespace qm::whitelist {

namespace {

std::unique_ptr<Whitelist> open_none(const Section& /*section*/)
{
    return nullptr;
}

} // namespace

std::span<const WhitelistType> builtin_whitelists()
{
    static const std::array<WhitelistType, 2> kTypes{{
        {.name = "NONE", .options = {}, .help = "Nobody is exempt.", .open = open_none},
        {.name = "DB",
         .options = sql_whitelist_options(),
         .help =
             "A table in SQLite, PostgreSQL or MariaDB/MySQL with the columns id, mailfrom, recipient, "
             "created, "
             "last_used, comment and permanent; made at the first lookup when it is missing. A row exempts "
             "when its mailfrom and its recipient are each the address in lower case, @domain, or empty for "
             "any. The sender is the envelope sender; it is looked up as it is and without its BATV or SRS "
             "wrapping. The null sender matches an empty mailfrom only.",
         .open = open_sql_whitelist},
    }};
    return kTypes;
}

} // namespace qm::whitelist
