// Which option names exist, and which of them the operator may have meant.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "config/config.h"

namespace qm::config {

/// A name that may stand in the file.
struct Word {
    const Option* option = nullptr;
    bool global_only = false;
    bool names_a_file = false; ///< `<option>_file`: the secret stands in that file
    std::string key;           ///< under which the value is kept: aliases share that of their option
};

/// All option names of a vocabulary in lower case: main names, aliases, and `<secret>_file`.
///
/// Lifetime: refers to the option tables, which are static.
class Dictionary {
  public:
    explicit Dictionary(const Vocabulary& vocabulary);

    /// nullptr when there is no such option. `name` in any case.
    const Word* find(std::string_view name) const;

    /// The known name closest to a misspelt one, "" when none is close.
    std::string_view nearest(std::string_view name) const;

  private:
    void add(const Option& option, bool global_only);

    std::map<std::string, Word, std::less<>> words_;
};

/// The key of the option that names the file of a secret.
std::string file_key(std::string_view option);

} // namespace qm::config
