// The bytes of a part without its transfer encoding.
#pragma once

#include <gmime/gmime.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace qm::mail {

struct TextBytes {
    std::string bytes;
    bool is_undecoded = false; ///< although an encoding is declared
};

/// The bytes of a text in `charset`, at most `limit` of them. Who decodes base64 ignores what cannot belong
/// to it (RFC 2045, section 6.8), so it is not base64 only if that gives no text. Some programs go on behind
/// a padding: what stands there is taken too where it is a text.
TextBytes text_bytes(GMimePart* part, std::string_view charset, std::uint64_t limit);

/// Of a part decoded, of an attached message as it is.
std::uint64_t decoded_size(GMimeObject* object);

} // namespace qm::mail
