// What a statement, or a handshake, is while it is under way.
#pragma once

#include "pg_connection.hpp"

namespace falconer::store {

/// Between the first byte of a statement and its last result the connection can serve nobody else.
/// Whoever leaves in between (timeout, cancellation, lost socket) leaves it closed.
class pg_connection::exchange {
public:
    explicit exchange(pg_connection& with) : with_(with) {}
    ~exchange() {
        if (!over_) with_.break_off();
    }
    exchange(const exchange&)            = delete;
    exchange& operator=(const exchange&) = delete;

    void over() { over_ = true; }
    bool is_over() const { return over_; }

private:
    pg_connection& with_;
    bool           over_ = false;
};

}  // namespace falconer::store
