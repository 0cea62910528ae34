#include "store/builtin_stores.h"

#include <array>

#include "store/file_store.h"
#include "store/null_store.h"

namespace qm::store {

std::span<const StoreType> builtin_stores()
{
    static const std::array<StoreType, 2> kTypes{{
        {.name = "NONE",
         .options = {},
         .help = "Keeps nothing: a message held here cannot be released.",
         .open = open_null_store},
        {.name = "FILE",
         .options = file_store_options(),
         .help = "One file a message in dated folders (UTC) under quarantine_directory, mode 0600, byte for "
                 "byte as "
                 "the mail server handed it over, behind a block of X-Quarantine-* trace lines.",
         .open = open_file_store},
    }};
    return kTypes;
}

} // namespace qm::store
