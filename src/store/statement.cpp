#include "statement.hpp"

namespace falconer::store {

std::string statement::numbers(std::string sql, statement&& of) {
    auto place = value("{}");
    lookups_.push_back({values_.size(), std::move(sql), std::move(of.values_)});
    return place + "::int4[]";
}

task<result<void>> statement::resolve(pg_connection& db, std::chrono::milliseconds limit) {
    for (auto& each : lookups_) {
        auto sql    = "SELECT coalesce(array_agg(id), '{}') FROM (" + each.sql + ") AS found (id)";
        auto values = each.values;
        auto rows   = co_await db.query(std::move(sql), std::move(values), limit);
        if (!rows) co_return std::move(rows).error();
        set(each.place, std::string(rows->at(0, 0)));
    }
    lookups_.clear();
    co_return result<void>{};
}

}  // namespace falconer::store
