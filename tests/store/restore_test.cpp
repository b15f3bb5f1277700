// What comes back from a backup, in a real PostgreSQL.
#include "store/restore.hpp"
#include "event_queries_fixture.hpp"
#include "store/backup.hpp"
#include "store/incident_follower.hpp"
#include "support/temporary_folder.hpp"

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

class RestoreTest : public test::event_queries_fixture {
protected:
    falconer::test::temporary_folder folder;

    template <class T>
    T must(task<result<T>> work) {
        auto got = await(std::move(work));
        if (!got) throw std::runtime_error(got.error().detail);
        return std::move(*got);
    }
    std::unique_ptr<vault> vault_of(const char* name) {
        auto opened = open_folder(folder.path() / name);
        if (!opened) throw std::runtime_error(opened.error().detail);
        return *std::move(opened);
    }
    void back_up(const char* name) {
        const auto     to = vault_of(name);
        backup_options how{.made_by = "test"};
        must(take_backup(loop.get_executor(), time, there, *to, std::move(how)));
    }
    restore_report bring_back(const char* name, restore_options how = {}) {
        const auto from = vault_of(name);
        const auto what = verify_backup(*from, how);
        if (!what) throw std::runtime_error(what.error().detail);
        return must(restore_backup(loop.get_executor(), time, there, *from, *what, std::move(how)));
    }
};

TEST_F(RestoreTest, ADayComesBackInBatchesThatWhoeverFollowsTheStoreCanTake) {
    insert(
        {event(test::team_a, "one", noon), event(test::team_a, "one", noon + 61s),
         event(test::team_b, "one", noon + 62s), event(test::team_a, "two", noon + 63s),
         event(test::team_a, "one", noon + 3min), event(test::team_a, "one", noon + 60min)}
    );
    back_up("all");
    ask(*admin, "DELETE FROM falconer.event");
    ask(*admin, "DELETE FROM falconer.batch");
    EXPECT_EQ(bring_back("all", {.batch = 2}).restored, 6u);
    const std::string sizes =
        "SELECT string_agg(b.events::text, ' ' ORDER BY b.seq) FROM (SELECT seq, (SELECT sum(n) "
        "FROM unnest(counts) n) AS events FROM falconer.batch) b";
    EXPECT_EQ(ask(*admin, sizes), "4 2") << "a minute is of one batch";
    EXPECT_EQ(
        ask(*admin,
            "SELECT count(*) FROM falconer.event e JOIN falconer.batch b ON b.seq = "
            "e.batch WHERE floor(extract(epoch FROM e.received) / 60)::int4 = ANY (b.minutes)"),
        "6"
    );
    const auto again = bring_back("all", {.batch = 2});
    EXPECT_EQ(again.restored, 0u);
    EXPECT_EQ(again.there_already, 6u);
    EXPECT_EQ(ask(*admin, sizes), "4 2") << "nothing new has no batch";
}

TEST_F(RestoreTest, AnIncidentStandsAsItsLatestStepSaysWhicheverBackupComesFirst) {
    insert({event(test::team_a, "shell", noon)});
    until_countable(*admin);
    metrics_registry  metrics;
    incident_follower follower(
        loop.get_executor(), time, metrics, incident_options{.postgres = there}
    );
    EXPECT_EQ(must(follower.once()).events, 1u);
    const auto act = [&](const std::string& state) {
        return ask(
            *admin,
            "SELECT incidents FROM falconer.act_on_incidents(gen_random_uuid(), 'alice', "
            "ARRAY(SELECT id FROM falconer.incident), ARRAY[NULL]::int8[], " +
                state + "::int2, NULL, '', '')"
        );
    };
    EXPECT_EQ(act("1"), "1");
    back_up("earlier");
    EXPECT_EQ(act("2"), "1");
    back_up("later");
    ask(*admin, "SET falconer.retaining = 'on'");
    ask(*admin, "DELETE FROM falconer.incident_step");
    ask(*admin, "DELETE FROM falconer.incident_standing");
    const auto stands = "SELECT state FROM falconer.incident_standing";
    bring_back("earlier");
    EXPECT_EQ(ask(*admin, stands), "1");
    bring_back("later");
    EXPECT_EQ(ask(*admin, stands), "2");
    bring_back("earlier");
    EXPECT_EQ(ask(*admin, stands), "2");
    EXPECT_EQ(ask(*admin, "SELECT count(*) FROM falconer.incident_step"), "2");
}

}  // namespace
}  // namespace falconer::store
