// One section of the INI file as the other rooms read it.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <string>

#include "config/dictionary.h"
#include "config/mistakes.h"

namespace qm::config {

/// What all sections of a file share.
struct FileContext {
    explicit FileContext(const std::string& file, const Vocabulary& vocabulary);

    std::string folder; ///< absolute, of the configuration file
    Dictionary dictionary;
    Mistakes mistakes;
    bool secrets_in_the_open = false; ///< everybody may read the configuration file
};

/// A section of the file, with [global] behind it.
///
/// Lifetime: refers to the context and to the section of [global].
class IniSection final : public Section {
  public:
    /// `line` is that of the header, 0 if there is none. `global` is nullptr for [global] itself.
    IniSection(std::string name, int line, const IniSection* global, FileContext& context)
        : name_(std::move(name)), line_(line), global_(global), context_(context)
    {
    }

    const std::string& name() const override { return name_; }
    std::string folder() const override { return context_.folder; }
    bool is_set(std::string_view option) const override;
    std::string text(std::string_view option) const override;
    std::size_t choice(std::string_view option) const override;
    bool flag(std::string_view option) const override;
    std::int64_t number(std::string_view option) const override;
    std::chrono::seconds duration(std::string_view option) const override;
    std::uint64_t size(std::string_view option) const override;
    std::string path(std::string_view option) const override;
    std::vector<std::string> list(std::string_view option) const override;
    std::vector<std::string> paths(std::string_view option) const override;
    std::string secret(std::string_view option) const override;
    void mistake(std::string_view option, std::string_view what) const override;
    void warning(std::string_view option, std::string_view what) const override;

    /// A remark at the option: where it is written, else at the section. Its file is left open.
    Remark about(std::string_view option, std::string_view what) const;

    int line() const { return line_; }
    void set_line(int line) { line_ = line; }

    /// Takes what the file says, if its name is known and new here; else notes a mistake.
    void put(int line, const std::string& name, const std::string& value);
    /// Notes every value that cannot be read, whether somebody asks for it later or not.
    void check() const;

  private:
    struct Entry {
        int line = 0;
        std::string name; ///< as in the file, lower case
        std::string value;
        Word word;
    };
    using Kinds = std::initializer_list<OptionKind>;

    const Option& known(std::string_view option, Kinds kinds) const;
    const Entry* own(std::string_view key) const;
    /// The entry that counts: of this section, else of [global].
    const Entry* find(std::string_view key) const;
    /// The same for an option that may also be given as `<option>_file`.
    const Entry* find_given(const Option& option) const;
    /// A value that fault() finds nothing wrong with: the entry's, else the fallback.
    std::string value(const Option& option) const;
    void check(const Entry& entry) const;
    Remark about(const Entry& entry, std::string what) const;
    void remark(std::string_view option, std::string_view what, bool warning) const;
    void remark_at(const Entry& entry, std::string what, bool warning = false) const;
    std::int64_t amount(const Option& option) const;
    std::string absolute(std::string path) const;

    std::string name_;
    int line_;
    const IniSection* global_;
    FileContext& context_;
    std::map<std::string, Entry, std::less<>> entries_; ///< by key
};

} // namespace qm::config
