#include "leader.hpp"

#include "falconer/async.hpp"
#include "falconer/log.hpp"

#include <algorithm>
#include <utility>

namespace falconer::k8s {
namespace {

const kube_type leases{.group = "coordination.k8s.io", .kind = "Lease", .plural = "leases"};

/// As it is; null: it does not exist.
task<result<value>> read(kube_api& api, kube_key key) {
    auto is = co_await api.get(leases, std::move(key));
    if (!is && is.error().code == errc::not_found) co_return value{};
    co_return is;
}

task<result<value>> write(kube_api& api, kube_key key, value lease, bool is_new) {
    const kube_write how{};
    auto             done   = is_new ? api.create(leases, std::move(key), std::move(lease), how)
                                     : api.update(leases, std::move(key), std::move(lease), how);
    auto             answer = co_await std::move(done);
    co_return answer;
}

}  // namespace

task<void> leader::pause(steady_time at_most) {
    const auto bell = time_.make_bell();
    co_await bell->wait_until(std::min(time_.now() + how_.retry, at_most));
}

/// True: it is ours now.
task<result<bool>> leader::claim() {
    const auto begun = time_.now();
    auto       is    = co_await read(api_, key_);
    if (!is) co_return std::move(is).error();
    view_.seen(*is, time_.now());
    if (!is->is_null() && !view_.held_by(how_.identity) && !view_.is_free(time_.now()))
        co_return false;
    auto claimed = claimed_lease(*is, key_, how_, time_.utc());
    auto done    = co_await write(api_, key_, std::move(claimed), is->is_null());
    if (!done) {
        const auto& why = done.error();
        if (why.code == errc::conflict || why.code == errc::already_exists) co_return false;
        co_return std::move(done).error();
    }
    lease_   = std::move(*done);
    renewed_ = begun;
    view_.seen(lease_, time_.now());
    co_return true;
}

task<void> leader::acquire() {
    bool said = false;
    for (;;) {
        auto limited = claim();
        auto ours    = co_await with_timeout(time_, how_.renew_deadline, std::move(limited));
        if (ours && *ours) break;
        if (!std::exchange(said, true)) {
            if (ours)
                log_of("leader").info("somebody else leads holder={}", view_.holder());
            else
                log_of("leader").warn("the lease cannot be had reason=\"{}\"", ours.error().detail);
        }
        co_await pause();
    }
    leads_ = true;
    log_of("leader").info("leads lease={} identity={}", key_.text(), how_.identity);
}

task<void> leader::hold() {
    for (;;) {
        const auto end = renewed_ + how_.renew_deadline;
        co_await pause(end);
        const auto left = end - time_.now();
        if (left <= steady_time::duration::zero()) break;
        const auto limit   = std::min<steady_time::duration>(how_.retry * 2, left);
        auto       limited = claim();
        auto       ours    = co_await with_timeout(time_, limit, std::move(limited));
        if (ours && !*ours && !view_.held_by(how_.identity)) break;
    }
    leads_ = false;
    log_of("leader").error("leads no longer lease={} holder={}", key_.text(), view_.holder());
}

task<void> leader::release() {
    if (!std::exchange(leads_, false)) co_return;
    auto given = released_lease(lease_, time_.utc());
    auto done  = co_await write(api_, key_, std::move(given), false);
    if (!done)
        log_of("leader").warn("the lease is not given back reason=\"{}\"", done.error().detail);
}

task<void> keep_heartbeat(
    time_source& time, kube_api& api, kube_key lease, lease_options how, std::chrono::seconds every,
    std::function<bool()> is_alive
) {
    const auto bell  = time.make_bell();
    bool       quiet = false;
    for (;;) {
        if (is_alive()) {
            auto is   = co_await read(api, lease);
            auto done = is;
            if (is) {
                auto claimed = claimed_lease(*is, lease, how, time.utc());
                done         = co_await write(api, lease, std::move(claimed), is->is_null());
            }
            if (!done)
                log_of("leader").warn(
                    "the heartbeat is not renewed reason=\"{}\"", done.error().detail
                );
            quiet = false;
        } else if (!std::exchange(quiet, true)) {
            log_of("leader").error("the heartbeat stops: watches or rounds are stuck");
        }
        co_await bell->wait_until(time.now() + every);
    }
}

}  // namespace falconer::k8s
