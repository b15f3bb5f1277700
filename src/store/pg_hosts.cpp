#include "pg_hosts.hpp"

#include "falconer/one_shot.hpp"

#include <asio/ip/tcp.hpp>

#include <algorithm>
#include <memory>

namespace falconer::store {
namespace {

using places = std::vector<std::string>;
using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr auto doubts_apart = 5s;

bool contains(const places& all, const std::string& one) {
    return std::ranges::find(all, one) != all.end();
}

/// Addresses in the resolver's order, each once.
places each_once(const tcp::resolver::results_type& found) {
    places all;
    for (const auto& each : found) {
        auto address = each.endpoint().address().to_string();
        if (!contains(all, address)) all.push_back(std::move(address));
    }
    return all;
}

/// Asio's resolver waits for the C library, in a thread, and cannot be called back from it. So
/// whoever stops waiting leaves the answer to itself: it comes to `answer`, which outlives us.
task<result<places>> look_up(
    asio::any_io_executor loop, time_source& time, const std::string& name,
    steady_time::duration within
) {
    auto          answer = std::make_shared<one_shot<result<places>>>(loop);
    tcp::resolver resolver(loop);
    resolver.async_resolve(
        name, "",
        [answer](std::error_code ec, const tcp::resolver::results_type& found) {
            if (ec)
                answer->set(failure{errc::unavailable, ec.message()});
            else
                answer->set(each_once(found));
        }
    );
    auto waiting = answer->get();
    co_return co_await with_timeout(time, within, std::move(waiting));
}

}  // namespace

// --- order --------------------------------------------------------------------------------------

std::vector<std::string> preference::in_order(const std::vector<std::string>& ways) const {
    places order;
    if (contains(ways, best_)) order.push_back(best_);
    for (const auto& each : ways)
        if (each != best_ && !contains(failed_, each)) order.push_back(each);
    for (const auto& each : failed_)
        if (contains(ways, each)) order.push_back(each);
    return order;
}

void preference::worked(const std::string& way) {
    std::erase(failed_, way);
    best_ = way;
}

void preference::failed(const std::string& way) {
    ++failures_;
    if (best_ == way) best_.clear();
    std::erase(failed_, way);
    failed_.push_back(way);
}

void preference::keep_only(const std::vector<std::string>& ways) {
    if (!contains(ways, best_)) best_.clear();
    std::erase_if(failed_, [&](const auto& each) { return !contains(ways, each); });
}

// --- hosts --------------------------------------------------------------------------------------

void host_memory::found(const std::string& host, std::vector<std::string> where) {
    auto& at = places_[host];
    at.addresses.keep_only(where);
    at.known = std::move(where);
}

void host_memory::say_passed_over(const std::string& because, steady_time now) {
    if (const auto held = gate_.open(now))
        log_of("store").info(
            "hosts of the store were passed over used={} because=\"{}\" suppressed={}",
            hosts_.best(), because, *held
        );
}

void host_memory::saw(const server_history& of) {
    if (of.system == newest_.system && of.timeline <= newest_.timeline) return;
    newest_ = of;
}

bool host_memory::is_outdated(const server_history& of) const {
    return of.system == newest_.system && of.timeline < newest_.timeline;
}

bool host_memory::must_ask_others(steady_time now) const {
    return !asked_ || (doubt_ && now - *asked_ >= doubts_apart);
}

void host_memory::asked_others(steady_time now) {
    asked_ = now;
    doubt_ = false;
}

void host_memory::learn_risks(std::vector<std::string> risks) {
    if (risks == risks_) return;
    for (const auto& each : risks)
        log_of("store").warn("events that were acknowledged can be lost why=\"{}\"", each);
    if (risks.empty()) log_of("store").info("events that were acknowledged are safe again");
    risks_ = std::move(risks);
}

std::vector<std::string> hosts_in(std::string_view list) {
    places all;
    while (!list.empty()) {
        const auto one = list.substr(0, list.find(','));
        if (!one.empty() && !contains(all, std::string(one))) all.emplace_back(one);
        list.remove_prefix(std::min(list.size(), one.size() + 1));
    }
    return all;
}

// --- what they say ------------------------------------------------------------------------------

void refusals::add(std::string_view way, failure why) {
    all_.push_back({std::string(way), std::move(why)});
}

std::string refusals::text() const {
    if (all_.size() == 1) return all_.front().why.detail;
    std::string text;
    for (const auto& each : all_)
        text += (text.empty() ? "" : "; ") + each.way + ": " + each.why.detail;
    return text;
}

failure refusals::of_one_host() const {
    const auto denied = std::ranges::find(all_, make_error_code(errc::denied), [](const auto& r) {
        return r.why.code;
    });
    return {denied != all_.end() ? denied->why.code : all_.back().why.code, text()};
}

failure refusals::of_all_hosts() const {
    if (all_.empty()) return {errc::unavailable, "no host is named"};
    const auto say = [&](errc what) {
        return std::ranges::all_of(all_, [&](const auto& each) { return each.why.code == what; });
    };
    if (say(errc::denied) || say(errc::timed_out)) return {all_.front().why.code, text()};
    return {errc::unavailable, text()};
}

// --- where they are -----------------------------------------------------------------------------

task<result<std::vector<std::string>>> addresses_of(
    asio::any_io_executor loop, time_source& time, std::string host, host_memory& memory,
    steady_time::duration within
) {
    if (host.starts_with('/')) co_return places(1, std::string());
    std::error_code no_number;
    static_cast<void>(asio::ip::make_address(host, no_number));
    if (!no_number) co_return places(1, host);

    // With an answer from before half of the time is enough to hear whether it is still true.
    const auto& before = memory.known(host);
    auto        asking = look_up(loop, time, host, before.empty() ? within : within / 2);
    auto        found  = co_await std::move(asking);
    if (found && found->empty()) found = failure{errc::unavailable, "it has no address"};
    if (found) {
        memory.found(host, *found);
        co_return std::move(*found);
    }
    if (!before.empty()) co_return before;
    co_return std::move(found).error().while_doing("resolving " + host);
}

}  // namespace falconer::store
