#include "quarantine/reading.h"

#include <algorithm>
#include <array>
#include <span>

namespace qm {

std::string read_all(MessageReader& reader, std::size_t limit)
{
    std::string bytes;
    std::array<char, 65536> buffer{};
    while (bytes.size() < limit) {
        const std::size_t got =
            reader.read(std::span(buffer).first(std::min(buffer.size(), limit - bytes.size())));
        if (got == 0) {
            break;
        }
        bytes.append(buffer.data(), got);
    }
    return bytes;
}

} // namespace qm
