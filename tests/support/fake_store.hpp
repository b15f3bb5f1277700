// A store, a spool and a sink in memory, which fail when told.
#pragma once

#include "falconer/ports/event_sink.hpp"
#include "falconer/ports/event_spool.hpp"
#include "falconer/ports/event_store.hpp"

#include <asio/steady_timer.hpp>

#include <algorithm>
#include <deque>
#include <list>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace falconer::test {

inline std::string rule_of(const ingest_record& record) {
    if (const auto* event = std::get_if<falco_event>(&record))
        return std::string(event->texts.get_or_empty(event_texts::part::rule));
    if (const auto* aside = std::get_if<quarantined_body>(&record)) return "aside:" + aside->about;
    return "tally:" + std::get<event_tally>(record).rule;
}

inline falco_event event_of(
    std::string_view rule, std::size_t size = 10, const char* cluster = "test"
) {
    falco_event event;
    event.from = std::make_shared<const cluster_identity>(cluster_identity{cluster});
    event.id   = uuid::random();
    event.texts.put(event_texts::part::rule, rule);
    event.texts.put(event_texts::part::output, std::string(size, 'x'));
    return event;
}

/// Remembers the batches it was given; takes `delay` for each and `delay_per_record` for each of
/// its records; knows duplicates by uuid; refuses batches with an event of the rule, or a body,
/// "poison", and with any record of the cluster `unspeakable`; is unavailable for batches with the
/// rule "stuck"; throws at the rule "throws".
class fake_store final : public event_store {
public:
    explicit fake_store(time_source& time) : time_(time) {}

    task<result<std::vector<stored_as>>> insert(const record_batch& batch) override {
        ++tries;
        ids.push_back(batch.id);
        done.insert(done.end(), batch.done.begin(), batch.done.end());
        const auto takes = delay + delay_per_record * static_cast<int>(batch.records.size());
        if (takes > steady_time::duration::zero()) {
            const auto clock = time_.make_bell();
            co_await clock->wait_until(time_.now() + takes);
        }
        if (away > 0) {
            --away;
            co_return failure{errc::unavailable, "restarting"};
        }
        std::vector<std::string> rules;
        for (const auto& each : batch.records) rules.push_back(rule_of(each));
        if (std::ranges::count(rules, "stuck") > 0) co_return failure{errc::unavailable, "stuck"};
        if (std::ranges::count(rules, "throws") > 0) throw std::logic_error("told to");
        for (const auto& each : batch.records)
            if (const auto* aside = std::get_if<quarantined_body>(&each);
                aside != nullptr && aside->body == "poison")
                rules.emplace_back("poison");
        for (const auto& each : batch.records)
            if (!unspeakable.empty() && sender_of(each)->text == unspeakable)
                co_return failure{errc::malformed, "no such letters"};
        if (std::ranges::count(rules, "poison") > 0) co_return failure{errc::malformed, "poison"};

        std::vector<stored_as> how;
        for (const auto& each : batch.records) how.push_back(keep(each));
        batches.push_back(std::move(rules));
        co_return how;
    }

    std::vector<std::vector<std::string>> batches;
    std::vector<uuid>                     ids;   // of all it was given
    std::vector<uuid>                     done;  // batches it may forget
    std::set<uuid>                        known;
    steady_time::duration                 delay{0};
    steady_time::duration                 delay_per_record{0};
    std::string                           unspeakable{};
    int                                   away  = 0;
    int                                   tries = 0;

private:
    stored_as keep(const ingest_record& record) {
        if (const auto* event = std::get_if<falco_event>(&record))
            return known.insert(event->id).second ? stored_as::committed : stored_as::duplicate;
        if (std::holds_alternative<quarantined_body>(record)) return stored_as::quarantined;
        return stored_as::counted;
    }
    time_source& time_;
};

class fake_spool final : public event_spool {
public:
    task<result<void>> append(const record_batch& batch) override {
        ++tries;
        if (throws > 0) {
            --throws;
            throw std::logic_error("told to");
        }
        // Handed to the disk before: it is there now, or the disk still hangs.
        if (hangs && !handed.contains(batch.id)) handed.emplace(batch.id, batch);
        if (hangs) {
            asio::steady_timer silence(co_await asio::this_coro::executor, never);
            waiting.push_back(&silence);
            auto [woken] = co_await silence.async_wait(no_throw);
            waiting.remove(&silence);
            if (hangs) throw std::system_error(woken);
        }
        if (handed.erase(batch.id) > 0) co_return result<void>{};
        if (kept.size() >= room) co_return failure{errc::too_large, "full"};
        kept.push_back(batch);
        co_return result<void>{};
    }
    task<result<std::optional<record_batch>>> front(std::size_t most_records) override {
        asked_for = most_records;
        if (kept.empty()) co_return std::optional<record_batch>{};
        co_return std::optional(kept.front());
    }
    task<result<void>> pop() override {
        kept.pop_front();
        co_return result<void>{};
    }
    task<result<void>> keep_dead_letter(const ingest_record& record, const std::string& why)
        override {
        if (kept.size() >= room) co_return failure{errc::too_large, "full"};
        dead_letters.push_back(rule_of(record) + ": " + why);
        co_return result<void>{};
    }
    /// The disk answers again: what it was handed is there.
    void answer_again() {
        hangs = false;
        for (const auto& [id, batch] : handed) kept.push_back(batch);
        for (auto* each : waiting) each->cancel();
    }
    task<result<void>> probe() override {
        ++probes;
        if (hangs) co_return failure{errc::timed_out, "hangs"};
        if (kept.size() >= room) co_return failure{errc::too_large, "full"};
        co_return result<void>{};
    }
    spool_status status() const override {
        spool_status now{.capacity = capacity};
        for (const auto& each : kept) {
            now.pending += each.records.size();
            for (const auto& record : each.records) now.bytes += bytes_of(record);
        }
        return now;
    }

    std::deque<record_batch> kept;
    std::size_t              room      = 1'000;
    std::uint64_t            capacity  = 0;  // bytes; 0: no matter
    std::size_t              asked_for = 0;
    int                      tries     = 0;
    int                      probes    = 0;
    int                      throws    = 0;  // so many appends more
    bool                     hangs     = false;
    std::vector<std::string> dead_letters;  // "RULE: why"

    std::map<uuid, record_batch>   handed;  // while it hung, and not asked for again
    std::list<asio::steady_timer*> waiting;
};

/// Takes everything, or refuses everything.
class fake_sink final : public event_sink {
public:
    task<result<kept_as>> submit(ingest_record record) override {
        if (refuses) co_return failure{errc::unavailable, "told to"};
        const auto how = std::holds_alternative<falco_event>(record)        ? kept_as::committed
                         : std::holds_alternative<quarantined_body>(record) ? kept_as::quarantined
                                                                            : kept_as::counted;
        kept.push_back(std::move(record));
        co_return how;
    }

    std::vector<ingest_record> kept;
    bool                       refuses = false;
};

}  // namespace falconer::test
