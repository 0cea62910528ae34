#include "quarantine/settings.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "notify/builtin_notifiers.h"
#include "preview/options.h"
#include "quarantine/error.h"
#include "quarantine/options.h"
#include "smtp/client.h"
#include "store/builtin_stores.h"
#include "store/file_store.h"
#include "whitelist/builtin_whitelists.h"

namespace qm {
namespace {

using policy::Action;

constexpr std::size_t kMaxReason = 400;

/// Type name and the values of all its options: equal keys, equal backends.
template <typename Type>
std::string backend_key(const Type& type, const Section& section)
{
    std::string key(type.name);
    for (const Option& option : type.options) {
        key += '\0';
        switch (option.kind) {
        case OptionKind::secret:
            key += section.secret(option.name);
            break;
        case OptionKind::path:
            key += section.path(option.name);
            break;
        default:
            key += section.text(option.name);
        }
    }
    return key;
}

/// Builds Settings while it collects mistakes in the Config.
class Loader {
  public:
    Loader(std::shared_ptr<const config::Config> config, const Settings* previous)
        : config_(*config), previous_(previous), settings_(std::make_shared<Settings>())
    {
        settings_->config = std::move(config);
    }

    LoadedSettings load(const std::string& file)
    {
        settings_->file = file;
        settings_->folder = config_.global().folder();
        read_global();
        read_quarantines();
        check_spool();
        settings_->ruleset = policy::Ruleset(std::move(rules_));
        LoadedSettings loaded;
        if (!config_.has_mistakes()) {
            loaded.settings = settings_;
        }
        loaded.remarks = config_.remarks();
        return loaded;
    }

  private:
    void read_global()
    {
        const Section& section = config_.global();
        GlobalSettings& global = settings_->global;
        global.socket = section.text("socket");
        read_socket_mode(section);
        global.socket_group = section.text("socket_group");
        global.user = section.text("user");
        if (global.user == "root") {
            section.warning("user", "the daemon would run as root; a user of its own is safer");
        }
        global.log_target =
            std::array{log::Target::journal, log::Target::syslog, log::Target::standard_error}.at(
                section.choice("log"));
        global.log_level =
            std::array{log::Level::debug, log::Level::info, log::Level::warning, log::Level::error}.at(
                section.choice("log_level"));
        global.log_subject = section.flag("log_subject");
        global.catalog = section.secret("catalog");
        global.spool_directory = section.path("spool_directory");
        global.reserve_space = section.size("reserve_space");
        global.buffer_memory = section.size("buffer_memory");
        global.retry_window = section.duration("retry_window");
        settings_->mail_server = smtp::server_of(section);
        settings_->preferred = std::array{policy::Preferred::first, policy::Preferred::last}.at(
            section.choice("preferred_quarantine_action"));
    }

    void read_socket_mode(const Section& section)
    {
        const std::string text = section.text("socket_mode");
        unsigned mode = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
        if (error != std::errc() || end != text.data() + text.size() || mode > 0777) {
            section.mistake("socket_mode",
                            fmt::format("'{}' is not a mode; expected octal digits such as 0660",
                                        text::printable(text, 40)));
            return;
        }
        settings_->global.socket_mode = mode;
    }

    void read_quarantines()
    {
        const std::vector<std::string> names = config_.global().list("quarantines");
        if (names.empty() && config_.global().is_set("quarantines")) {
            config_.global().mistake("quarantines", "names no quarantine; expected at least one");
        }
        std::set<std::string> seen;
        for (const std::string& name : names) {
            if (!seen.insert(name).second) {
                config_.global().mistake("quarantines",
                                         fmt::format("names '{}' twice", text::printable(name, 60)));
                continue;
            }
            const Section* const section = name == "global" ? nullptr : config_.section(name);
            if (section == nullptr) {
                config_.global().mistake(
                    "quarantines",
                    fmt::format("names '{0}', but there is no section [{0}]", text::printable(name, 60)));
                continue;
            }
            read_quarantine(*section);
        }
        for (const std::string& name : config_.section_names()) {
            if (!seen.contains(name)) {
                config_.warning(name, "is not named by 'quarantines' in [global]: it is not in use");
            }
        }
    }

    void read_quarantine(const Section& section)
    {
        Quarantine quarantine;
        quarantine.name = section.name();
        quarantine.action =
            std::array{Action::accept, Action::discard, Action::reject, Action::tempfail, Action::hold}.at(
                section.choice("action"));
        quarantine.reject_reason = section.text("reject_reason");
        quarantine.notification_retry = section.duration("notification_retry_days");
        check_reason(section, quarantine.reject_reason);
        quarantine.keep = section.duration("quarantine_days");
        quarantine.max_size = section.size("quarantine_max_size");
        quarantine.whitelist_expire = section.duration("whitelist_expire_days");
        quarantine.preview_max_size = preview::max_text_of(section);
        quarantine.mail_server = smtp::server_of(section);
        const std::vector<std::string> groups = read_rule(section, quarantine.action);
        read_store(section, quarantine);
        read_whitelist(section, quarantine);
        read_notifier(section, quarantine, groups);
        warn(section, quarantine);
        settings_->quarantines.push_back(std::move(quarantine));
    }

    static void check_reason(const Section& section, const std::string& reason)
    {
        const bool printable = std::ranges::all_of(reason, [](char c) { return c >= ' ' && c <= '~'; });
        if (!printable || reason.size() > kMaxReason) {
            section.mistake(
                "reject_reason",
                fmt::format("goes into an SMTP answer; expected one line of printable ASCII, at most {} "
                            "characters",
                            kMaxReason));
        }
    }

    /// Messages leave the spool when their notices are sent, so it can be nobody's store.
    void check_spool()
    {
        const std::string& spool = settings_->global.spool_directory;
        if (spool.empty() && settings_->uses_spool()) {
            config_.global().mistake("spool_directory",
                                     "is empty, but a quarantine with quarantine_type = NONE tells its "
                                     "recipients; expected a folder");
        }
        for (const Quarantine& quarantine : settings_->quarantines) {
            if (!spool.empty() && quarantine.store && quarantine.store->folder() == spool) {
                config_.global().mistake(
                    "spool_directory",
                    fmt::format("is the folder of the quarantine '{}'; expected one of its own",
                                quarantine.name));
            }
        }
    }

    /// The names of the regex's groups.
    std::vector<std::string> read_rule(const Section& section, Action action)
    {
        std::vector<policy::Network> networks;
        for (const std::string& host : section.list("ignore_hosts")) {
            try {
                networks.emplace_back(host);
            } catch (const ConfigError& error) {
                section.mistake("ignore_hosts", error.what());
            }
        }
        const auto on_limit = std::array{policy::OnRegexLimit::match, policy::OnRegexLimit::no_match,
                                         policy::OnRegexLimit::tempfail}
                                  .at(section.choice("on_regex_limit"));
        const std::string pattern = section.text("regex");
        if (pattern.empty()) {
            if (section.is_set("regex")) {
                section.mistake("regex",
                                "is empty and would match every mail; expected a regular expression");
            }
            return {};
        }
        try {
            rules_.push_back({.quarantine = section.name(),
                              .regex = policy::Regex(pattern),
                              .action = action,
                              .on_regex_limit = on_limit,
                              .ignored_clients = std::move(networks)});
            return rules_.back().regex.group_names();
        } catch (const ConfigError& error) {
            section.mistake("regex", error.what());
        }
        return {};
    }

    template <typename Type>
    static const Type& type_of(std::span<const Type> types, const Section& section, std::string_view option)
    {
        const std::string name = section.text(option);
        const auto found = std::ranges::find_if(
            types, [&](const Type& type) { return text::equals_ignoring_case(type.name, name); });
        return found == types.end() ? types.front() : *found; // an unknown name is a mistake noted already
    }

    void read_store(const Section& section, Quarantine& quarantine)
    {
        section.choice("quarantine_type");
        const StoreType& type = type_of(store::builtin_stores(), section, "quarantine_type");
        guarded(section, "quarantine_type", [&] {
            quarantine.store = shared(settings_->stores, previous_ != nullptr ? &previous_->stores : nullptr,
                                      backend_key(type, section), [&] { return type.open(section); });
        });
        const std::string& spool = settings_->global.spool_directory;
        const store::FileStoreLimits limits{.reserve_space = settings_->global.reserve_space,
                                            .buffer_memory = settings_->global.buffer_memory};
        if (!settings_->spool && !spool.empty()) {
            settings_->spool =
                shared(settings_->stores, previous_ != nullptr ? &previous_->stores : nullptr,
                       fmt::format("spool\n{}\n{}\n{}", spool, limits.reserve_space, limits.buffer_memory),
                       [&] { return store::make_file_store(spool, limits); });
        }
    }

    void read_whitelist(const Section& section, Quarantine& quarantine)
    {
        section.choice("whitelist_type");
        const WhitelistType& type = type_of(whitelist::builtin_whitelists(), section, "whitelist_type");
        guarded(section, "whitelist_type", [&] {
            quarantine.whitelist =
                shared(settings_->whitelists, previous_ != nullptr ? &previous_->whitelists : nullptr,
                       backend_key(type, section), [&] { return type.open(section); });
        });
    }

    void read_notifier(const Section& section, Quarantine& quarantine, const std::vector<std::string>& groups)
    {
        section.choice("notification_type");
        const NotifierType& type = type_of(notify::builtin_notifiers(), section, "notification_type");
        guarded(section, "notification_type", [&] { quarantine.notifier = type.open(section, groups); });
    }

    template <typename Open>
    static void guarded(const Section& section, std::string_view option, Open open)
    {
        try {
            open();
        } catch (const ConfigError& error) {
            section.mistake(option, error.what());
        } catch (const BackendError& error) {
            section.mistake(option, error.what());
        }
    }

    template <typename Backend, typename Open>
    static std::shared_ptr<Backend> shared(std::map<std::string, std::shared_ptr<Backend>>& ours,
                                           const std::map<std::string, std::shared_ptr<Backend>>* theirs,
                                           const std::string& key, Open open)
    {
        if (const auto found = ours.find(key); found != ours.end()) {
            return found->second;
        }
        std::shared_ptr<Backend> backend;
        if (theirs != nullptr && theirs->contains(key)) {
            backend = theirs->at(key);
        } else {
            backend = open();
        }
        ours.emplace(key, backend);
        return backend;
    }

    static void warn(const Section& section, const Quarantine& quarantine)
    {
        const bool keeps = quarantine.store && quarantine.store->keeps();
        if (quarantine.action == Action::accept && keeps) {
            section.warning("action",
                            "ACCEPT only observes: the mail is delivered and a copy is kept; to hold mail "
                            "and tell the sender nothing, use DISCARD");
        }
        if (quarantine.action == Action::discard && !keeps && !quarantine.notifier) {
            section.warning("quarantine_type",
                            "with action DISCARD, nothing kept and nobody told, mail vanishes");
        }
        if (quarantine.action == Action::hold && quarantine.whitelist) {
            section.warning("action",
                            "HOLD concerns the whole mail: whitelisted co-recipients wait with it in the "
                            "mail server's hold queue");
        }
        if (quarantine.action == Action::tempfail && (keeps || quarantine.notifier)) {
            section.warning("action", "TEMPFAIL defers the mail: nothing is kept and nobody is told");
        }
    }

    const config::Config& config_;
    const Settings* previous_;
    std::shared_ptr<Settings> settings_;
    std::vector<policy::Rule> rules_;
};

} // namespace

std::string_view to_string(Action action)
{
    switch (action) {
    case Action::accept:
        return "ACCEPT";
    case Action::discard:
        return "DISCARD";
    case Action::reject:
        return "REJECT";
    case Action::tempfail:
        return "TEMPFAIL";
    case Action::hold:
        return "HOLD";
    }
    return "ACCEPT";
}

const Quarantine* Settings::quarantine(std::string_view name) const
{
    const auto found = std::ranges::find(quarantines, name, &Quarantine::name);
    return found == quarantines.end() ? nullptr : &*found;
}

bool Settings::uses_spool() const
{
    return std::ranges::any_of(
        quarantines, [](const Quarantine& q) { return q.notifier && q.store && !q.store->keeps(); });
}

std::vector<std::string> Settings::lock_files() const
{
    std::vector<std::string> files;
    for (const Quarantine& quarantine : quarantines) {
        files.push_back(quarantine.store->lock_file());
    }
    if (uses_spool()) {
        files.push_back(spool->lock_file());
    }
    return files;
}

LoadedSettings load_settings(const std::string& file, const Settings* previous)
{
    return Loader(std::make_shared<const config::Config>(file, vocabulary()), previous).load(file);
}

LoadedSettings load_settings_text(const std::string& file, std::string_view text, const Settings* previous)
{
    return Loader(std::make_shared<const config::Config>(file, text, vocabulary()), previous).load(file);
}

config::Vocabulary vocabulary()
{
    config::Vocabulary words;
    words.global = {global_options()};
    words.anywhere = {quarantine_options(), preview::options(), smtp::options()};
    const auto add = [&](auto types) {
        for (const auto& type : types) {
            words.anywhere.push_back(type.options);
        }
    };
    add(store::builtin_stores());
    add(notify::builtin_notifiers());
    add(whitelist::builtin_whitelists());
    return words;
}

std::vector<config::OptionGroup> option_groups()
{
    constexpr std::string_view kSection = "spam";
    std::vector<config::OptionGroup> groups{
        {.heading = "The daemon: [global]",
         .help = "These stand in [global] only. Every option of the quarantines may stand there too, as the "
                 "default for "
                 "all of them.",
         .section = "global",
         .tables = {global_options()}},
        {.heading = "Each quarantine",
         .help = "A section of its own, named by `quarantines` in [global].",
         .section = kSection,
         .tables = {quarantine_options(), preview::options()}},
        {.heading = "The mail server for notices",
         .help = "Where notices are handed in (and held mail, when it is released).",
         .section = kSection,
         .tables = {smtp::options()}},
    };
    const auto add = [&](std::string_view option, auto types) {
        for (const auto& type : types) {
            if (!type.options.empty()) {
                groups.push_back({.heading = fmt::format("{} = {}", option, type.name),
                                  .help = type.help,
                                  .section = kSection,
                                  .tables = {type.options}});
            }
        }
    };
    add("quarantine_type", store::builtin_stores());
    add("notification_type", notify::builtin_notifiers());
    add("whitelist_type", whitelist::builtin_whitelists());
    return groups;
}

} // namespace qm
