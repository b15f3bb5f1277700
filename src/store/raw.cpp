#include "raw.hpp"

#include "falconer/event.hpp"
#include "pg_bytes.hpp"

#include <charconv>
#include <utility>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto events_of_id = R"(
SELECT c.identity, (extract(epoch FROM e.received) * 1000000)::int8, e.flags & $3::int2 <> 0,
       encode(r.body, 'hex')
FROM falconer.event e JOIN falconer.cluster c ON c.id = e.cluster
LEFT JOIN falconer.raw r ON r.id = e.id AND r.cluster = e.cluster AND r.received = e.received
WHERE e.id = $1::uuid AND ($2 = '' OR c.identity = $2) ORDER BY e.received DESC LIMIT 100)";

utc_time time_of(std::string_view micros) {
    std::int64_t value = 0;
    std::from_chars(micros.data(), micros.data() + micros.size(), value);
    return utc_time{std::chrono::microseconds{value}};
}

}  // namespace

task<result<std::vector<raw_event>>> read_raw(pg_connection& store, uuid id, std::string cluster) {
    const auto            flag = static_cast<int>(event_flag::replaced_characters);
    pg_connection::params values{id.text(), std::move(cluster), std::to_string(flag)};
    auto                  rows = co_await store.query(events_of_id, std::move(values), 60s);
    if (!rows) co_return std::move(rows).error().while_doing("reading an event's bytes");
    std::vector<raw_event> all;
    for (int row = 0; row < rows->size(); ++row) {
        raw_event each;
        each.cluster  = rows->at(row, 0);
        each.received = time_of(rows->at(row, 1));
        each.replaced = rows->at(row, 2) == "t";
        if (!rows->is_null(row, 3)) each.body = from_hex(rows->at(row, 3));
        all.push_back(std::move(each));
    }
    co_return all;
}

}  // namespace falconer::store
