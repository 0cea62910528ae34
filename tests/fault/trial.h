// A disk that fails at every call in turn.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fault/faulty_folder.h"
#include "fault/kept.h"

namespace qm::test {

/// One way in which the disk fails: at this call, once or from then on.
struct Trouble {
    std::size_t number = 0;
    Fault fault = Fault::io_error;
    bool for_good = false;
    std::string call; ///< for the report: "fsync .../catalog.db-wal"

    void begin(FaultyFolder& disk) const;
    std::string str() const;
};

/// Every trouble that can befall these calls.
std::vector<Trouble> every_trouble(const std::vector<SeenCall>& calls, bool for_good = false);

/// Runs `trial` for each, several at a time, with a trace in what fails. What is logged meanwhile comes back.
std::string try_all(const std::vector<Trouble>& troubles, unsigned at_once,
                    const std::function<void(const Trouble&)>& trial);

} // namespace qm::test
