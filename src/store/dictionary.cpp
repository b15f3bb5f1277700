#include "dictionary.hpp"

#include "pg_array.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace falconer::store {
namespace {

// Looked for first, so that a known text costs no number; sorted, so that replicas that learn the
// same texts wait for one another instead of in a circle. A text that somebody else committed
// meanwhile is found by the second round.
constexpr auto resolve_texts = R"(
WITH wanted AS (
    SELECT n, kind, value, sha256(convert_to(value, 'UTF8')) AS digest
    FROM unnest($1::int2[], $2::text[]) WITH ORDINALITY AS w (kind, value, n)
), known AS (
    SELECT n, t.id, t.used >= (now() AT TIME ZONE 'UTC')::date AS used_today
    FROM wanted JOIN falconer.text t USING (kind, digest)
), added AS (
    INSERT INTO falconer.text (kind, digest, value)
    SELECT kind, digest, value FROM wanted WHERE n NOT IN (SELECT n FROM known)
    ORDER BY kind, digest
    ON CONFLICT DO NOTHING RETURNING id, kind, digest
)
SELECT n, id, used_today FROM known
UNION ALL SELECT n, id, true FROM wanted JOIN added USING (kind, digest))";

// The first use of the day. What retention is just removing is waited for, and then is not among
// the answers. In the order of their numbers: nobody waits in a circle; and nobody who only refers
// to it waits at all.
constexpr auto note_use_of_texts    = R"(
UPDATE falconer.text SET used = (now() AT TIME ZONE 'UTC')::date
WHERE id IN (SELECT id FROM falconer.text WHERE id = ANY ($1::int4[]) ORDER BY id
             FOR NO KEY UPDATE)
RETURNING id)";
constexpr auto note_use_of_clusters = R"(
UPDATE falconer.cluster SET used = (now() AT TIME ZONE 'UTC')::date
WHERE id IN (SELECT id FROM falconer.cluster WHERE id = ANY ($1::int4[]) ORDER BY id
             FOR NO KEY UPDATE)
RETURNING id)";

constexpr auto resolve_clusters = R"(
WITH wanted AS (
    SELECT w.*, sha256(convert_to(identity, 'UTF8')) AS digest
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
         WITH ORDINALITY AS w (identity, landscape, project, name, uid, n)
), known AS (
    SELECT n, c.id, c.used >= (now() AT TIME ZONE 'UTC')::date AS used_today
    FROM wanted JOIN falconer.cluster c USING (digest)
), added AS (
    INSERT INTO falconer.cluster (digest, identity, landscape, project, name, uid)
    SELECT digest, identity, nullif(landscape, ''), nullif(project, ''), nullif(name, ''),
           nullif(uid, '')
    FROM wanted WHERE n NOT IN (SELECT n FROM known)
    ORDER BY digest
    ON CONFLICT DO NOTHING RETURNING id, digest
)
SELECT n, id, used_today FROM known
UNION ALL SELECT n, id, true FROM wanted JOIN added USING (digest))";

constexpr int rounds = 3;

template <class Number>
Number number_of(std::string_view text) {
    Number n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

struct question {
    const char*           sql = nullptr;
    pg_connection::params values{};
};

question about_texts(const std::vector<const wanted_texts::value_type*>& wanted) {
    pg_array kinds, values;
    for (const auto* each : wanted) {
        kinds.add(std::to_string(static_cast<int>(each->first)));
        values.add(each->second);
    }
    return {resolve_texts, {kinds.text(), values.text()}};
}

question about_clusters(const std::vector<const wanted_texts::value_type*>& wanted) {
    pg_array identities, landscapes, projects, names, uids;
    for (const auto* each : wanted) {
        const auto parts =
            cluster_identity{each->second}.shoot().value_or(cluster_identity::parts{});
        identities.add(each->second);
        landscapes.add(parts.landscape);
        projects.add(parts.project);
        names.add(parts.name);
        uids.add(parts.uid);
    }
    return {
        resolve_clusters,
        {identities.text(), landscapes.text(), projects.text(), names.text(), uids.text()}
    };
}

}  // namespace

std::optional<std::int32_t> dictionary::find(text_kind kind, std::string_view value) {
    const auto at = by_key_.find({kind, value});
    if (at == by_key_.end()) return std::nullopt;
    recent_.splice(recent_.begin(), recent_, at->second);
    return at->second->number;
}

void dictionary::learn(text_kind kind, std::string_view value, std::int32_t number) {
    if (by_key_.contains({kind, value})) return;
    auto& last = kind == text_kind::cluster ? last_cluster_ : last_text_;
    last       = std::max(last, number);
    recent_.push_front({kind, std::string(value), number});
    bytes_ += recent_.front().bytes();
    by_key_.emplace(key{kind, recent_.front().value}, recent_.begin());
}

void dictionary::make_room(std::chrono::sys_days today) {
    if (std::exchange(day_, today) != today) forget();
    while (bytes_ > most_ && !recent_.empty()) {
        const auto& oldest  = recent_.back();
        bytes_             -= oldest.bytes();
        by_key_.erase({oldest.kind, oldest.value});
        recent_.pop_back();
    }
}

void dictionary::forget() {
    by_key_.clear();
    recent_.clear();
    bytes_        = 0;
    last_cluster_ = last_text_ = 0;
}

void dictionary::stay_with(const pg_rows& answer) {
    const bool complete = answer.size() == 1;
    // A server that has lost its last commits, though it runs on, would give their numbers again.
    const bool holds = complete && whose_ == answer.at(0, 0) &&
                       number_of<std::int32_t>(answer.at(0, 1)) >= last_cluster_ &&
                       number_of<std::int32_t>(answer.at(0, 2)) >= last_text_;
    if (!holds) forget();
    whose_ = complete ? std::string(answer.at(0, 0)) : std::string();
}

task<result<void>> dictionary::look_up(
    pg_connection& store, const std::vector<const wanted_texts::value_type*>& missing,
    bool clusters, pg_connection::limit time
) {
    auto ask = clusters ? about_clusters(missing) : about_texts(missing);
    auto got = co_await store.query(ask.sql, std::move(ask.values), time);
    if (!got) co_return std::move(got).error();
    std::unordered_map<std::int32_t, const wanted_texts::value_type*> rested;
    pg_array                                                          ids;
    for (int row = 0; row < got->size(); ++row) {
        const auto* text   = missing[number_of<std::size_t>(got->at(row, 0)) - 1];
        const auto  number = number_of<std::int32_t>(got->at(row, 1));
        if (got->at(row, 2) == "t") {
            learn(text->first, text->second, number);
        } else {
            rested.emplace(number, text);
            ids.add(got->at(row, 1));
        }
    }
    if (rested.empty()) co_return result<void>{};
    pg_connection::params which{ids.text()};
    const char*           note  = clusters ? note_use_of_clusters : note_use_of_texts;
    auto                  noted = co_await store.query(note, std::move(which), time);
    if (!noted) co_return std::move(noted).error();
    for (int row = 0; row < noted->size(); ++row) {
        const auto  number = number_of<std::int32_t>(noted->at(row, 0));
        const auto* text   = rested.at(number);
        learn(text->first, text->second, number);
    }
    co_return result<void>{};
}

task<result<void>> dictionary::resolve(
    pg_connection& store, wanted_texts wanted, pg_connection::limit time
) {
    for (int round = 0; round < rounds; ++round) {
        // One table at a time; a batch seldom has news for both.
        for (const bool clusters : {true, false}) {
            std::vector<const wanted_texts::value_type*> missing;
            for (const auto& each : wanted) {
                if ((each.first == text_kind::cluster) != clusters) continue;
                if (!find(each.first, each.second)) missing.push_back(&each);
            }
            if (missing.empty()) continue;
            auto known = co_await look_up(store, missing, clusters, time);
            if (!known) co_return std::move(known).error().while_doing("looking texts up");
        }
    }
    for (const auto& each : wanted) {
        if (!find(each.first, each.second))
            co_return failure{errc::overloaded, "a text that others add keeps out of sight"};
    }
    co_return result<void>{};
}

}  // namespace falconer::store
