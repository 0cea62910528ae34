// quarantinectl import pyquarantine
#include <cerrno>

#include <fmt/format.h>

#include "ctl/exit_code.h"
#include "ctl/file_feed.h"
#include "ctl/interruption.h"
#include "ctl/json_of.h"
#include "ctl/pyquarantine.h"
#include "ctl/verbs.h"
#include "quarantine/error.h"

namespace qm::ctl {
namespace {

/// So many failures of catalog or store in a row are no accident.
constexpr int kMostFailures = 3;

std::string quarantine_argument(const Settings& settings, const std::string& name)
{
    if (!name.empty()) {
        const Quarantine* const quarantine = settings.quarantine(name);
        if (quarantine == nullptr || !quarantine->store->keeps()) {
            throw UsageError(fmt::format("-q {}: {}", harmless_line(name, 60),
                                         quarantine == nullptr ? "no quarantine is called so"
                                                               : "this quarantine keeps no messages"));
        }
        return name;
    }
    std::string only;
    for (const Quarantine& quarantine : settings.quarantines) {
        if (quarantine.store->keeps()) {
            if (!only.empty()) {
                throw UsageError("several quarantines keep messages: name the one that takes these with -q");
            }
            only = quarantine.name;
        }
    }
    if (only.empty()) {
        throw UsageError("no quarantine keeps messages");
    }
    return only;
}

std::string_view last_part(std::string_view path)
{
    return path.substr(path.rfind('/') + 1);
}

HeldMail held_mail(const PyMetadata& metadata, const HeldId& id, Time time, const std::string& quarantine)
{
    HeldMail mail;
    mail.id = id;
    mail.quarantine = quarantine;
    mail.received = time;
    mail.envelope.sender = metadata.sender;
    mail.envelope.queue_id = metadata.queue_id;
    for (const std::string& recipient : metadata.recipients) {
        mail.envelope.recipients.push_back(fmt::format("<{}>", recipient));
        mail.recipients.push_back(
            {.address = recipient, .state = RecipientState::held, .reply = {}, .changed = time});
    }
    mail.subject = metadata.subject;
    mail.header_from = metadata.header_from;
    mail.header_date = metadata.header_date;
    mail.why = metadata.why;
    mail.groups = metadata.groups;
    mail.stored = true;
    return mail;
}

/// Takes messages up, pair by pair.
class Import {
  public:
    Import(Context& context, std::string quarantine) : context_(context), quarantine_(std::move(quarantine))
    {
    }

    /// False: the message before it has no metadata either, or everything fails.
    bool take(FedFile file)
    {
        if (!file.name.ends_with(kMetadataSuffix)) {
            finish_pending();
            pending_ = std::move(file);
            return true;
        }
        const std::string stem = file.name.substr(0, file.name.size() - kMetadataSuffix.size());
        if (!pending_ || pending_->name != stem) {
            finish_pending();
            fail(file.name, "there is no message beside it");
            return true;
        }
        const FedFile message = std::move(*pending_);
        pending_.reset();
        return pair(message, file);
    }

    /// Behind the last file.
    void finish_pending()
    {
        if (pending_) {
            fail(pending_->name,
                 pending_->skipped.empty() ? "there are no metadata beside it" : pending_->skipped);
            pending_.reset();
        }
    }

    void stopped()
    {
        tally_.failed();
        context_.output().problem("stopped by a signal; another run goes on from here");
    }

    int report()
    {
        Output& output = context_.output();
        if (output.wants_json()) {
            output.json({{"quarantine", quarantine_},
                         {"imported", imported_},
                         {"known", known_},
                         {"failed", failed_}});
        } else {
            output.line(fmt::format("{} imported into {}, {} here already, {} failed",
                                    grouped(imported_.size()), harmless_line(quarantine_), grouped(known_),
                                    grouped(failed_.size())));
        }
        if (imported_.empty() && known_ == 0 && failed_.empty()) {
            tally_.unmatched();
        }
        return tally_.exit_code();
    }

  private:
    void fail(const std::string& name, const std::string& why)
    {
        tally_.failed();
        failed_.push_back({{"name", name}, {"why", why}});
        context_.output().problem(fmt::format("{}: {}", name, why));
    }

    bool pair(const FedFile& message, const FedFile& file)
    {
        if (!message.skipped.empty() || !file.skipped.empty()) {
            fail(message.name, message.skipped.empty() ? file.skipped : message.skipped);
            return true;
        }
        const std::string_view name = last_part(message.name);
        const PyResult result = read_pyquarantine(name, file.bytes);
        if (!result.metadata) {
            fail(file.name, result.problem);
            return true;
        }
        const Time time = result.metadata->time.value_or(message.changed);
        const HeldId id = imported_id(time, name, file.bytes);
        try {
            const bool is_new = context_.desk(OpenDesk::Mode::work)
                                    .adopt(held_mail(*result.metadata, id, time, quarantine_), message.bytes);
            note(message.name, id, is_new);
        } catch (const BackendError& error) {
            fail(message.name, error.what());
            return ++failures_ < kMostFailures;
        }
        failures_ = 0;
        return true;
    }

    void note(const std::string& name, const HeldId& id, bool is_new)
    {
        tally_.done();
        if (is_new) {
            imported_.push_back({{"name", name}, {"id", id.str()}});
        } else {
            ++known_;
        }
        context_.output().progress("imported", imported_.size(), 0);
    }

    Context& context_;
    std::string quarantine_;
    std::optional<FedFile> pending_;
    Tally tally_;
    Json imported_ = Json::array();
    Json failed_ = Json::array();
    std::uint64_t known_ = 0;
    int failures_ = 0;
};

} // namespace

int run_import_pyquarantine(Context& context)
{
    const std::string& folder = context.arguments().input;
    FileFeed feed(folder, kMetadataSuffix); // before root's rights are given up
    if (feed.kind() != FileFeed::Kind::folder) {
        const int error = feed.kind() == FileFeed::Kind::file ? ENOTDIR : feed.error();
        const std::string why = fmt::format("{}: {}", harmless_line(folder), error_text(error));
        if (error == EACCES) {
            throw NoPermission(why);
        }
        throw UsageError(why);
    }
    const auto settings = context.settings();
    Import import(context, quarantine_argument(*settings, context.arguments().quarantine));
    const auto turn = context.desk(OpenDesk::Mode::work).hold_stores();
    const Interruption interruption;
    bool goes_on = true;
    while (goes_on) {
        if (Interruption::asked()) {
            import.stopped();
            return import.report();
        }
        auto file = feed.next();
        if (!file) {
            break;
        }
        goes_on = import.take(std::move(*file));
    }
    import.finish_pending();
    return import.report();
}

} // namespace qm::ctl
