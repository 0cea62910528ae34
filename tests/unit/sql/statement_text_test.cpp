#include <gtest/gtest.h>

#include "sql/statement_text.h"

namespace qm::sql {
namespace {

TEST(StatementText, NumbersBecomeNames)
{
    const StatementText out = translate("SELECT a FROM t WHERE b = :1 AND c IN (:2,:10) AND d=:1");
    EXPECT_EQ(out.text, "SELECT a FROM t WHERE b = :p1 AND c IN (:p2,:p10) AND d=:p1");
    EXPECT_EQ(out.parameters, 10U);
}

TEST(StatementText, QuotesCommentsAndCastsAreLeftAlone)
{
    const std::string text = "SELECT ':1', \":2\", `:3`, 'it''s :4', x::text -- :5\n, y /* :6 */ FROM t";
    const StatementText out = translate(text);
    EXPECT_EQ(out.text, text);
    EXPECT_EQ(out.parameters, 0U);
    EXPECT_EQ(translate("SELECT :1::text").text, "SELECT :p1::text");
}

TEST(StatementText, UnfinishedQuotesEndTheWork)
{
    EXPECT_EQ(translate("SELECT ':1").text, "SELECT ':1");
    EXPECT_EQ(translate("SELECT /* :1").text, "SELECT /* :1");
    EXPECT_EQ(translate("SELECT :").text, "SELECT :");
}

TEST(StatementText, SecondStatementIsSeen)
{
    EXPECT_FALSE(translate("DELETE FROM a WHERE b = ';';\n ;").several);
    EXPECT_TRUE(translate("DELETE FROM a; DELETE FROM b").several);
    EXPECT_FALSE(
        translate("CREATE TRIGGER x AFTER INSERT ON a BEGIN DELETE FROM b; DELETE FROM c; END").several);
}

} // namespace
} // namespace qm::sql
