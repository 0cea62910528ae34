// The child's side of a FileFeed, and what the two say to each other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qm::ctl {

/// What stands in front of everything that goes through the pipe. Both sides are the same program.
struct FeedFrame {
    enum class Type : std::uint8_t {
        kind,    ///< first: `value` is FileFeed::Kind, `time` errno
        file,    ///< a file begins: `value` bytes of its name follow, `time` is when it changed
        bytes,   ///< `value` bytes of it follow
        skipped, ///< it is skipped: `value` bytes of the reason follow
        end,     ///< it is complete
        no_more, ///< last
    };
    Type type = Type::no_more;
    std::uint64_t value = 0;
    std::int64_t time = 0; ///< microseconds since 1970
};

/// Reads what stands at `path` and writes it to `pipe`, until the other side is gone. Files of more than
/// `largest` bytes are skipped.
void feed_files(const std::string& path, std::string_view companion, std::uint64_t largest, int pipe);

} // namespace qm::ctl
