// The inside of a preview worker: a process that never sees a message, and a child of it for each message.
#pragma once

#include <cstdint>
#include <functional>

#include "preview/frame.h"
#include "preview/sandbox.h"

namespace qm::preview {

/// Where a worker tells how each of its children has ended; messages and answers go through descriptor 0.
inline constexpr int kReports = 3;

/// What makes an answer of a message.
using Render = std::function<Preview(const Request&, std::string_view message, bool cut)>;

/// Exit code of a child that had nothing to do.
inline constexpr int kNobodyThere = 99;

/// The part of a child: reads one request from descriptor 0, renders and answers it. Returns its exit code:
/// EX_OK also for a request that was taken back; kNobodyThere when the other end is closed; EX_PROTOCOL for
/// what is no request.
int answer_one(const Render& render);

/// Has one child after the other read one request from descriptor 0, shut in as `confinement` says, render it
/// and end, so that no message meets what another one has left behind. A child is there before its request
/// is. How it has ended is written to kReports. Returns the exit code of the process when nobody is at the
/// other end, or when children cannot be made.
int serve(const Render& render, const Confinement& confinement);

/// render() or render_html(), as the request says.
Preview rendered(const Request& request, std::string_view message, bool cut);

} // namespace qm::preview
