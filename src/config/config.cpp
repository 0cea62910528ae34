#include "config/config.h"

#include <deque>
#include <functional>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"
#include "config/ini_file.h"
#include "config/secret.h"
#include "config/section.h"
#include "quarantine/error.h"

namespace qm::config {
namespace {

constexpr std::string_view kGlobal = "global";

/// "/etc/x.conf: Permission denied" without the path, which the remark names already.
std::string reason(std::string_view error, const std::string& file)
{
    if (error.starts_with(file + ": ")) {
        error.remove_prefix(file.size() + 2);
    }
    return fmt::format("cannot be read: {}", error);
}

} // namespace

/// Builds the sections while the file is read.
class Config::Body final : public IniVisitor {
  public:
    Body(const std::string& file, const Vocabulary& vocabulary)
        : context_(file, vocabulary), global_(std::string(kGlobal), 0, nullptr, context_)
    {
    }

    void read_from(const std::string& file)
    {
        try {
            const std::string text = read_file(file, kLongestFile);
            context_.secrets_in_the_open = readable_by_all(file);
            read(text);
        } catch (const BackendError& error) {
            give_up(reason(error.what(), file));
        }
    }

    void read(std::string_view text)
    {
        read_ini(text, *this);
        if (unusable_) {
            context_.mistakes.close();
            return;
        }
        if (global_.line() == 0) {
            broken(0,
                   misspelt_global_.empty()
                       ? "there is no section [global]; expected one"
                       : fmt::format("there is no section [global]; [{}] is another one, because the case of "
                                     "a section's name counts",
                                     misspelt_global_));
        }
        finish_aside();
        global_.check();
        for (const IniSection& section : sections_) {
            section.check();
        }
    }

    void section(int line, const std::string& name) override;
    void option(int line, const std::string& name, const std::string& value) override;
    bool is_option(std::string_view name) const override { return context_.dictionary.find(name) != nullptr; }
    void broken(int line, const std::string& what) override
    {
        unusable_ = unusable_ || line == 0;
        note(line, "", what, false);
    }
    void doubtful(int line, const std::string& what) override { note(line, "", what, true); }

    void note(int line, std::string_view section, std::string_view what, bool warning)
    {
        context_.mistakes.add({.file = {},
                               .line = line,
                               .section = std::string(section),
                               .option = {},
                               .what = std::string(what),
                               .warning = warning});
    }

    const IniSection* find(std::string_view name) const
    {
        const auto found = by_name_.find(name);
        return found == by_name_.end() ? nullptr : found->second;
    }

  private:
    friend class Config;

    void give_up(const std::string& what)
    {
        note(0, "", what, false);
        context_.mistakes.close();
    }
    /// What follows belongs to no section that counts; its options are still looked at.
    void open_aside(const std::string& name, int line)
    {
        current_ = &aside_.emplace(name, line, &global_, context_);
    }
    void finish_aside()
    {
        if (aside_) {
            aside_->check();
            aside_.reset();
        }
    }

    FileContext context_;
    IniSection global_;
    std::deque<IniSection> sections_; ///< in the order of the file, without [global]
    std::map<std::string, IniSection*, std::less<>> by_name_;
    std::optional<IniSection> aside_;
    IniSection* current_ = nullptr;
    std::string misspelt_global_;
    bool unusable_ = false;
};

void Config::Body::section(int line, const std::string& name)
{
    finish_aside();
    if (name.empty()) {
        open_aside(name, line);
        return;
    }
    if (name == "DEFAULT") {
        note(line, name,
             "this section has no meaning here; expected [global], whose options are the defaults of "
             "all quarantines",
             false);
        open_aside(name, line);
        return;
    }
    if (const IniSection* const first = find(name)) {
        note(line, name,
             fmt::format("there is such a section in line {} already; expected one", first->line()), false);
        open_aside(name, line);
        return;
    }
    if (name == kGlobal) {
        global_.set_line(line);
        current_ = &global_;
    } else {
        current_ = &sections_.emplace_back(name, line, &global_, context_);
        if (misspelt_global_.empty() && text::equals_ignoring_case(name, kGlobal)) {
            misspelt_global_ = name;
        }
    }
    by_name_.emplace(name, current_);
}

void Config::Body::option(int line, const std::string& name, const std::string& value)
{
    if (current_ == nullptr) {
        note(line, "",
             fmt::format("the option \"{}\" stands before the first section; expected [global] above it",
                         text::cut_utf8(name, 60)),
             false);
        return;
    }
    if (name.empty()) {
        note(line, current_->name(), "nothing stands before the \"=\"; expected the name of an option",
             false);
        return;
    }
    current_->put(line, name, value);
}

Config::Config(const std::string& file, const Vocabulary& vocabulary)
    : body_(std::make_unique<Body>(file, vocabulary))
{
    body_->read_from(file);
}

Config::Config(const std::string& file, std::string_view text, const Vocabulary& vocabulary)
    : body_(std::make_unique<Body>(file, vocabulary))
{
    body_->read(text);
}

Config::~Config() = default;

const Section& Config::global() const
{
    return body_->global_;
}

const Section* Config::section(std::string_view name) const
{
    return body_->find(name);
}

std::vector<std::string> Config::section_names() const
{
    std::vector<std::string> names;
    for (const IniSection& section : body_->sections_) {
        names.push_back(section.name());
    }
    return names;
}

void Config::mistake(std::string_view section, std::string_view what) const
{
    const IniSection* const found = body_->find(section);
    body_->note(found != nullptr ? found->line() : 0, section, what, false);
}

void Config::warning(std::string_view section, std::string_view what) const
{
    const IniSection* const found = body_->find(section);
    body_->note(found != nullptr ? found->line() : 0, section, what, true);
}

Remark Config::about(std::string_view section, std::string_view option, std::string_view what) const
{
    const IniSection* const found = body_->find(section);
    Remark remark = (found == nullptr ? body_->global_ : *found).about(option, what);
    remark.file = body_->context_.mistakes.file();
    return remark;
}

std::vector<Remark> Config::remarks() const
{
    return body_->context_.mistakes.all();
}

bool Config::has_mistakes() const
{
    return body_->context_.mistakes.any_mistake();
}

} // namespace qm::config
