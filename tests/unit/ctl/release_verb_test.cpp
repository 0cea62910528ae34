// quarantinectl release, copy
#include <csignal>
#include <memory>

#include <gmock/gmock.h>

#include "house.h"

namespace qm::ctl {
namespace {

using test::Ran;
using test::SmtpScript;
using test::TestMail;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class ReleaseVerb : public test::CtlHouse {
  protected:
    void answer(const std::string& end, const std::string& rcpt = "250 2.1.5 Ok")
    {
        SmtpScript script;
        script.end = end;
        script.rcpt = rcpt;
        sink.set(script);
    }

    std::vector<WhitelistRow> rows()
    {
        return house.settings().get()->quarantine("spam")->whitelist->rows()->list({});
    }
};

const std::vector<std::string> kTwo = {"<user@example.net>", "<v@example.net>"};

} // namespace

TEST_F(ReleaseVerb, SaysWhatTheMailServerSaid)
{
    const std::string id = hold(spam());
    const Ran ran = run({"release", id.substr(0, 24)});
    EXPECT_EQ(ran.code, kDone);
    EXPECT_EQ(ran.out, id + " user@example.net: released, 250 2.0.0 Ok: queued as SINK1\n");
    EXPECT_THAT(sink.messages(), SizeIs(1));
    EXPECT_EQ(load(id).recipients.front().state, RecipientState::released);
}

TEST_F(ReleaseVerb, TwiceIsOnceAndNoFailure)
{
    const std::string id = hold(spam());
    run({"release", id});
    const Ran ran = run({"release", id});
    EXPECT_EQ(ran.code, kDone);
    EXPECT_EQ(ran.out, id + " user@example.net: already released (250 2.0.0 Ok: queued as SINK1)\n");
    EXPECT_THAT(sink.messages(), SizeIs(1));
    EXPECT_EQ(run({"release", id, "--again"}).code, kDone);
    EXPECT_THAT(sink.messages(), SizeIs(2));
}

TEST_F(ReleaseVerb, OfSeveralRecipientsOneHasToBeChosen)
{
    const std::string other = hold(spam());
    const std::string id = hold(spam("Two", kTwo));
    const Ran ran = run({"release", other, id});
    EXPECT_EQ(ran.code, kUsage);
    EXPECT_THAT(ran.err, AllOf(HasSubstr("user@example.net (held)"), HasSubstr("v@example.net (held)")));
    EXPECT_THAT(sink.messages(), IsEmpty());
    EXPECT_EQ(run({"release", id, "--all", "--to", "v@example.net"}).code, kUsage);

    EXPECT_EQ(run({"release", id, "--to", "V@EXAMPLE.NET"}).code, kDone);
    EXPECT_THAT(sink.messages().at(0).recipients, ElementsAre("v@example.net"));
    EXPECT_EQ(load(id).recipients.front().state, RecipientState::held);
}

TEST_F(ReleaseVerb, AllAreThoseForWhomItIsNotDeleted)
{
    const std::string id = hold(spam("Two", kTwo));
    run({"delete", id, "--to", "v@example.net"});
    auto json = run({"release", id, "--all", "--json"}).json();
    ASSERT_THAT(json["results"], SizeIs(1));
    EXPECT_EQ(json["results"][0]["recipient"], "user@example.net");
    EXPECT_EQ(json["results"][0]["outcome"], "released");
}

TEST_F(ReleaseVerb, TryAgainIsSaidWhenTheMailServerPutsItOff)
{
    const std::string id = hold(spam());
    answer("451 4.3.0 later");
    const Ran ran = run({"release", id});
    EXPECT_EQ(ran.code, kTryAgain);
    EXPECT_THAT(ran.err, HasSubstr("451 4.3.0 later"));
    EXPECT_EQ(ran.out, "");
    answer("250 Ok");
    EXPECT_EQ(run({"release", id}).code, kDone);
}

TEST_F(ReleaseVerb, ARefusalIsAFailure)
{
    const std::string id = hold(spam());
    const std::string other = hold(spam());
    answer("554 5.7.1 no");
    const Ran ran = run({"release", id, "zzzzzz"});
    EXPECT_EQ(ran.code, kSomeFailed);
    EXPECT_THAT(ran.err, AllOf(HasSubstr("554 5.7.1 no"), HasSubstr("zzzzzz: no such message")));
}

TEST_F(ReleaseVerb, FailedAreThoseWhoseReleaseFailedAndNobodyElse)
{
    const std::string id = hold(spam("Cheap", {"<user@example.net>", "<other@example.net>"}));
    const std::string untouched = hold(spam());
    answer("554 5.7.1 no");
    EXPECT_EQ(run({"release", id, "--to", "user@example.net"}).code, kSomeFailed);
    answer("250 Ok");
    const Ran ran = run({"release", "--failed", id});
    EXPECT_EQ(ran.code, kDone) << ran.err;
    EXPECT_EQ(load(id).recipients.at(0).state, RecipientState::released);
    EXPECT_EQ(load(id).recipients.at(1).state, RecipientState::held);
    const Ran none = run({"release", "--failed", untouched});
    EXPECT_EQ(none.code, kNothingMatched);
    EXPECT_THAT(none.err, HasSubstr("no release of it has failed"));
    EXPECT_EQ(run({"release", "--failed", "--all", id}).code, kUsage);
}

TEST_F(ReleaseVerb, WhatIsNotThereIsTwo)
{
    const std::string id = hold(spam());
    EXPECT_EQ(run({"release", "zzzzzz"}).code, kNothingMatched);
    EXPECT_EQ(run({"release", id, "--to", "nobody@example.net"}).code, kNothingMatched);
    EXPECT_EQ(run({"release", id, "zzzzzz"}).code, kSomeFailed);
}

TEST_F(ReleaseVerb, NonsenseAmongTheIdsStopsEverything)
{
    const std::string id = hold(spam());
    EXPECT_EQ(run({"release", id, "../x"}).code, kUsage);
    EXPECT_THAT(sink.messages(), IsEmpty());
}

TEST_F(ReleaseVerb, AllowLetsTheNextMailThrough)
{
    const std::string id = hold(spam());
    const Ran ran = run({"release", id, "--allow", "address"});
    EXPECT_EQ(ran.code, kDone);
    EXPECT_THAT(ran.out,
                HasSubstr("mail from sender@example.org to user@example.net is not held by spam any more"));
    ASSERT_THAT(rows(), SizeIs(1));
    EXPECT_EQ(rows().front().mailfrom, "sender@example.org");
    EXPECT_EQ(rows().front().comment, "released " + id);
    EXPECT_EQ(house.send(spam("Next")).reply, milter::Reply::accept);
}

TEST_F(ReleaseVerb, AllowCanMeanTheDomainAndLeavesNoDoubles)
{
    const std::string id = hold(spam("Two", kTwo));
    auto json = run({"release", id, "--to", "v@example.net", "--allow", "domain", "--json"}).json();
    EXPECT_EQ(json["results"][0]["whitelist"]["from"], "@example.org");
    EXPECT_EQ(json["results"][0]["whitelist"]["to"], "v@example.net");
    EXPECT_THAT(run({"release", id, "--to", "v@example.net", "--allow", "address"}).out,
                HasSubstr("through already"));
    EXPECT_THAT(rows(), SizeIs(1));
}

TEST_F(ReleaseVerb, AllowLooksBehindTheWrappingOfASender)
{
    TestMail mail = spam();
    mail.from = "<prvs=1234567890=anna@shop.example>";
    run({"release", hold(mail), "--allow", "address"});
    EXPECT_EQ(rows().at(0).mailfrom, "anna@shop.example");
}

TEST_F(ReleaseVerb, AllowIsRefusedBeforeAnythingIsDone)
{
    const std::string good = hold(spam());
    TestMail bounce = spam();
    bounce.from = "<>";
    const std::string null = hold(bounce);
    TestMail virus;
    virus.headers = {{"X-Virus", " Eicar"}};
    const std::string no_whitelist = hold(virus);
    for (const std::string& id : {null, no_whitelist}) {
        EXPECT_EQ(run({"release", good, id, "--allow", "address"}).code, kUsage);
    }
    EXPECT_EQ(run({"release", good, "--allow", "everybody"}).code, kUsage);
    EXPECT_THAT(sink.messages(), IsEmpty());
    EXPECT_THAT(rows(), IsEmpty());
}

TEST_F(ReleaseVerb, NothingIsAllowedWhereTheReleaseFailed)
{
    const std::string id = hold(spam());
    answer("451 later");
    EXPECT_EQ(run({"release", id, "--allow", "address"}).code, kTryAgain);
    EXPECT_THAT(rows(), IsEmpty());
}

TEST_F(ReleaseVerb, ACopyLeavesTheRecipientsAsTheyAre)
{
    const std::string id = hold(spam());
    const Ran ran = run({"copy", id, "--to", "postmaster@example.net"});
    EXPECT_EQ(ran.code, kDone);
    EXPECT_THAT(ran.out, HasSubstr("postmaster@example.net: sent, 250"));
    EXPECT_THAT(sink.messages().at(0).recipients, ElementsAre("postmaster@example.net"));
    EXPECT_EQ(load(id).recipients.front().state, RecipientState::held);
    EXPECT_EQ(run({"copy", id, "--to", "no address"}).code, kUsage);
}

TEST_F(ReleaseVerb, ALostMessageIsSaidToBeLost)
{
    const std::string id = hold(spam());
    for (const std::string& file : house.files()) {
        std::filesystem::remove(file);
    }
    const Ran ran = run({"release", id});
    EXPECT_EQ(ran.code, kSomeFailed);
    EXPECT_THAT(ran.err, HasSubstr("the store has lost the message"));
}

namespace {

/// A stream that gets a signal to this process with the first byte.
std::FILE* interrupting_stream()
{
    cookie_io_functions_t functions{};
    functions.write = [](void* /*cookie*/, const char* /*bytes*/, std::size_t size) -> ssize_t {
        static_cast<void>(std::raise(SIGTERM));
        return static_cast<ssize_t>(size);
    };
    std::FILE* const stream = fopencookie(nullptr, "w", functions);
    static_cast<void>(std::setvbuf(stream, nullptr, _IONBF, 0));
    return stream;
}

} // namespace

TEST_F(ReleaseVerb, ASignalEndsTheRunBehindTheReleaseAtHand)
{
    const std::string first = hold(spam("One"));
    const std::string second = hold(spam("Two"));
    const test::Captured captured;
    Streams streams = captured.streams();
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(interrupting_stream(), std::fclose);
    streams.out = stream.get();
    const CommandLine line = parse_command_line({"release", first, second});
    Output output(streams, false);
    test::HouseContext context(line.arguments, output, house);
    EXPECT_EQ(run_command(*line.command, context), kSomeFailed);
    EXPECT_THAT(captured.err(), HasSubstr("stopped by a signal: 1 release not tried"));
    EXPECT_THAT(sink.messages(), SizeIs(1));
    EXPECT_EQ(load(first).recipients.front().state, RecipientState::released);
    EXPECT_EQ(load(second).recipients.front().state, RecipientState::held);
}

} // namespace qm::ctl
