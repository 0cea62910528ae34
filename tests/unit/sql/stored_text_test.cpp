#include <gtest/gtest.h>

#include <set>

#include "sql/connection.h"
#include "sql/engine.h"

namespace qm::sql {

using namespace std::string_literals;

TEST(StoredText, EveryByteThatIsNoTextIsSaid)
{
    for (const Engine engine : {Engine::postgresql, Engine::mysql}) {
        EXPECT_EQ(as_stored(engine, "Gr\u00FC\u00DFe \U0001F600"), "Gr\u00FC\u00DFe \U0001F600");
        EXPECT_EQ(as_stored(engine, "a\xff@b"), "a\uFFFDff@b");
        EXPECT_EQ(as_stored(engine, "\xC3"), "\uFFFDc3");
        EXPECT_EQ(as_stored(engine, "\xE2\x82 "), "\uFFFDe2\uFFFD82 ");
        EXPECT_EQ(as_stored(engine, "\xED\xA0\x80"), "\uFFFDed\uFFFDa0\uFFFD80");
        EXPECT_EQ(as_stored(engine, "a\0b"s), "a\uFFFD00b");
        EXPECT_EQ(as_stored(engine, ""), "");
    }
}

TEST(StoredText, TwoTextsStayTwoAndTwiceIsOnce)
{
    std::set<std::string> stored;
    for (int byte = 0; byte < 256; ++byte) {
        const std::string text = as_stored(Engine::postgresql, std::string("a") + static_cast<char>(byte));
        EXPECT_TRUE(stored.insert(text).second) << byte;
        EXPECT_EQ(as_stored(Engine::postgresql, text), text) << byte;
    }
}

TEST(StoredText, SqliteKeepsWhatItGets)
{
    EXPECT_EQ(as_stored(Engine::sqlite, "a\xff\0b"s), "a\xff\0b"s);
}

TEST(EngineMessage, IsOneLineWithoutThePasswordOrAnythingThatMovesATerminal)
{
    Target target;
    target.password = "s3cr3t";
    EXPECT_EQ(scrubbed("ERROR:  no \x1b[31m\"s3cr3t\"\nDETAIL: \u202ex\xff\t s3cr3ts3cr3t", target),
              "ERROR: no [31m\"***\" DETAIL: x\uFFFD ******");
    EXPECT_EQ(scrubbed("", target), "");
    EXPECT_LT(scrubbed(std::string(100'000, 'x'), target).size(), 600U);
}

} // namespace qm::sql
