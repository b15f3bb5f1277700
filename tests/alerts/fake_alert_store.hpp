// A store of alerts in memory, for several evaluators at once.
#pragma once

#include "alert_samples.hpp"
#include "falconer/ports/alert_store.hpp"
#include "support/manual_time.hpp"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace falconer::alerts::test {

/// What all see. A batch is an event.
struct alert_world {
    std::vector<found_event>                              batches{};
    std::vector<alert_rule>                               rules{};
    std::vector<silence>                                  silences{};
    seen_clusters                                         seen{};
    std::int64_t                                          edition = 1;
    alert_progress                                        progress{};
    std::optional<uuid>                                   holder{};
    steady_time                                           until{};
    std::map<std::pair<alert_row::kind, uuid>, alert_row> rows{};
    std::vector<notification>                             told{};
    std::size_t                                           puts = 0, passed = 0;
};

/// As one process sees it.
class fake_alert_store final : public alert_store {
public:
    fake_alert_store(falconer::test::manual_time& time, alert_world& world)
        : time_(time), world_(world), clock_(time.make_bell()) {}

    bool away       = false;  // it cannot be reached
    bool lose_puts  = false;  // what is put down is done, and nobody is told
    int  in_portion = 2;      // events

    task<result<alert_hold>> hold(int, uuid me, std::chrono::milliseconds lease) override {
        if (away) co_return gone();
        alert_hold hold;
        hold.edition = world_.edition;
        if (world_.holder && *world_.holder != me && world_.until > time_.now()) co_return hold;
        if (world_.holder != me) ++world_.progress.step;
        world_.holder = me;
        world_.until  = time_.now() + lease;
        hold.ours     = true;
        hold.progress = world_.progress;
        co_return hold;
    }
    task<result<void>> release(int, uuid me) override {
        if (world_.holder == me) world_.until = {};
        co_return result<void>{};
    }
    task<result<std::vector<alert_rule>>> rules() override {
        if (away) co_return gone();
        co_return world_.rules;
    }
    task<result<std::vector<silence>>>   silences() override { co_return world_.silences; }
    task<result<std::vector<alert_row>>> rows(int) override {
        if (away) co_return gone();
        std::vector<alert_row> all;
        for (const auto& [key, row] : world_.rows) all.push_back(row);
        co_return all;
    }
    task<result<seen_clusters>> clusters() override {
        if (away) co_return gone();
        co_return world_.seen;
    }
    task<result<new_batches>> look(alert_progress from, std::size_t events) override {
        if (away) co_return gone();
        new_batches it;
        it.till = from;
        for (auto at = from.within; at < end() && it.seqs.size() < events; ++at) {
            it.seqs.push_back(at);
            it.cells.push_back(cell_of(batch(at)));
            it.till.within = at + 1;
        }
        it.events = it.seqs.size();
        it.more   = it.till.within < end();
        co_return it;
    }
    task<result<new_batches>> pass_over(alert_progress from) override {
        if (away) co_return gone();
        ++world_.passed;
        new_batches it;
        it.till        = from;
        it.till.within = end();
        co_return it;
    }
    task<result<std::vector<cell_name>>> names(std::vector<event_cell> of) override {
        if (away) co_return gone();
        std::vector<cell_name> all;
        for (const auto& cell : of)
            for (const auto& each : world_.batches)
                if (cell_of(each) == cell) {
                    all.push_back({cell, each.cluster, each.rule});
                    break;
                }
        co_return all;
    }
    task<result<event_portion>> events(
        new_batches in, std::vector<event_cell> of, std::optional<event_mark> after
    ) override {
        if (away) co_return gone();
        event_portion all;
        bool          found = !after;
        for (const auto at : in.seqs) {
            const auto& each = batch(at);
            if (std::ranges::find(of, cell_of(each)) == of.end()) continue;
            if (!found) {
                found = each.at.id == after->id;
                continue;
            }
            if (static_cast<int>(all.events.size()) == in_portion) {
                const auto& last = all.events.back();
                all.next = event_mark{last.event.at.received, last.event.at.id, last.cell.cluster};
                break;
            }
            all.events.push_back({cell_of(each), each});
        }
        co_return all;
    }
    task<result<bool>> put(
        int, uuid me, alert_progress from, alert_progress till, std::vector<alert_row> rows,
        std::vector<notification> tell
    ) override {
        if (away) co_return gone();
        if (world_.holder != me || world_.progress.step != from.step) co_return false;
        ++world_.puts;
        world_.progress      = till;
        world_.progress.step = from.step + 1;
        for (auto& row : rows) {
            const std::pair key{row.is, row.id};
            if (row.body)
                world_.rows[key] = row;
            else
                world_.rows.erase(key);
        }
        for (auto& each : tell) {
            const auto same = std::ranges::find(world_.told, each.key, &notification::key);
            EXPECT_EQ(same, world_.told.end()) << "put down twice";
            world_.told.push_back(std::move(each));
        }
        if (lose_puts) co_return gone();
        co_return true;
    }
    task<result<void>> wait(std::chrono::milliseconds most) override {
        if (away) co_return gone();
        co_await clock_->wait_until(time_.now() + most);
        co_return result<void>{};
    }

private:
    static failure     gone() { return {errc::unavailable, "the store is away"}; }
    std::int64_t       end() const { return static_cast<std::int64_t>(world_.batches.size()); }
    const found_event& batch(std::int64_t at) const {
        return world_.batches[static_cast<std::size_t>(at)];
    }

    falconer::test::manual_time& time_;
    alert_world&                 world_;
    std::unique_ptr<bell>        clock_;
};

}  // namespace falconer::alerts::test
