// What must be written down, once each however often it has changed.
#pragma once

#include "falconer/ports/alert_store.hpp"

#include <map>
#include <utility>

namespace falconer::alerts {

class change_list {
public:
    using key = std::pair<alert_row::kind, uuid>;

    void add(alert_row::kind is, const uuid& id, const uuid& rule) { of_[{is, id}] = rule; }
    bool empty() const noexcept { return of_.empty(); }
    std::map<key, uuid> taken() { return std::exchange(of_, {}); }

private:
    std::map<key, uuid> of_;  // → its rule
};

}  // namespace falconer::alerts
