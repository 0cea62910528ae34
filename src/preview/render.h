// Reads a message and says what may be shown of it, in this process. Hostile bytes meet parsers here: only
// the worker (preview/worker.h) and tests call it, everybody else asks preview/preview.h.
#pragma once

#include <string>
#include <string_view>

#include "preview/preview.h"

namespace qm::preview {

/// Opens what rendering opens (charset converters, GMime), so that it opens no file later. Once, before other
/// threads start.
void prepare_rendering();

/// Whatever the message contains, an answer comes: what cannot be shown is replaced by a sentence. `cut`: the
/// message goes on behind these bytes.
///
/// Thread-safety: may be called from any thread.
Preview render(std::string_view message, bool cut, const PreviewOptions& options);

/// As sanitized() of preview/preview.h.
///
/// Thread-safety: may be called from any thread.
std::string render_html(std::string_view html, const PreviewOptions& options);

} // namespace qm::preview
