// quarantinectl expire, store check
#include <gmock/gmock.h>

#include "house.h"

namespace qm::ctl {
namespace {

using test::Ran;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class UpkeepVerbs : public test::CtlHouse {};

} // namespace

TEST_F(UpkeepVerbs, ExpireDeletesWhatIsDueAndADryRunDoesNot)
{
    hold(spam());
    EXPECT_EQ(run({"expire"}).out, "Nothing is due.\n");
    house.clock.advance(std::chrono::days(40));
    const Ran dry = run({"expire", "--dry-run"});
    EXPECT_EQ(dry.code, kDone);
    EXPECT_THAT(dry.out, AllOf(HasSubstr("spam"), HasSubstr("1 message"), HasSubstr("would be deleted")));
    EXPECT_THAT(house.files(), SizeIs(1));
    auto json = run({"expire", "--json"}).json();
    EXPECT_EQ(json["dry_run"], false);
    EXPECT_EQ(json["stopped"], false);
    EXPECT_EQ(json["parts"][0]["messages"], 1);
    EXPECT_THAT(house.files(), IsEmpty());
}

TEST_F(UpkeepVerbs, TheStoreIsComparedWithTheRecordAndMended)
{
    const std::string id = hold(spam());
    hold(spam());
    EXPECT_EQ(run({"store", "check"}).out, "2 messages checked, store and record agree\n");
    for (const std::string& file : house.files()) {
        if (file.find(id) != std::string::npos) {
            std::filesystem::remove(file);
        }
    }
    const Ran ran = run({"store", "check"});
    EXPECT_EQ(ran.code, kSomeFailed);
    EXPECT_THAT(ran.out, AllOf(HasSubstr(id), HasSubstr("1 difference")));
    auto json = run({"store", "check", "--repair", "--json"}).json();
    EXPECT_EQ(json["findings"][0]["kind"], "row_without_file");
    EXPECT_EQ(json["findings"][0]["repaired"], true);
    EXPECT_EQ(run({"store", "check"}).code, kDone);
}

TEST_F(UpkeepVerbs, AStoreThatDoesNotAnswerIsATrouble)
{
    hold(spam());
    house.clock.advance(std::chrono::days(40));
    std::filesystem::remove_all(house.dir / "store");
    const Ran ran = run({"store", "check"});
    EXPECT_EQ(ran.code, kSomeFailed);
    EXPECT_THAT(ran.out, Not(HasSubstr("agree")));
    EXPECT_THAT(ran.err, HasSubstr("spam"));
}

} // namespace qm::ctl
