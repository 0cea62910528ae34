// The checked configuration: everything the daemon works with, built aside and swapped whole.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "config/config.h"
#include "config/reference.h"
#include "policy/ruleset.h"
#include "quarantine/quarantine.h"

namespace qm {

/// `[global]`, except the defaults for quarantines.
struct GlobalSettings {
    std::string socket;
    unsigned socket_mode = 0660;
    std::string socket_group; ///< "" leaves the group as it is
    std::string user;
    log::Target log_target = log::Target::journal;
    log::Level log_level = log::Level::info;
    bool log_subject = false;
    std::string catalog;             ///< URL
    std::string spool_directory;     ///< absolute
    std::uint64_t reserve_space = 0; ///< bytes
    std::uint64_t buffer_memory = 0; ///< bytes, of the spool
    std::chrono::seconds retry_window{};
};

/// Thread-safety: immutable.
struct Settings {
    std::string file;
    std::string folder; ///< of the configuration file
    GlobalSettings global;
    policy::Preferred preferred = policy::Preferred::first;
    std::vector<Quarantine> quarantines; ///< in list order; policy::QuarantineIndex points here
    policy::Ruleset ruleset;
    /// Messages of quarantines that keep nothing but tell somebody wait here for their notices.
    std::shared_ptr<MessageStore> spool;
    smtp::Server mail_server; ///< of [global]: for what belongs to no configured quarantine
    std::shared_ptr<const config::Config> config; ///< what all this was read from; one thread at a time
    /// The backends by their type and options, so that equal ones are shared, also with the next settings.
    std::map<std::string, std::shared_ptr<MessageStore>> stores;
    std::map<std::string, std::shared_ptr<Whitelist>> whitelists;

    /// nullptr when it is not configured.
    const Quarantine* quarantine(std::string_view name) const;
    /// True when a quarantine that keeps nothing tells somebody.
    bool uses_spool() const;
    /// Locked by a daemon that has these stores for itself.
    std::vector<std::string> lock_files() const;
};

/// What came of reading a configuration.
struct LoadedSettings {
    std::shared_ptr<const Settings> settings; ///< nullptr when there are mistakes
    std::vector<config::Remark> remarks;      ///< mistakes and warnings
    bool has_mistakes() const { return settings == nullptr; }
};

/// Reads and checks `file` and opens (but does not connect) the backends. `previous`, if given, lends its
/// backends.
LoadedSettings load_settings(const std::string& file, const Settings* previous = nullptr);
/// The same from text in memory.
LoadedSettings load_settings_text(const std::string& file, std::string_view text,
                                  const Settings* previous = nullptr);

/// Every option there is, for the parser.
config::Vocabulary vocabulary();

/// The same in the order of the manual.
std::vector<config::OptionGroup> option_groups();

} // namespace qm
