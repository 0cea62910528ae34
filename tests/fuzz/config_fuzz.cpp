// Any bytes as a configuration: never a crash, every remark is one printable line, all values that are handed
// out keep their promises, and a value that was read is the same when it is written out and read again.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "config/config.h"
#include "config/ini_file.h"

namespace {

using namespace qm;

constexpr std::array kGlobal{
    Option{.name = "quarantines", .kind = OptionKind::list, .required = true},
    Option{.name = "preferred_quarantine_action",
           .kind = OptionKind::choice,
           .fallback = "last",
           .choices = "first|last",
           .aliases = "preferred_quarantin_action"},
};
constexpr std::array kAnywhere{
    Option{.name = "regex", .required = true},
    Option{.name = "smtp_port", .kind = OptionKind::number, .fallback = "25", .min = 1, .max = 65535},
    Option{.name = "retry", .kind = OptionKind::duration, .fallback = "10m"},
    Option{.name = "days", .kind = OptionKind::days, .fallback = "5"},
    Option{.name = "limit", .kind = OptionKind::size, .fallback = "1M"},
    Option{.name = "strip", .kind = OptionKind::flag, .fallback = "no"},
    Option{.name = "folder", .kind = OptionKind::path},
    Option{.name = "images", .kind = OptionKind::paths},
    Option{.name = "password", .kind = OptionKind::secret},
};

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

void read_all(const Section& section)
{
    const auto port = section.number("smtp_port");
    require(port >= 1 && port <= 65535);
    require(section.duration("retry").count() >= 0);
    require(section.duration("days").count() >= 0);
    static_cast<void>(section.size("limit"));
    static_cast<void>(section.flag("strip"));
    static_cast<void>(section.text("regex"));
    require(section.choice("preferred_quarantine_action") < 2);
    const std::string folder = section.path("folder");
    require(folder.empty() || folder.front() == '/');
    for (const std::string& image : section.paths("images")) {
        require(image.front() == '/');
    }
    for (const std::string& name : section.list("quarantines")) {
        require(!name.empty() && text::trim(name) == name);
    }
}

/// Keeps the last value that can be written out again.
class LastValue final : public config::IniVisitor {
  public:
    void section(int /*line*/, const std::string& /*name*/) override {}
    void option(int /*line*/, const std::string& /*name*/, const std::string& value) override
    {
        last = value;
    }
    bool is_option(std::string_view name) const override { return name == "regex"; }
    void broken(int /*line*/, const std::string& /*what*/) override { is_broken = true; }
    void doubtful(int /*line*/, const std::string& /*what*/) override {}

    std::string last;
    bool is_broken = false;
};

/// A line that begins a comment or looks like an option of its own cannot go on a value.
bool can_be_written(std::string_view value)
{
    for (const std::string_view line : text::split(value, '\n')) {
        const bool first = line.data() == value.data();
        const auto separator = line.find_first_of("=:");
        if (line.size() > config::kLongestLine / 4 ||
            (!first &&
             (line.starts_with('#') || line.starts_with(';') ||
              (separator != std::string_view::npos && text::trim(line.substr(0, separator)) == "regex")))) {
            return false;
        }
    }
    return value.size() < config::kLongestFile / 8;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are bytes
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const config::Config config("fuzz.conf", input, {.global = {kGlobal}, .anywhere = {kAnywhere}});
    read_all(config.global());
    for (const std::string& name : config.section_names()) {
        require(config.section(name) != nullptr);
        read_all(*config.section(name));
    }
    for (const auto& remark : config.remarks()) {
        const std::string shown = remark.str();
        for (std::string_view line = shown; !line.empty();) {
            const text::Character character = text::first_character(line);
            require(text::utf8_length(line) != 0 && !text::is_deceptive(character.code));
            line.remove_prefix(character.bytes);
        }
    }

    LastValue first;
    config::read_ini(input, first);
    if (can_be_written(first.last)) {
        LastValue second;
        config::read_ini("[s]\nx = " + config::as_written(first.last) + "\n", second);
        require(!second.is_broken && second.last == first.last);
    }
    return 0;
}
