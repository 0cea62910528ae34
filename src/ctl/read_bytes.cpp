#include "ctl/read_bytes.h"

#include <algorithm>
#include <array>

namespace qm::ctl {

std::string read_head(MessageReader& reader, std::size_t limit)
{
    std::string head;
    std::array<char, 65536> buffer{};
    while (head.size() < limit) {
        const std::size_t got = reader.read(buffer);
        if (got == 0) {
            break;
        }
        const std::size_t seen = head.size() < 3 ? 0 : head.size() - 3;
        head.append(buffer.data(), got);
        if (head.find("\n\r\n", seen) != std::string::npos || head.find("\n\n", seen) != std::string::npos) {
            break;
        }
    }
    return head;
}

std::size_t BytesReader::read(std::span<char> buffer)
{
    const std::size_t count = std::min(buffer.size(), rest_.size());
    std::ranges::copy(rest_.substr(0, count), buffer.begin());
    rest_.remove_prefix(count);
    return count;
}

} // namespace qm::ctl
