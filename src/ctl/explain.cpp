// quarantinectl explain
#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include <unistd.h>

#include <fmt/format.h>

#include "ctl/asked_mail.h"
#include "ctl/exit_code.h"
#include "ctl/explain_report.h"
#include "ctl/file_feed.h"
#include "ctl/id_argument.h"
#include "ctl/mbox.h"
#include "ctl/read_bytes.h"
#include "ctl/verbs.h"

namespace qm::ctl {
namespace {

/// Of a message of which only the headers are judged.
constexpr std::size_t kMostHead = 16U << 20U;
constexpr std::string_view kNoMail = "no mail: it begins with no header";

class StandardInput final : public MessageReader {
  public:
    std::size_t read(std::span<char> buffer) override
    {
        const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        return got > 0 ? static_cast<std::size_t>(got) : 0;
    }
};

/// Explains the mails of one run.
class Explainer {
  public:
    explicit Explainer(Context& context) : context_(context), arguments_(context.arguments()) {}

    int one(const AskedMail& asked)
    {
        const Explanation explanation = explain(asked);
        if (context_.output().wants_json()) {
            context_.output().json(json_of(asked, explanation));
        } else {
            print_explanation(context_.output(), asked, explanation);
        }
        return explanation.somebody_held ? kSomebodyHeld : kDone;
    }

    /// A file that is one mail, or an mbox; anything of a folder.
    int all_of(FileFeed& feed)
    {
        bool goes_on = true;
        while (goes_on) {
            goes_on = next_file(feed);
            if (only_) {
                return alone(only_->first, only_->second.bytes, only_->second.sender);
            }
        }
        return sum_up();
    }

    int alone(const std::string& name, std::string_view bytes, std::string_view sender)
    {
        const auto asked = asked_mail(arguments_, name, bytes, sender);
        if (!asked) {
            context_.output().problem(fmt::format("{}: {}", name, kNoMail));
            return kSomeFailed;
        }
        return one(*asked);
    }

  private:
    /// The mails of the next file. False when there is none. The one mail of a file that was named itself is
    /// left in `only_`.
    bool next_file(FileFeed& feed)
    {
        std::optional<MailHead> first;
        std::string name;
        std::size_t number = 0;
        MailSplitter splitter(kMostHead, [&](const MailHead& head) {
            if (++number == 1) {
                first = head; // whether it has a number shows when there is a second, or none
                return;
            }
            if (number == 2) {
                count(name + ":1", first->bytes, first->sender);
            }
            count(fmt::format("{}:{}", name, number), head.bytes, head.sender);
        });
        const auto file = feed.next([&](const FedFile& begun, std::string_view piece) {
            name = begun.name;
            splitter.feed(piece);
        });
        if (!file) {
            return false;
        }
        if (!file->skipped.empty()) {
            skip(file->name, file->skipped);
            return true;
        }
        name = file->name;
        splitter.finish();
        if (number == 1 && feed.kind() == FileFeed::Kind::folder) {
            count(splitter.is_mbox() ? name + ":1" : name, first->bytes, first->sender);
        } else if (number == 1) {
            only_.emplace(name, *std::move(first));
        }
        return true;
    }

    Explanation explain(const AskedMail& asked)
    {
        return context_.desk(OpenDesk::Mode::rules).explain(asked.envelope, asked.facts.headers);
    }

    void count(const std::string& name, std::string_view bytes, std::string_view sender)
    {
        const auto asked = asked_mail(arguments_, name, bytes, sender);
        if (!asked) {
            // Mail programs keep their own files between the mails: no failure.
            summary_.skipped(name, std::string(kNoMail));
            context_.output().problem(fmt::format("{}: skipped: {}", name, kNoMail));
            return;
        }
        summary_.add(*asked, explain(*asked));
        context_.output().progress("explained", summary_.mails(), 0);
    }

    void skip(const std::string& name, const std::string& why)
    {
        has_skipped_ = true;
        summary_.skipped(name, why);
        context_.output().problem(fmt::format("{}: skipped: {}", name, why));
    }

    int sum_up()
    {
        if (context_.output().wants_json()) {
            context_.output().json(summary_.json());
        } else if (summary_.mails() > 0) {
            summary_.print(context_.output());
        }
        if (summary_.mails() == 0 && !has_skipped_) {
            context_.output().problem(fmt::format("{}: no mail there", arguments_.input));
            return kNothingMatched;
        }
        const int otherwise = has_skipped_ ? kSomeFailed : kDone;
        return summary_.somebody_held() ? kSomebodyHeld : otherwise;
    }

    Context& context_;
    const Arguments& arguments_;
    ExplainSummary summary_;
    std::optional<std::pair<std::string, MailHead>> only_;
    bool has_skipped_ = false;
};

int explain_held(Context& context)
{
    Tally tally;
    Desk& desk = context.desk(OpenDesk::Mode::read);
    const auto mail = find_named(context, desk, context.arguments().input, tally);
    if (!mail) {
        return tally.exit_code();
    }
    const auto reader = desk.open(*mail);
    if (!reader) {
        context.output().problem(fmt::format("{}: its bytes are not kept (any more)", mail->id.str()));
        return kSomeFailed;
    }
    const std::string head = read_head(*reader, kMostHead);
    return Explainer(context).one(asked_mail(context.arguments(), *mail, head));
}

} // namespace

int run_explain(Context& context)
{
    const std::string& input = context.arguments().input;
    check_client(context.arguments());
    if (input == "-") {
        StandardInput reader;
        const std::string head = read_head(reader, kMostHead);
        return Explainer(context).alone("standard input", head, {});
    }
    // A whole id means the message even where a file is called so; ./ID means the file.
    if (!HeldId::parse(input).empty()) {
        return explain_held(context);
    }
    FileFeed feed(input, "", FileFeed::kNoLimit); // before root's rights are given up
    if (feed.kind() != FileFeed::Kind::unreadable) {
        return Explainer(context).all_of(feed);
    }
    if (feed.error() == ENOENT && looks_like_id(input)) {
        return explain_held(context);
    }
    const std::string why =
        fmt::format("{}: {}", harmless_line(input),
                    feed.error() == EINVAL ? "not a file and no folder" : error_text(feed.error()));
    if (feed.error() == EACCES) {
        throw NoPermission(why);
    }
    throw UsageError(why);
}

} // namespace qm::ctl
