#include "policy/regex.h"

#include <array>
#include <chrono>
#include <ctime>
#include <new>
#include <utility>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <fmt/format.h>

#include "base/c_ptr.h"
#include "quarantine/error.h"

namespace qm::policy {
namespace {

using RegexCode = CPtr<pcre2_code, pcre2_code_free>;
using CompileContext = CPtr<pcre2_compile_context, pcre2_compile_context_free>;
using MatchContext = CPtr<pcre2_match_context, pcre2_match_context_free>;
using MatchData = CPtr<pcre2_match_data, pcre2_match_data_free>;
using JitStack = CPtr<pcre2_jit_stack, pcre2_jit_stack_free>;

constexpr std::uint32_t kOptions = PCRE2_MULTILINE | PCRE2_DOTALL | PCRE2_CASELESS | PCRE2_UTF | PCRE2_UCP |
                                   PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
constexpr std::size_t kJitStack = 32UL * 1024;
constexpr std::size_t kMaxJitStack = 512UL * 1024;
constexpr std::uint32_t kHeapLimitKib = 16 * 1024;

/// PCRE2's limit counts steps from one position where a match may begin, and a step may read the rest of the
/// subject: a*a*b takes hours for 60 000 times "a" and never reaches the limit. So a subject longer than this
/// is searched by a second code that calls us between its items, and we look at the clock.
constexpr std::size_t kShortSubject = 256;
constexpr unsigned kCalloutsBetweenLooks = 256;

std::chrono::nanoseconds cpu_time()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

template <typename Handle>
Handle owned(Handle handle)
{
    if (!handle) {
        throw std::bad_alloc();
    }
    return handle;
}

std::string message_of(int error)
{
    std::array<PCRE2_UCHAR, 256> buffer{};
    const int length = pcre2_get_error_message(error, buffer.data(), buffer.size());
    return length < 0 ? fmt::format("error {}", error) : std::string(buffer.begin(), buffer.begin() + length);
}

PCRE2_SPTR bytes_of(std::string_view text)
{
    // PCRE2 takes bytes as unsigned characters and no null pointer.
    return reinterpret_cast<PCRE2_SPTR>(text.data() == nullptr ? "" : text.data());
}

MatchContext new_match_context()
{
    MatchContext context = owned(MatchContext(pcre2_match_context_create(nullptr)));
    pcre2_set_match_limit(context.get(), Regex::kMatchLimit);
    pcre2_set_depth_limit(context.get(), Regex::kMatchLimit);
    pcre2_set_heap_limit(context.get(), kHeapLimitKib);
    return context;
}

/// Ends a search that takes too long.
class Guard {
  public:
    Guard() : deadline_(cpu_time() + Regex::kMaxSearchTime) {}

    static int callout(pcre2_callout_block* /*where*/, void* guard)
    {
        return static_cast<Guard*>(guard)->is_late() ? PCRE2_ERROR_CALLOUT : 0;
    }

  private:
    bool is_late()
    {
        if (++calls_ % kCalloutsBetweenLooks != 0) {
            return false;
        }
        return cpu_time() > deadline_;
    }

    std::chrono::nanoseconds deadline_;
    unsigned calls_ = 0;
};

/// What a search writes into. One a thread, because making it costs more than a search of one header; it
/// remembers nothing from one search to the next.
class Workspace {
  public:
    static Workspace& of_this_thread()
    {
        thread_local Workspace workspace;
        return workspace;
    }

    pcre2_match_context* context() { return context_.get(); }

    /// Room for `pairs` pairs of offsets.
    pcre2_match_data* data(std::uint32_t pairs)
    {
        if (pairs > pairs_) {
            data_ = owned(MatchData(pcre2_match_data_create(pairs, nullptr)));
            pairs_ = pairs;
        }
        return data_.get();
    }

  private:
    Workspace()
        : context_(new_match_context()), stack_(pcre2_jit_stack_create(kJitStack, kMaxJitStack, nullptr))
    {
        if (stack_) { // without it the smaller machine stack serves
            pcre2_jit_stack_assign(context_.get(), nullptr, stack_.get());
        }
    }

    MatchContext context_;
    JitStack stack_;
    MatchData data_;
    std::uint32_t pairs_ = 0;
};

RegexCode compile(std::string_view pattern, std::uint32_t options)
{
    const CompileContext context = owned(CompileContext(pcre2_compile_context_create(nullptr)));
    pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
    int error = 0;
    PCRE2_SIZE offset = 0;
    RegexCode code(pcre2_compile(bytes_of(pattern), pattern.size(), options, &error, &offset, context.get()));
    if (!code) {
        throw ConfigError(fmt::format("regex, offset {}: {}", offset, message_of(error)));
    }
    // Without a compiler for this machine or this pattern the interpreter does the same, slower.
    static_cast<void>(pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE));
    return code;
}

} // namespace

class Regex::Code {
  public:
    explicit Code(std::string_view text) : pattern(text)
    {
        if (pattern.empty()) {
            throw ConfigError("the regex is empty; one that matches every mail is \"^\"");
        }
        short_ = compile(pattern, kOptions);
        long_ = compile(pattern, kOptions | PCRE2_AUTO_CALLOUT);
        read_group_names();
    }

    RegexOutcome search(std::string_view subject, MatchGroups* groups) const
    {
        Workspace& workspace = Workspace::of_this_thread();
        pcre2_match_data* data = workspace.data(static_cast<std::uint32_t>(group_names.size() + 1));
        if (subject.size() <= kShortSubject) {
            pcre2_set_callout(workspace.context(), nullptr, nullptr);
            return match(short_.get(), subject, workspace.context(), data, groups);
        }
        Guard guard;
        pcre2_set_callout(workspace.context(), Guard::callout, &guard);
        const RegexOutcome outcome = match(long_.get(), subject, workspace.context(), data, groups);
        pcre2_set_callout(workspace.context(), nullptr, nullptr);
        return outcome;
    }

    std::string pattern;
    std::vector<std::string> group_names;

  private:
    RegexOutcome match(const pcre2_code* code, std::string_view subject, pcre2_match_context* context,
                       pcre2_match_data* data, MatchGroups* groups) const
    {
        const auto run = [&](std::uint32_t options, pcre2_match_data* into) {
            return pcre2_match(code, bytes_of(subject), subject.size(), 0, options, into, context);
        };
        int result = run(0, data);
        if (result == PCRE2_ERROR_NOMATCH) {
            return RegexOutcome::no_match;
        }
        MatchData own;
        if (result == PCRE2_ERROR_JIT_STACKLIMIT) {
            // The interpreter keeps its memory in the match data: not in the thread's, which would stay.
            own = owned(MatchData(pcre2_match_data_create_from_pattern(code, nullptr)));
            result = run(PCRE2_NO_JIT, own.get());
            data = own.get();
        }
        return outcome_of(result, subject, data, groups);
    }

    RegexOutcome outcome_of(int result, std::string_view subject, pcre2_match_data* data,
                            MatchGroups* groups) const
    {
        if (result == PCRE2_ERROR_NOMATCH) {
            return RegexOutcome::no_match;
        }
        if (result < 0) {
            // The limits of steps, depth, heap, time; and whatever else keeps PCRE2 from an answer: never a
            // pass.
            return RegexOutcome::gave_up;
        }
        if (groups != nullptr) {
            *groups = read_groups(subject, data, static_cast<std::size_t>(result));
        }
        return RegexOutcome::match;
    }

    MatchGroups read_groups(std::string_view subject, pcre2_match_data* data, std::size_t set) const
    {
        const PCRE2_SIZE* offsets = pcre2_get_ovector_pointer(data);
        MatchGroups groups;
        groups.reserve(group_names.size());
        for (std::size_t number = 1; number <= group_names.size(); ++number) {
            const PCRE2_SIZE begin = number < set ? offsets[2 * number] : PCRE2_UNSET;
            const PCRE2_SIZE end = number < set ? offsets[2 * number + 1] : PCRE2_UNSET;
            // \K inside a look-around can put the end before the begin.
            const bool took_part = begin != PCRE2_UNSET && begin <= end && end <= subject.size();
            groups.emplace_back(group_names[number - 1],
                                took_part ? subject.substr(begin, end - begin) : std::string_view{});
        }
        return groups;
    }

    void read_group_names()
    {
        std::uint32_t count = 0;
        std::uint32_t names = 0;
        std::uint32_t entry_size = 0;
        PCRE2_SPTR table = nullptr;
        pcre2_pattern_info(short_.get(), PCRE2_INFO_CAPTURECOUNT, &count);
        pcre2_pattern_info(short_.get(), PCRE2_INFO_NAMECOUNT, &names);
        pcre2_pattern_info(short_.get(), PCRE2_INFO_NAMEENTRYSIZE, &entry_size);
        pcre2_pattern_info(short_.get(), PCRE2_INFO_NAMETABLE, &table);
        group_names.resize(count);
        for (std::uint32_t i = 0; i < names; ++i, table += entry_size) {
            // Two bytes of number, then the name with a NUL behind.
            const std::size_t number = static_cast<std::size_t>(table[0]) << 8U | table[1];
            group_names.at(number - 1) = reinterpret_cast<const char*>(table + 2);
        }
    }

    RegexCode short_;
    RegexCode long_;
};

Regex::Regex(std::string_view pattern) : code_(std::make_unique<Code>(pattern)) {}
Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

RegexOutcome Regex::search(std::string_view subject, MatchGroups* groups) const
{
    return code_->search(subject, groups);
}

const std::string& Regex::pattern() const
{
    return code_->pattern;
}

const std::vector<std::string>& Regex::group_names() const
{
    return code_->group_names;
}

} // namespace qm::policy
