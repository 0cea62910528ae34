// What upkeep reports.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "quarantine/held_mail.h"

namespace qm {

/// Called now and then during long work: how far it is, and of how much (0: not known). False: stop after
/// this batch.
using Progress = std::function<bool(std::string_view what, std::uint64_t done, std::uint64_t of)>;

struct ExpireReport {
    struct Part {
        std::string quarantine = {};
        std::int64_t messages = 0; ///< deleted (or, in a dry run, would be)
        std::uint64_t bytes = 0;
        std::int64_t untold = 0; ///< messages that stay until their notices are settled
        std::string why = {};    ///< "older than 30 days", "above 10 GB"
        bool configured = true;
    };
    std::vector<Part> parts = {};
    std::int64_t whitelist_rows = 0;
    std::vector<std::string> troubles = {}; ///< what failed, one line each; the rest was done
    bool stopped = false;                   ///< Progress said so
    bool elsewhere = false;                 ///< another process is at it: nothing was done
};

struct StoreFinding {
    enum class Kind : std::uint8_t {
        file_without_row, ///< repair: taken up again from its trace lines, or removed when it is a leftover
        row_without_file, ///< repair: on record as lost, nobody waits for it
        useless_file,     ///< every recipient is deleted; repair: removed
        found_again,      ///< the row says that it was lost; repair: held again
        unfinished_file,  ///< a process died while it wrote it; repair: removed
        unreadable,       ///< no trace lines, or they name another id; never touched
    };
    Kind kind = Kind::unreadable;
    std::string quarantine = {}; ///< or the folder when nobody knows
    HeldId id = {};
    std::string what = {}; ///< one sentence
    bool repaired = false; ///< only with `repair`
};

struct StoreReport {
    std::vector<StoreFinding> findings = {};
    std::int64_t checked = 0; ///< messages in stores
    bool notices_due = false; ///< of messages that were taken up
    std::vector<std::string> troubles = {};
    bool stopped = false;
};

} // namespace qm
