// What makes two messages the same message.
#pragma once

#include <string>
#include <string_view>

#include "base/sha256.h"
#include "mail/headers.h"

namespace qm::mail {

/// SHA-256 over the From, Date, Message-ID and Subject fields (the first of each, unfolded, runs of white
/// space as one blank, a missing one as empty) and the body as received. Scanners in front of us write other
/// headers at every retry, and mail servers refold; neither changes this digest.
///
/// Thread-safety: none.
class ContentDigest {
  public:
    explicit ContentDigest(const Headers& headers);
    void body(std::string_view bytes);
    /// 64 hexadecimal digits.
    std::string finish();

  private:
    Sha256 sum_;
};

} // namespace qm::mail
