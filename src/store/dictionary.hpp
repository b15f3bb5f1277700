// Numbers for clusters and repeating texts: a bounded memory of the store's dictionary tables.
#pragma once

#include "falconer/ids.hpp"
#include "pg_connection.hpp"

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace falconer::store {

/// Source: migrations/0001_events.sql, tables cluster and text.
enum class text_kind : std::uint8_t { cluster = 0, rule = 1, source = 2, hostname = 3, tags = 4 };

/// Texts that a batch needs a number for, each once.
using wanted_texts = std::set<std::pair<text_kind, std::string>>;

/// Every text is asked for anew each day, so that the store knows which ones are still of use. What
/// has been learnt outlives its connection as long as the same running server has the same tables:
/// with thousands of clusters, learning it anew is what a busy store can least afford.
///
/// Threading: one batch at a time per dictionary: make_room() before it, and then every number that
///            find() gave or resolve() learnt stays known until the next make_room().
class dictionary {
public:
    explicit dictionary(std::size_t most_bytes) : most_(most_bytes) {}

    /// Forgets what has not been used for longest, down to the limit; on a new (UTC) day, all.
    void make_room(std::chrono::sys_days today);

    std::optional<std::int32_t> find(text_kind kind, std::string_view value);

    /// Learns the numbers of all `wanted`, in a transaction of its own; the store makes new ones
    /// for those it has never seen. Nothing is asked when nothing is wanted.
    ///
    /// Errors : those of query().
    task<result<void>> resolve(
        pg_connection& store, wanted_texts wanted, pg_connection::limit time
    );

    void forget();

    /// A question with one row, for stay_with(). Another server may answer on the next connection,
    /// or the same one with what a backup gave back: numbers then stand for other texts.
    static constexpr auto whose =
        "SELECT concat_ws(' ', extract(epoch FROM pg_postmaster_start_time()), (SELECT oid FROM "
        "pg_database WHERE datname = current_database()), "
        "pg_relation_filenode('falconer.cluster'), "
        "pg_relation_filenode('falconer.text')), coalesce((SELECT max(id) FROM falconer.cluster), "
        "0), "
        "coalesce((SELECT max(id) FROM falconer.text), 0)";
    /// Forgets everything, unless the answer says that what was learnt before still holds.
    void stay_with(const pg_rows& answer);

private:
    struct entry {
        text_kind    kind{};
        std::string  value{};
        std::int32_t number = 0;

        std::size_t bytes() const { return 1 + value.size(); }
    };
    using entries = std::list<entry>;

    /// A look-up makes no copy of what it looks for: there are five for each event.
    struct key {
        text_kind        kind{};
        std::string_view value{};
        friend bool      operator==(const key&, const key&) = default;
    };
    struct key_hash {
        std::size_t operator()(const key& k) const {
            return std::hash<std::string_view>{}(k.value) + static_cast<std::size_t>(k.kind);
        }
    };

    void learn(text_kind kind, std::string_view value, std::int32_t number);

    task<result<void>> look_up(
        pg_connection& store, const std::vector<const wanted_texts::value_type*>& missing,
        bool clusters, pg_connection::limit time
    );

    std::size_t           most_;
    std::size_t           bytes_ = 0;
    std::chrono::sys_days day_{};
    std::string           whose_{};
    std::int32_t          last_cluster_ = 0, last_text_ = 0;       // the highest numbers learnt
    entries               recent_;                                 // the latest used first
    std::unordered_map<key, entries::iterator, key_hash> by_key_;  // keys look into recent_
};

}  // namespace falconer::store
