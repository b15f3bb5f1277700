// Connections for those who only read: so many at a time, opened when they are needed.
#pragma once

#include "falconer/turnstile.hpp"
#include "pg_connection.hpp"

#include <chrono>
#include <memory>
#include <vector>

namespace falconer::store {

/// Threading: the loop thread. Lifetime: no loan may be left when it is destroyed.
class reader_pool {
public:
    struct options {
        pg_options  postgres{};
        std::size_t connections = 4;
        std::size_t waiting     = 64;  // further ones are told that it is too much
    };

    reader_pool(asio::any_io_executor loop, time_source& time, options opt);

    /// A connection for one question after the other; given back by its destruction.
    class loan {
    public:
        loan(reader_pool& of, pg_connection::ptr what) : of_(&of), what_(std::move(what)) {}
        loan(loan&& other) noexcept
            : of_(std::exchange(other.of_, nullptr)), what_(std::move(other.what_)) {}
        loan& operator=(loan&&)      = delete;
        loan(const loan&)            = delete;
        loan& operator=(const loan&) = delete;
        ~loan() {
            if (of_ != nullptr) of_->take_back(std::move(what_));
        }
        pg_connection& operator*() const { return *what_; }
        bool           has() const { return what_ != nullptr; }
        void           put(pg_connection::ptr what) { what_ = std::move(what); }

    private:
        reader_pool*       of_;
        pg_connection::ptr what_;
    };

    /// Errors : overloaded  too many wait already
    ///          and those of pg_connection::open().
    /// Cancel : while waiting; the place goes to the next.
    task<result<loan>> borrow();

    /// A question on a connection of the pool; the server gives it up after `limit`.
    static task<result<pg_rows>> ask(
        pg_connection& db, std::string sql, pg_connection::params values,
        std::chrono::milliseconds limit
    );

private:
    void take_back(pg_connection::ptr what);

    asio::any_io_executor           loop_;
    time_source&                    time_;
    options                         opt_;
    turnstile                       places_;
    std::size_t                     waiting_ = 0;
    std::vector<pg_connection::ptr> idle_;  // the latest used last: its caches are warm
};

}  // namespace falconer::store
