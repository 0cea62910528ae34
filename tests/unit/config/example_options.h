// A small vocabulary with an option of every kind, shaped like the real one.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace qm::config {

inline constexpr std::array kGlobalOptions{
    Option{.name = "quarantines", .kind = OptionKind::list, .required = true, .example = "spam"},
    Option{.name = "preferred_quarantine_action",
           .kind = OptionKind::choice,
           .fallback = "last",
           .choices = "first|last",
           .aliases = "preferred_quarantin_action"},
    Option{.name = "socket", .fallback = "unix:/run/x.sock"},
};
inline constexpr std::array kQuarantineOptions{
    Option{.name = "regex", .help = "Which header.", .required = true, .example = "^X-Spam"},
    Option{.name = "quarantine_type",
           .kind = OptionKind::choice,
           .fallback = "NONE",
           .choices = "NONE|FILE",
           .aliases = "storage_type"},
    Option{.name = "reject_reason", .fallback = "Message rejected"},
    Option{.name = "smtp_port", .kind = OptionKind::number, .fallback = "25", .min = 1, .max = 65535},
    Option{.name = "strip", .kind = OptionKind::flag, .fallback = "no"},
    Option{.name = "retry", .kind = OptionKind::duration, .fallback = "10m"},
    Option{.name = "keep_days", .kind = OptionKind::days, .fallback = "14"},
    Option{.name = "limit", .kind = OptionKind::size, .fallback = "1M"},
    Option{.name = "quarantine_directory", .kind = OptionKind::path},
    Option{.name = "ignore_hosts", .kind = OptionKind::list, .aliases = "host_whitelist"},
    Option{.name = "embedded_imgs", .kind = OptionKind::paths},
    Option{.name = "parts", .kind = OptionKind::list, .fallback = "text", .choices = "text|html"},
    Option{.name = "smtp_password", .kind = OptionKind::secret},
    Option{.name = "database", .kind = OptionKind::secret, .fallback = "sqlite:///x.db"},
};

inline Vocabulary example_vocabulary()
{
    return {.global = {kGlobalOptions}, .anywhere = {kQuarantineOptions}};
}

/// All remarks as the operator sees them, one a line.
inline std::string told(const Config& config)
{
    std::string lines;
    for (const Remark& remark : config.remarks()) {
        lines += remark.str() + "\n";
    }
    return lines;
}

inline Config parsed(std::string_view text)
{
    return Config("q.conf", text, example_vocabulary());
}

/// [global] with what it needs, and the beginning of a section [spam] in line 3.
inline std::string with_spam(std::string_view options)
{
    return "[global]\nquarantines = spam\n[spam]\n" + std::string(options);
}

} // namespace qm::config
