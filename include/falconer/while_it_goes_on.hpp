// A limit for what may last for ever, as long as it goes on.
#pragma once

#include "falconer/async.hpp"

#include <exception>

namespace falconer {
namespace detail {

/// Returns when nothing has happened since `last` for `limit`.
inline task<void> until_silent(
    time_source& time, steady_time::duration limit, const steady_time& last
) {
    const auto alarm = time.make_bell();
    while (time.now() - last < limit) co_await alarm->wait_until(last + limit);
}

}  // namespace detail

/// As with_timeout, for what has no end: `op` may go on for as long as it sets `last`, which is now
/// to begin with, at least every `limit`. One alarm for all of it, where with_timeout would need
/// one for each step. `last` must outlive this.
template <class T>
task<result<T>> while_it_goes_on(
    time_source& time, steady_time::duration limit, const steady_time& last, task<result<T>> op
) {
    using namespace asio::experimental::awaitable_operators;
    std::exception_ptr thrown;
    auto               work  = detail::keep_throw(std::move(op), thrown);
    auto               alarm = detail::until_silent(time, limit, last);
    auto               first = co_await (std::move(work) || std::move(alarm));
    if (first.index() == 1) co_return failure{errc::timed_out, "no answer in time"};
    if (thrown) std::rethrow_exception(thrown);
    co_return std::get<0>(std::move(first));
}

}  // namespace falconer
