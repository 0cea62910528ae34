// Messages as bytes in memory.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "quarantine/store.h"

namespace qm::ctl {

/// The bytes up to the end of the header block and a little more; at most about `limit`. Errors:
/// BackendError.
std::string read_head(MessageReader& reader, std::size_t limit);

/// A message in memory, read from its first byte.
///
/// Lifetime: the bytes are borrowed.
class BytesReader final : public MessageReader {
  public:
    explicit BytesReader(std::string_view bytes) : rest_(bytes) {}
    std::size_t read(std::span<char> buffer) override;

  private:
    std::string_view rest_;
};

} // namespace qm::ctl
