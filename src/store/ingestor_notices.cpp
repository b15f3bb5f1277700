#include "ingestor_notices.hpp"

#include "jitter.hpp"

#include <algorithm>
#include <vector>

namespace falconer::store {
namespace {

using namespace std::chrono_literals;

/// Below PostgreSQL's limit of 8000 bytes. Source: its documentation of NOTIFY.
constexpr std::size_t largest_payload = 7'500;

bool travels(const cluster_message& what) {
    return std::holds_alternative<heartbeat_seen>(what) ||
           std::holds_alternative<budget_spent>(what);
}

}  // namespace

ingestor_notices::ingestor_notices(
    asio::any_io_executor loop, time_source& time, post_office& clusters, options opt
)
    : loop_(std::move(loop)), time_(time), clusters_(clusters), opt_(std::move(opt)),
      name_(uuid::random().text()), news_(time.make_bell()) {}

void ingestor_notices::tell(const cluster_identity& to, const cluster_message& what) {
    if (!travels(what)) return;
    const key of{to.text, what.index()};
    if (waiting_.size() >= opt_.waiting && !waiting_.contains(of)) return;
    waiting_.insert_or_assign(of, what);
    news_->ring();
}

void ingestor_notices::complain(const char* doing, const failure& why) {
    if (const auto held = gate_.open(time_.now()))
        log_of("store").warn(
            "ingestors do not hear of each other doing={} reason=\"{}\" suppressed={}", doing,
            why.detail, *held
        );
}

// --- hearing ------------------------------------------------------------------------------------

task<void> ingestor_notices::listen() {
    const auto clock = time_.make_bell();
    auto       pause = opt_.pause;
    for (;;) {
        const auto before = heard_;
        auto       ended  = co_await hear_on();
        if (heard_ != before) pause = opt_.pause;
        complain("listen", ended.error());
        listening_.reset();
        co_await clock->wait_until(time_.now() + jittered(pause));
        pause = std::min(pause * 2, opt_.look);
    }
}

/// Returns only with a failure.
task<result<void>> ingestor_notices::hear_on() {
    auto opened = co_await pg_connection::open(loop_, time_, opt_.postgres);
    if (!opened) co_return std::move(opened).error();
    listening_ = std::move(*opened);
    auto on    = co_await listening_->query("LISTEN falconer_peers", {}, opt_.query_limit);
    if (!on) co_return std::move(on).error();
    for (;;) {
        auto notice = co_await listening_->next_notice(opt_.look);
        if (notice) {
            take(notice->payload);
            continue;
        }
        if (notice.error().code != errc::timed_out) co_return std::move(notice).error();
        // A server that has gone without a word is noticed by asking.
        auto there = co_await listening_->query("SELECT 1", {}, opt_.query_limit);
        if (!there) co_return std::move(there).error();
    }
}

/// Whoever may connect can send anything; one message that is odd costs none of the others.
void ingestor_notices::take(std::string_view payload) {
    const auto  all = parse_json(payload);
    std::string odd;
    if (!all || all->text_at({"by"}).empty()) {
        odd = all ? "it does not say whose it is" : all.error().detail;
    } else if (all->text_at({"by"}) == name_) {
        return;
    } else if (const auto* version = all->find("version");
               version == nullptr || version->integer() != wire_version) {
        odd = "it is of another version";
    } else if (const auto* messages = all->find("messages"); messages != nullptr) {
        for (const auto& each : messages->items()) {
            const auto read = cluster_message_of(each);
            if (read.message && travels(*read.message)) {
                ++heard_;
                clusters_.tell(read.to, *read.message);
            } else {
                odd = read.message ? std::string(kind_of(*read.message)) + " is not believed here"
                                   : read.problem + read.unknown;
            }
        }
    }
    if (odd.empty()) return;
    if (const auto held = odd_gate_.open(time_.now()))
        log_of("store").warn(
            "a notice of another ingestor is passed over why=\"{}\" suppressed={}", odd, *held
        );
}

// --- telling ------------------------------------------------------------------------------------

task<void> ingestor_notices::send() {
    const auto clock = time_.make_bell();
    auto       pause = opt_.pause;
    for (;;) {
        if (waiting_.empty()) co_await news_->wait_until(never);
        co_await clock->wait_until(time_.now() + opt_.collect);
        auto sent = co_await send_all();
        if (sent) {
            pause = opt_.pause;
            continue;
        }
        complain("notify", sent.error());
        sending_.reset();
        co_await clock->wait_until(time_.now() + jittered(pause));
        pause = std::min(pause * 2, opt_.look);
    }
}

/// As many messages as fit, and which.
std::string ingestor_notices::next_payload(std::vector<key>& of) const {
    std::string text = R"({"version":)" + std::to_string(wire_version) + R"(,"by":")" + name_ +
                       R"(","messages":[)";
    for (const auto& [which, what] : waiting_) {
        const auto one = json_text(to_wire({which.first}, what));
        if (text.size() + one.size() + 3 > largest_payload) break;
        if (!of.empty()) text += ',';
        text += one;
        of.push_back(which);
    }
    return text + "]}";
}

task<result<void>> ingestor_notices::send_all() {
    if (!sending_ || !sending_->usable()) {
        auto opened = co_await pg_connection::open(loop_, time_, opt_.postgres);
        if (!opened) co_return std::move(opened).error();
        sending_ = std::move(*opened);
    }
    while (!waiting_.empty()) {
        std::vector<key>      of;
        pg_connection::params payload{next_payload(of)};
        // What becomes newer meanwhile waits for the next one; what fails is told again in time.
        for (const auto& each : of) waiting_.erase(each);
        auto sent = co_await sending_->query(
            "SELECT pg_notify('falconer_peers', $1)", std::move(payload), opt_.query_limit
        );
        if (!sent) co_return std::move(sent).error();
    }
    co_return result<void>{};
}

}  // namespace falconer::store
