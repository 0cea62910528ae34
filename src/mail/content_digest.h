// What makes two messages the same message.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "mail/headers.h"

namespace qm::mail {

/// SHA-256 over the From, Date, Message-ID and Subject fields (the first of each, unfolded, runs of white
/// space as one blank, a missing one as empty) and the SHA-256 of the body as received. Scanners in front of
/// us write other headers at every retry, and mail servers refold; neither changes this digest.
///
/// Thread-safety: none.
class ContentDigest {
  public:
    explicit ContentDigest(const Headers& headers);
    /// Of a whole message in memory.
    explicit ContentDigest(std::string_view message);

    void body(std::string_view bytes);

    /// Ends the body. 64 hexadecimal digits.
    std::string finish();

    /// After finish(): the digest under which we know a message again that we hand to a mail server. Stricter
    /// than the other one, because it opens the door: it also covers the fields that decide what the body
    /// means (MIME-Version and every Content-* field) and Sender and Reply-To, each with all of its
    /// occurrences. A From that the server completes (an address without a domain) or adds is left out.
    std::string as_sent() const;

    /// After finish(): the digests under which this message may have been sent by us, most likely first. A
    /// mail server adds From, Date and Message-ID where they are missing, so each of them is left out in turn
    /// and together.
    std::vector<std::string> as_received() const;

  private:
    static constexpr std::size_t kFields = 4;

    std::string strict_digest(unsigned left_out) const;

    std::array<std::string, kFields> fields_; ///< the first of each
    std::array<std::string, kFields> all_;    ///< all of each
    std::string meaning_;                     ///< the other fields of the strict digest
    Sha256 body_;
    std::string body_sum_;
};

} // namespace qm::mail
