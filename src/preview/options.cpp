#include "preview/options.h"

#include <array>

namespace qm::preview {
namespace {

constexpr std::uint64_t kLeastText = 1024;
constexpr std::uint64_t kMostText = 1ULL << 20U; ///< a notice with it is still one that mail servers take

constexpr std::array kOptions{
    Option{.name = "preview_max_size",
           .kind = OptionKind::size,
           .fallback = "512K",
           .help =
               "How much text of a held message is shown, in notices and by quarantinectl: 1K to 1M. What "
               "is cut off is said below it.",
           .example = "100K"},
};

} // namespace

std::span<const Option> options()
{
    return kOptions;
}

std::uint64_t max_text_of(const Section& section)
{
    const std::uint64_t size = section.size("preview_max_size");
    if (size < kLeastText || size > kMostText) {
        section.mistake("preview_max_size", "expected 1K to 1M");
        return PreviewOptions{}.max_text;
    }
    return size;
}

} // namespace qm::preview
