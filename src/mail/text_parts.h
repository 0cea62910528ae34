// Which parts of a message are its text.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "mail/leaves.h"

namespace qm::mail {

/// What becomes of a part.
enum class Use : std::uint8_t {
    shown,
    blank,    ///< a text in which nothing is seen
    replaced, ///< an alternative to a part that is shown
    not_shown
};

struct TextParts {
    std::vector<Use> uses; ///< of each leaf
    /// Programs differ in which alternative they show: HTML in which nothing is seen has a text as its
    /// alternative, or a text stands behind the one that is shown.
    bool contradict = false;
};

/// HTML and plain text that stands in the mail, all of it: of a multipart/alternative HTML before plain text
/// and of equals the last (RFC 2046, section 5.1.4), of a multipart/related the root. What shows nothing
/// gives way. Where nothing else is left other kinds of text are shown, then texts of attached messages. A
/// part whose Content-Disposition is attachment is none. `is_blank` is asked at most once of each leaf.
TextParts text_parts(const Leaves& leaves, const std::function<bool(const Leaf&)>& is_blank);

bool is_html(const Leaf& leaf);

} // namespace qm::mail
