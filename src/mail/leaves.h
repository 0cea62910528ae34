// The parts of a message that GMime has read, in a row.
#pragma once

#include <gmime/gmime.h>

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace qm::mail {

inline constexpr std::size_t kNoBranch = std::numeric_limits<std::size_t>::max();

/// Where a multipart divides so that only one side is meant to be shown: the parts of a
/// multipart/alternative, or the root of a multipart/related and all that belongs to it.
struct Branch {
    std::size_t choice = 0;        ///< number of the multipart
    std::size_t outer = kNoBranch; ///< the branch that the multipart stands in
    std::size_t number = 0;        ///< in the order of the multipart
    bool is_alternative = false;
};

/// A part without parts of its own, or an attached message.
struct Leaf {
    GMimeObject* object = nullptr;        ///< belongs to the message
    std::string type;                     ///< "text/plain"
    std::string name;                     ///< as mail/attachment_name.h takes it, "" without one
    std::vector<std::string> other_names; ///< that other programs may take for it
    bool is_attachment = false;           ///< by its Content-Disposition
    bool is_beside = false;         ///< belongs to the root of a multipart/related, like an image of a page
    std::size_t level = 0;          ///< of attached messages around it
    std::size_t branch = kNoBranch; ///< the innermost around it

    bool is_message() const { return GMIME_IS_MESSAGE_PART(object); }
};

struct LeafLimits {
    std::size_t max_parts = 0;
    std::size_t max_depth = 0;
};

struct Leaves {
    std::vector<Leaf> all; ///< as they are written
    std::vector<Branch> branches;
    std::size_t choices = 0;
    bool cut = false; ///< there are more, or something nested too deep to be read
    /// Fields say different things about a part: where it ends, what it is, how it is encoded.
    bool contradict = false;
    /// A multipart/* in which no boundary was found, so that its parts cannot be told apart; nullptr without.
    GMimeMultipart* undivided = nullptr;
};

/// Where a field that counts once stands several times, the first one counts, of Content-Type the last, as
/// GMime has it. Without recursion, because a message may be nested as deep as it likes.
Leaves leaves_of(GMimeObject* root, const LeafLimits& limits);

/// The values of all fields of this name (any case), folds included.
std::vector<std::string> fields_of(GMimeObject* object, const char* name);

} // namespace qm::mail
