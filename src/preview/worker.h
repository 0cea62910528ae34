// The inside of a preview worker: answers requests on a socket until it ends.
#pragma once

#include <chrono>
#include <functional>

#include "preview/frame.h"

namespace qm::preview {

struct WorkerLimits {
    std::chrono::milliseconds clock{10'000};    ///< for one request, from its last byte
    std::chrono::milliseconds processor{5'000}; ///< the same, in processor time
};

/// What makes an answer of a message.
using Render = std::function<Preview(const Request&, std::string_view message, bool cut)>;

/// Renders requests from descriptor 0 until nobody is at its other end. Returns the exit code of the process.
int serve(const Render& render, const WorkerLimits& limits);

/// render() or render_html(), as the request says.
Preview rendered(const Request& request, std::string_view message, bool cut);

} // namespace qm::preview
