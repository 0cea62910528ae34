// The result of a run, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "load/meter.h"
#include "load/process.h"
#include "load/worker.h"

namespace qm::load {

struct Result {
    Counts counts;
    Meter meter;
    double seconds = 0;          ///< from the first mail to the last answer
    double measured_seconds = 0; ///< of them behind the warm-up
    double own_cpu_seconds = 0;
    std::vector<Sample> samples; ///< of the daemon
    std::string failure;         ///< why the run ended early

    /// Every mail has the answer it had to get, in the end.
    bool is_good() const;
};

std::string table_of(const Plan& plan, const Result& result);
std::string json_of(const Plan& plan, const Result& result);

} // namespace qm::load
