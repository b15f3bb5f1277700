// push_load: posts Falco events to a receiver on this machine and reports what came back.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>

#include "sender.hpp"

namespace {

volatile int stop = 0;  // 1: begin nothing new; 2: do not wait for answers either

void on_signal(int) {
    stop = stop + 1;
}

/// Every connection needs a descriptor. Returns how many there may be.
rlim_t raise_descriptor_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

template <typename Map>
void print_counts(const char* name, const Map& counts) {
    std::printf(",\"%s\":{", name);
    const char* comma = "";
    for (const auto& [key, count] : counts) {
        if constexpr (std::is_same_v<std::decay_t<decltype(key)>, int>) {
            std::printf("%s\"%d\":%llu", comma, key, static_cast<unsigned long long>(count));
        } else {
            std::printf(
                "%s\"%s\":%llu", comma, key.c_str(), static_cast<unsigned long long>(count)
            );
        }
        comma = ",";
    }
    std::printf("}");
}

void print(const falconer::load::load_report& report, const falconer::load::request_book& book) {
    const auto number = [](const char* name, std::uint64_t value) {
        std::printf(",\"%s\":%llu", name, static_cast<unsigned long long>(value));
    };
    const auto ms = [&](const char* name, double share) {
        std::printf(
            ",\"%s_ms\":%.3f", name, static_cast<double>(report.latency.quantile(share)) / 1000
        );
    };
    std::printf(
        "{\"per_second\":%.1f,\"seconds\":%.3f",
        report.measured_seconds > 0 ? static_cast<double>(report.measured) / report.measured_seconds
                                    : 0.0,
        report.measured_seconds
    );
    number("measured", report.measured);
    ms("p50", 0.5);
    ms("p90", 0.9);
    ms("p99", 0.99);
    ms("p999", 0.999);
    std::printf(",\"max_ms\":%.3f", static_cast<double>(report.latency.max()) / 1000);
    number("sent", report.sent);
    number("offered", report.offered);
    number("answered", report.answered);
    number("duplicates", report.duplicates);
    number("replayed", report.replayed);
    number("unanswered", report.unanswered);
    number("in_flight", report.in_flight);
    number("not_sent", report.not_sent);
    number("connects", report.connects);
    number("idle_open", report.idle_open);
    number("clusters", book.clusters());
    number("body_bytes", book.mean_body_bytes());
    std::printf(
        ",\"cpu_us_per_request\":%.2f",
        report.sent > 0 ? report.cpu_seconds * 1e6 / static_cast<double>(report.sent) : 0.0
    );
    print_counts("status", report.status);
    print_counts("errors", report.errors);
    std::printf("}\n");
}

}  // namespace

int main(int argc, char** argv) {
    namespace load = falconer::load;
    load::load_options options;
    std::string        url, tokens, samples, ca;
    double             seconds = 5, warm_up = 0, drain = 10, answer_limit = 60, duplicates = 0;

    CLI::App app{
        "Posts Falco events to a receiver on this machine; prints one line of JSON.\n"
        "Example: push_load --url http://127.0.0.1:3200/ingestor/api/v1/push --tokens tokens.txt\n"
        "         --events load-tests/events.ndjson --connections 64 --seconds 10",
        "push_load"
    };
    app.add_option("--url", url, "http(s)://ADDRESS:PORT/PATH; loopback only")->required();
    app.add_option(
           "--tokens", tokens, "file of tokens, one a line; each sends for the cluster it names"
    )
        ->required();
    app.add_option("--events", samples, "file of sample events, one a line")->required();
    app.add_option(
        "--connections", options.connections, "senders, each with one request in flight"
    );
    app.add_option(
        "--idle", options.idle_connections, "further senders that post once and stay open"
    );
    app.add_option(
        "--rate", options.rate,
        "requests per second, offered whatever the answers do; latency counts from when a "
        "request was due. 0: each sender posts again when it is answered"
    );
    app.add_option("--seconds", seconds, "how long to measure");
    app.add_option("--warm-up", warm_up, "seconds before that");
    app.add_option("--requests", options.requests, "end after so many new events");
    app.add_option(
           "--duplicates", duplicates, "percentage of sendings that repeat an acknowledged event"
    )
        ->check(CLI::Range(0, 90));
    app.add_flag("--retry", options.retry, "offer again what was not answered, or with 429 or 5xx");
    app.add_option("--answer-limit", answer_limit, "seconds after which an answer is given up");
    app.add_option("--drain", drain, "seconds to wait for the last answers");
    app.add_option(
        "--acknowledged", options.acknowledged, "write the uuids answered 2xx here, 16 bytes each"
    );
    app.add_option(
        "--offered", options.offered, "write the uuids of all new events here, 16 bytes each"
    );
    app.add_option(
        "--ca", ca,
        "the certificate authority that the receiver must be of; without it, none is asked"
    );
    CLI11_PARSE(app, argc, argv);

    try {
        options.length        = std::chrono::duration<double>(seconds);
        options.warm_up       = std::chrono::duration<double>(warm_up);
        options.drain         = std::chrono::duration<double>(drain);
        options.answer_limit  = std::chrono::duration<double>(answer_limit);
        options.duplicates    = duplicates / 100;
        const load::target to = load::parse_target(url);
        if (raise_descriptor_limit() < options.connections + options.idle_connections + 16) {
            throw std::runtime_error(
                "the limit of open files (ulimit -Hn) is too low for so many senders"
            );
        }
        load::request_book book(
            tokens, samples, url.substr(url.find("//") + 2, url.find('/', 8) - url.find("//") - 2),
            to.path
        );
        const load::tls_settings tls(ca);
        struct sigaction         action{};
        action.sa_handler = on_signal;
        sigaction(SIGINT, &action, nullptr);
        sigaction(SIGTERM, &action, nullptr);
        load::sender sender(options, to, to.tls ? &tls : nullptr, book);
        print(sender.run(stop), book);
    } catch (const std::exception& wrong) {
        std::cerr << "push_load: " << wrong.what() << "\n";
        return 2;
    }
    return 0;
}
