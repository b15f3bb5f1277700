#include "ingestor_line.hpp"

#include "falconer/async.hpp"

#include <algorithm>
#include <utility>

namespace falconer::carrier {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds shortest_breath = 200ms;

std::string name_of(const net::http_place& where) {
    const bool six = where.host.find(':') != std::string::npos;
    return (where.tls ? "https://" : "http://") + (six ? '[' + where.host + ']' : where.host) +
           ':' + std::to_string(where.port);
}

}  // namespace

ingestor_line::ingestor_line(
    time_source& time, net::http_client& client, net::http_place where, line_owner& owner,
    metrics_registry& metrics, options opt
)
    : time_(time), client_(client), where_(std::move(where)), owner_(owner), opt_(opt),
      name_(name_of(where_)), news_(time.make_bell()), batch_(opt.batch),
      failures_(metrics.make_counter(
          "falconer_peer_requests_failed_total",
          "Requests to ingestors that led to no answer, or to a refusal."
      )),
      requests_(metrics.make_counter("falconer_peer_requests_total", "Requests to ingestors.")) {}

const ingestor_line::ingestor* ingestor_line::last_heard() const noexcept {
    const auto at =
        std::ranges::max_element(known_, {}, [](const auto& each) { return each.second.at; });
    return at == known_.end() ? nullptr : &at->second;
}

std::uint64_t ingestor_line::told_up_to() const noexcept {
    const auto* last = last_heard();
    if (last == nullptr) return 0;
    auto least = last->told;
    for (const auto& [by, is] : known_)
        if (time_.now() - is.at < opt_.missed) least = std::min(least, is.told);
    return least;
}

/// Goes up whenever any of them has been told something.
std::uint64_t ingestor_line::told_in_all() const noexcept {
    std::uint64_t sum = 0;
    for (const auto& [by, is] : known_) sum += is.told;
    return sum;
}

/// Who has answered last is likely to answer next: it hears first what it does not know. Then the
/// others, who may have ended.
tell_request ingestor_line::next_facts() const {
    const auto* last = last_heard();
    if (last != nullptr) {
        auto facts = owner_.facts(last->told, batch_);
        if (facts.upto > last->told) return facts;
    }
    return owner_.facts(told_up_to(), batch_);
}

std::chrono::milliseconds ingestor_line::next_pause(std::chrono::milliseconds& pause) const {
    const auto now =
        std::chrono::duration_cast<std::chrono::milliseconds>(pause * (0.5 + owner_.chance()));
    pause = std::min(pause * 2, opt_.longest_pause);
    return now;
}

// --- one request --------------------------------------------------------------------------------

task<result<peer_answer>> ingestor_line::ask(std::string_view path, std::string body) {
    requests_.add();
    auto token = owner_.token();
    if (!token) co_return std::move(token).error().while_doing("signing a token");
    net::http_request request{
        .method = "POST", .target = std::string(path), .body = std::move(body)
    };
    request.headers.add("Content-Type", "application/json");
    request.headers.add("Authorization", "Bearer " + *token);
    auto reply = co_await client_.send(where_, std::move(request));
    if (!reply) co_return std::move(reply).error();
    co_return read_reply(*reply);
}

result<peer_answer> ingestor_line::read_reply(const net::http_response& reply) {
    if (reply.status == 200) {
        auto answer = read_answer(reply.body);
        if (!answer) return std::move(answer).error().while_doing("reading its answer");
        note(*answer);
        return answer;
    }
    const auto why = read_refusal(reply.body);
    if (reply.status == 409 && why.newest > 0) owner_.begin_later(why.newest);
    const auto code = reply.status == 413                          ? errc::too_large
                      : reply.status == 401 || reply.status == 403 ? errc::denied
                      : reply.status == 404                        ? errc::not_found
                                                                   : errc::unavailable;
    const auto hint =
        reply.status == 404 ? "; an ingestor of an older release, or none at all" : "";
    return failure{code, "it says " + std::to_string(reply.status) + ": " + why.why + hint};
}

/// Who has answered, and how much it knows: less than before, where it has not been told itself.
void ingestor_line::note(const peer_answer& answer) {
    const bool news = !known_.contains(answer.by);
    if (news && known_.size() >= most_cursors) {
        const auto oldest =
            std::ranges::min_element(known_, {}, [](const auto& each) { return each.second.at; });
        owner_.gone(oldest->first);
        known_.erase(oldest);
    }
    auto& is = known_[answer.by];
    if (news || answer.applied < is.told) news_->ring();
    is.told = answer.applied;
    is.at   = time_.now();
    if (trouble_) log_of("carrier").info("an ingestor answers address={}", name_);
    trouble_.reset();
}

void ingestor_line::forget_gone() {
    std::erase_if(known_, [&](const auto& each) {
        const bool gone = time_.now() - each.second.at > opt_.gone;
        if (gone) owner_.gone(each.first);
        return gone;
    });
}

void ingestor_line::failed(const failure& why) {
    failures_.add();
    trouble_ = why.detail;
    if (const auto held = gate_.open(time_.now()))
        log_of("carrier").warn(
            "an ingestor does not answer as it should address={} why=\"{}\" suppressed={}", name_,
            why.detail, *held
        );
}

// --- the two conversations ----------------------------------------------------------------------

task<void> ingestor_line::tell() {
    const auto clock  = time_.make_bell();
    auto       pause  = opt_.pause;
    auto       breath = shortest_breath;
    for (;;) {
        auto facts = next_facts();
        if (facts.upto == facts.after) {
            co_await news_->wait_until(never);
            continue;
        }
        const auto before = told_in_all();
        facts.from        = owner_.whose();
        facts.from.number = ++tells_;
        auto body         = text_of(facts);
        auto answer       = co_await ask(tell_path, std::move(body));
        if (!answer) {
            // Its limit is another one than ours.
            if (answer.error().code == errc::too_large)
                batch_ = std::max<std::size_t>(batch_ / 2, 1);
            failed(answer.error());
            co_await clock->wait_until(time_.now() + next_pause(pause));
            continue;
        }
        pause = opt_.pause;
        owner_.refused(*answer);
        // Without progress somebody else has answered than was meant: less and less often.
        if (told_in_all() > before) {
            breath = shortest_breath;
            continue;
        }
        co_await news_->wait_until(time_.now() + breath);
        breath = std::min(breath * 2, opt_.longest_pause);
    }
}

task<void> ingestor_line::hear() {
    const auto clock = time_.make_bell();
    auto       pause = opt_.pause;
    for (;;) {
        forget_gone();
        hear_request asked{.from = owner_.whose(), .wait = opt_.wait};
        asked.from.number = ++hears_;
        for (const auto& [by, is] : known_)
            if (is.whole || is.heard > 0) asked.cursors.emplace(by, is.heard);
        auto body   = text_of(asked);
        auto answer = co_await ask(hear_path, std::move(body));
        if (!answer) {
            failed(answer.error());
            co_await clock->wait_until(time_.now() + next_pause(pause));
            continue;
        }
        pause    = opt_.pause;
        auto& is = known_[answer->by];
        is.heard = answer->upto;
        is.whole = is.whole || !answer->more;
        owner_.heard(*answer);
    }
}

}  // namespace falconer::carrier
