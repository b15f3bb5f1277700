#include "store_watch.hpp"

#include "jitter.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

constexpr auto   window     = 24h;
constexpr auto   apart      = 5min;
constexpr auto   too_short  = 15min;
constexpr double low        = 0.20;
constexpr double critical   = 0.05;
constexpr double early_days = 7;

constexpr auto size = "SELECT pg_database_size(current_database())";

/// For anybody but root: the last blocks are not ours.
std::optional<std::uint64_t> free_in(const std::string& folder) {
    struct statvfs of{};
    if (::statvfs(folder.c_str(), &of) != 0) return std::nullopt;
    return static_cast<std::uint64_t>(of.f_bavail) * of.f_frsize;
}

}  // namespace

// --- judging ------------------------------------------------------------------------------------

store_room store_outlook::room() const {
    if (!capacity || *capacity == 0) return store_room::unknown;
    const auto left = *capacity > bytes ? static_cast<double>(*capacity - bytes) : 0;
    const auto part = left / static_cast<double>(*capacity);
    if (part < critical) return store_room::critical;
    if (part < low || (days_left && *days_left < early_days)) return store_room::low;
    return store_room::ample;
}

void growth_meter::add(steady_time when, std::uint64_t bytes) {
    // The newest is replaced until it is far enough from the one before.
    const auto count = kept_.size();
    if (count >= 2 && kept_[count - 1].when - kept_[count - 2].when < apart) kept_.pop_back();
    kept_.push_back({when, bytes});
    while (kept_.size() > 2 && when - kept_[0].when > window) kept_.pop_front();
}

std::optional<double> growth_meter::bytes_per_hour() const {
    if (kept_.empty() || kept_.back().when - kept_.front().when < too_short) return std::nullopt;
    const std::chrono::duration<double, std::ratio<3600>> hours =
        kept_.back().when - kept_.front().when;
    const auto more =
        static_cast<double>(kept_.back().bytes) - static_cast<double>(kept_.front().bytes);
    return more / hours.count();
}

// --- measuring ----------------------------------------------------------------------------------

store_watch::store_watch(
    asio::any_io_executor loop, time_source& time, metrics_registry& metrics,
    store_watch_options opt
)
    : loop_(std::move(loop)), time_(time), opt_(std::move(opt)),
      bytes_(metrics.make_gauge("falconer_store_bytes", "Size of the store's database")),
      capacity_(metrics.make_gauge(
          "falconer_store_capacity_bytes", "What the store can grow to; 0: unknown"
      )),
      days_left_(metrics.make_gauge(
          "falconer_store_days_left",
          "Days until the store is full at the growth of the last day; +Inf: unknown or never"
      )),
      clocks_(metrics) {
    days_left_.set(std::numeric_limits<double>::infinity());
}

std::optional<std::uint64_t> store_watch::capacity(std::uint64_t bytes) const {
    std::optional<std::uint64_t> least;
    if (opt_.capacity_bytes > 0) least = opt_.capacity_bytes;
    if (opt_.data_folder.empty()) return least;
    if (const auto more = free_in(opt_.data_folder))
        least = std::min(bytes + *more, least.value_or(std::numeric_limits<std::uint64_t>::max()));
    return least;
}

task<result<store_outlook>> store_watch::measure() {
    if (!connection_ || !connection_->usable()) {
        auto opened = co_await pg_connection::open(loop_, time_, opt_.postgres);
        if (!opened) co_return std::move(opened).error();
        connection_ = std::move(*opened);
    }
    auto clocks = co_await read_clocks(*connection_, time_, time_.utc());
    if (!clocks) co_return std::move(clocks).error();
    clocks_.take(*clocks, time_.now());
    auto rows = co_await connection_->query(size, {}, opt_.query_limit);
    if (!rows) co_return std::move(rows).error().while_doing("measuring the store");
    store_outlook now;
    const auto    text = rows->at(0, 0);
    std::from_chars(text.data(), text.data() + text.size(), now.bytes);
    growth_.add(time_.now(), now.bytes);
    now.capacity       = capacity(now.bytes);
    now.bytes_per_hour = growth_.bytes_per_hour();
    if (now.capacity && now.bytes_per_hour && *now.bytes_per_hour > 0) {
        const auto left =
            *now.capacity > now.bytes ? static_cast<double>(*now.capacity - now.bytes) : 0;
        now.days_left = left / *now.bytes_per_hour / 24;
    }
    last_ = now;
    bytes_.set(static_cast<double>(now.bytes));
    capacity_.set(static_cast<double>(now.capacity.value_or(0)));
    days_left_.set(now.days_left.value_or(std::numeric_limits<double>::infinity()));
    co_return now;
}

/// A change for the worse is said at once, the same again only now and then.
void store_watch::say() {
    const auto room  = last_.room();
    const bool worse = room > said_;
    said_            = room;
    if (room != store_room::low && room != store_room::critical) return;
    const auto held = room_gate_.open(time_.now());
    if (!held && !worse) return;
    const auto level = room == store_room::critical ? spdlog::level::err : spdlog::level::warn;
    log_of("store").log(
        level, "the store is filling up bytes={} capacity={} days_left={:.1f} suppressed={}",
        last_.bytes, last_.capacity.value_or(0),
        last_.days_left.value_or(std::numeric_limits<double>::infinity()), held.value_or(0)
    );
}

task<void> store_watch::run() {
    const auto clock = time_.make_bell();
    for (;;) {
        auto now = co_await measure();
        if (now) {
            say();
        } else if (const auto held = trouble_gate_.open(time_.now())) {
            log_of("store").warn(
                "cannot measure the store why={} suppressed={}", now.error().detail, *held
            );
        }
        const auto pause = now ? opt_.interval : jittered(opt_.interval);
        co_await clock->wait_until(time_.now() + pause);
    }
}

}  // namespace falconer::store
