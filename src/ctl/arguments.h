// What the command line says: one place for the options of every verb.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace qm::ctl {

constexpr const char* kDefaultConfiguration = "/etc/quarantine-milter/quarantine-milter.conf";

/// Each verb reads the members that its own options fill in. Everything is as typed, unchecked.
struct Arguments {
    std::string configuration = kDefaultConfiguration;
    bool json = false;

    std::vector<std::string> ids; ///< also ids of whitelist rows
    std::string input;            ///< a file, folder, mbox or id
    std::string quarantine;
    std::optional<std::string> from;
    std::optional<std::string> recipient; ///< --to of the verbs that search
    std::vector<std::string> to;          ///< --to of the verbs that send
    bool all = false;
    bool again = false;
    bool failed = false; ///< only those whose last release failed
    bool unsent = false; ///< only those whose last notice did not go out
    std::string allow;   ///< "address", "domain" or ""

    std::string since;
    std::string until;
    std::string state;
    std::string before;
    std::optional<std::int64_t> limit;
    bool ids_only = false;

    bool headers = false;
    bool text = false;
    bool eml = false;
    bool html = false;
    std::string client;

    std::string comment;
    bool permanent = false;
    bool force = false;

    bool dry_run = false;
    bool repair = false;
    bool ini = false;
};

} // namespace qm::ctl
