// A console over a store that says what the test tells it to.
#pragma once

#include "console/handler.hpp"
#include "support/actor_fixture.hpp"

#include "falconer/value.hpp"

#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <optional>
#include <string>
#include <vector>

namespace falconer::console::test {

inline found_event event(std::string rule, utc_time received, std::string project = "a") {
    found_event e;
    e.at            = {received, uuid::random(), "0123456789abcdef"};
    e.time          = event_time_of(received);
    e.rule          = std::move(rule);
    e.cluster       = {"shoot--" + project, "live", project, "web"};
    e.output_fields = R"({"proc.name": "cat", "evt.time": 1794788426779200001, "nothing": null})";
    e.store         = "main";
    return e;
}

/// Keeps what it was asked; tells what it was given.
class told_store final : public event_queries {
public:
    std::vector<found_event>        events{};  // the newest first
    std::vector<news>               coming{};  // of follow(), one after the other
    std::optional<failure>          fails{};
    std::vector<page_search>        asked{};
    std::optional<facet_search>     facets_asked{};
    std::optional<histogram_search> histogram_asked{};
    std::vector<aside_body>         bodies{};

    bool                      holds   = false;  // page() answers when it does not any more
    std::size_t               reading = 0, most_reading = 0;
    task<result<event_slice>> page(page_search what) override {
        asked.push_back(what);
        most_reading    = std::max(most_reading, ++reading);
        const auto here = co_await asio::this_coro::executor;
        while (holds) co_await asio::post(here, asio::use_awaitable);
        --reading;
        if (fails) co_return *fails;
        event_slice got{.end = true};
        for (const auto& each : events) {
            if (what.before && !(each.at < *what.before)) continue;
            if (!seen_by(what.search.who, each)) continue;
            if (got.events.size() == what.limit) {
                got.end     = false;
                got.reached = got.events.back().at.received;
                break;
            }
            got.events.push_back(each);
        }
        co_return got;
    }
    task<result<std::vector<found_event>>> find(
        uuid id, std::optional<event_position> at, readable_clusters who
    ) override {
        std::vector<found_event> all;
        for (const auto& each : events)
            if (each.at.id == id && (!at || *at == each.at) && seen_by(who, each))
                all.push_back(each);
        co_return all;
    }
    task<result<std::optional<std::string>>> raw(event_position) override {
        co_return std::optional<std::string>("{\"exact\": \"\\u0000\"}");
    }
    task<result<std::vector<facet>>> facets(facet_search what) override {
        facets_asked = what;
        std::vector<facet> all;
        for (const auto& each : what.fields) all.push_back({.field = each, .values = {{"v", 3}}});
        co_return all;
    }
    task<result<time_histogram>> histogram(histogram_search what) override {
        histogram_asked = what;
        time_histogram it;
        it.buckets[0].by_priority[4] = 2;
        co_return it;
    }
    task<result<std::vector<std::string>>> field_names(readable_clusters) override {
        co_return std::vector<std::string>{"proc.name"};
    }
    task<result<utc_time>>                   oldest() override { co_return utc_time{}; }
    task<result<std::vector<cluster_state>>> clusters(cluster_search) override {
        co_return std::vector<cluster_state>{{.name = {"c", {}, {}, {}}}};
    }
    task<result<std::vector<aside_body>>> aside(aside_search) override { co_return bodies; }
    task<result<aside_body>>              aside_one(std::int64_t id, readable_clusters) override {
        for (const auto& each : bodies)
            if (each.id == id) co_return each;
        co_return failure{errc::not_found, "no such body"};
    }
    std::size_t               followed = 0;
    bool                      waits    = false;  // position() answers a turn of the loop later
    task<result<std::string>> position() override {
        if (waits) {
            const auto here = co_await asio::this_coro::executor;
            co_await asio::post(here, asio::use_awaitable);
        }
        co_return "0.0";
    }
    task<result<news>> follow(std::string position, std::optional<std::string> until) override {
        ++followed;
        if (position == "gone") co_return failure{errc::expired, "too long ago"};
        if (until && position != "5.0") co_return news{.position = *until};
        if (coming.empty()) co_return news{.position = position};
        auto next = std::move(coming.front());
        coming.erase(coming.begin());
        co_return next;
    }

private:
    static bool seen_by(const readable_clusters& who, const found_event& what) {
        return who.everything ||
               (!who.projects.empty() && who.projects.front() == what.cluster.project);
    }
};

class told_replay final : public body_replay {
public:
    outcome               is{};
    task<result<outcome>> replay(aside_body) override { co_return is; }
};

class console_fixture : public falconer::test::actor_fixture {
protected:
    told_store             store;
    told_replay            replay;
    handler::options       opt = options();
    std::optional<handler> console;

    static handler::options options() {
        handler::options it;
        it.sign_in.users = {
            {.name       = "operator",
             .title      = "sees all",
             .password   = secret("pass"),
             .sees       = {.everything = true},
             .may_replay = true},
            {.name     = "member",
             .title    = "sees a",
             .password = secret("word"),
             .sees     = {.projects = {"a"}}}
        };
        it.hosts = {"localhost"};
        return it;
    }
    void SetUp() override { make(); }
    void make() { console.emplace(loop.get_executor(), time, store, replay, opt); }

    net::http_response ask(net::http_request what) {
        if (!what.headers.find("Host")) what.headers.add("Host", "localhost:8443");
        auto got = start(console->handle(std::move(what)));
        time.settle();
        if (!*got) throw std::runtime_error("no answer");
        return std::move(**got);
    }
    net::http_request request(std::string target, std::string method = "GET", std::string body = "")
        const {
        net::http_request it;
        it.method = std::move(method);
        it.target = std::move(target);
        it.body   = std::move(body);
        if (it.method != "GET") it.headers.add("X-Requested-With", "falconer");
        if (!cookie_.empty()) it.headers.add("Cookie", "other=1; falconer-session=" + cookie_);
        return it;
    }
    net::http_response get(std::string target) { return ask(request(std::move(target))); }
    value              json(std::string target) { return of(get(std::move(target))); }
    static value       of(const net::http_response& answer) {
        auto read = parse_json(answer.body);
        if (!read) throw std::runtime_error(answer.body);
        return std::move(*read);
    }
    net::http_response sign_in(
        const std::string& user = "operator", const std::string& password = "pass"
    ) {
        auto answer = ask(request(
            "/api/v1/session", "POST",
            R"({"user": ")" + user + R"(", "password": ")" + password + "\"}"
        ));
        if (const auto set = answer.headers.find("Set-Cookie"))
            cookie_ = set->substr(set->find('=') + 1, set->find(';') - set->find('=') - 1);
        return answer;
    }

    std::string cookie_{};
};

}  // namespace falconer::console::test
