#include "demo_fleet.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <random>

namespace falconer::sandbox {
namespace {

using namespace std::chrono_literals;

constexpr auto path = "/ingestor/api/v1/push";

/// The value of "uuid", which the generator writes first.
constexpr std::size_t most_spare = 4096;  // connections, one for each cluster

std::string_view uuid_in(std::string_view body) {
    constexpr std::string_view key = R"("uuid":")";
    const auto                 at  = body.find(key);
    return at == std::string_view::npos ? std::string_view{} : body.substr(at + key.size(), 36);
}

}  // namespace

cluster_identity demo_cluster(std::size_t number) {
    constexpr const char* projects[] = {"garden", "payments", "web",  "data",
                                        "ml",     "iot",      "shop", "auth"};
    constexpr const char* names[]    = {"prod", "canary", "staging", "dev", "edge"};
    std::mt19937_64       dice(number);
    const auto            bits = [&] { return static_cast<unsigned long long>(dice()); };
    char                  uid[40];
    const auto            a = bits(), b = bits();
    std::snprintf(
        uid, sizeof uid, "%08llx-%04llx-4%03llx-8%03llx-%012llx", a >> 32, a >> 16 & 0xFFFF,
        a & 0xFFF, b >> 52, b & 0xFFFF'FFFF'FFFF
    );
    const auto* project = projects[number % std::size(projects)];
    const auto  name =
        names[number / std::size(projects) % std::size(names)] + std::to_string(number);
    return {std::string("shoot--") + project + "--" + name + '-' + uid + "-demo"};
}

demo_fleet::demo_fleet(
    asio::any_io_executor loop, time_source& time, options opt, token_maker tokens
)
    : time_(time), opt_(std::move(opt)), tokens_(std::move(tokens)), loop_(loop), scope_(loop) {}

demo_fleet::~demo_fleet() {
    if (log_ >= 0) ::close(log_);
}

result<void> demo_fleet::start() {
    if (!opt_.acknowledged_log.empty()) {
        log_ =
            ::open(opt_.acknowledged_log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (log_ < 0)
            return failure{errc::unavailable, opt_.acknowledged_log + ": " + std::strerror(errno)};
    }
    net::http_client::options how;
    how.spare   = most_spare;
    auto client = net::make_http_client(loop_, time_, std::move(how));
    if (!client) return std::move(client).error();
    client_ = std::move(*client);
    return {};
}

void demo_fleet::join(const cluster_identity& who) {
    if (!joined_.insert(who.text).second) return;
    std::random_device source;
    scope_.spawn("cluster", take_part(who, source()));
}

task<void> demo_fleet::take_part(cluster_identity who, std::uint64_t seed) {
    co_await run(who, seed);
    joined_.erase(who.text);
}

task<void> demo_fleet::stop() {
    co_await scope_.stop();
}

task<void> demo_fleet::run(const cluster_identity& who, std::uint64_t seed) {
    event_generator                       events(who, seed);
    std::mt19937_64                       dice(seed);
    std::exponential_distribution<double> pause(opt_.events_per_second);
    const auto                            clock = time_.make_bell();
    const auto                            equip = [&] {
        if (opt_.heartbeat_key) events.beat_with(opt_.heartbeat_key(who));
        return tokens_(who);
    };
    auto token = equip();
    auto due   = time_.now() + opt_.renew;
    while (!token.empty()) {
        const std::chrono::duration<double> wait{std::min(pause(dice), 60.0)};
        co_await clock->wait_until(
            time_.now() + std::chrono::duration_cast<steady_time::duration>(wait)
        );
        const bool known = co_await post(token, events.next(time_.utc()));
        if (known && time_.now() < due) continue;
        token = equip();
        due   = time_.now() + opt_.renew;
    }
}

/// False: the token is not accepted.
task<bool> demo_fleet::post(const std::string& token, std::string body) {
    net::http_request request{.method = "POST", .target = path};
    request.headers.add("Content-Type", "application/json; charset=utf-8");
    request.headers.add("User-Agent", "Falcosidekick");
    request.headers.add("Authorization", "Bearer " + token);
    request.headers.add("Idempotency-Key", uuid_in(body));
    request.body      = body;
    const auto begun  = time_.now();
    auto       answer = co_await client_->send(opt_.to, std::move(request));
    if (!answer) {
        ++seen_.failed;
        co_return true;
    }
    const std::chrono::duration<float, std::milli> took = time_.now() - begun;
    latest_[answers_++ % latest_.size()]                = took.count();
    if (answer->status / 100 == 2) {
        ++seen_.acknowledged;
        note(body);
    } else {
        ++seen_.refused;
    }
    co_return answer->status != 401;
}

void demo_fleet::note(const std::string& body) {
    if (log_ < 0) return;
    const auto line = std::string(uuid_in(body)) + '\n';
    static_cast<void>(::write(log_, line.data(), line.size()) < 0);
}

demo_fleet::figures demo_fleet::seen() const {
    auto       now   = seen_;
    const auto count = std::min(answers_, latest_.size());
    if (count == 0) return now;
    std::vector<float> sorted(
        latest_.begin(), latest_.begin() + static_cast<std::ptrdiff_t>(count)
    );
    std::sort(sorted.begin(), sorted.end());
    now.p50_ms = sorted[count / 2];
    now.p99_ms = sorted[count * 99 / 100];
    return now;
}

}  // namespace falconer::sandbox
