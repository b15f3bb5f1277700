// falconer event check: what the ingestor would do with a body, without a server.
#include "commands.hpp"

#include "ingest/event_json.hpp"
#include "now_option.hpp"

#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace falconer::cli {
namespace {

struct check_options {
    std::string cluster{};
    bool        cluster_given = false;
    bool        ndjson        = false;
    std::string now{};
};

constexpr std::string_view too_large = "the body has more than 1048576 bytes";

/// Our reasons are printable ASCII: there is little to escape.
std::string json_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out += '"';
}

std::string json_flags(const falco_event& event) {
    constexpr std::pair<event_flag, std::string_view> names[] = {
        {event_flag::past, "past"},
        {event_flag::future, "future"},
        {event_flag::uuid_minted, "uuid_minted"},
        {event_flag::test, "test"},
        {event_flag::replaced_characters, "replaced_characters"},
    };
    std::string out = "[";
    for (const auto& [flag, name] : names) {
        if (!event.has(flag)) continue;
        if (out.size() > 1) out += ',';
        out += json_string(name);
    }
    return out += ']';
}

void print(std::string_view verdict, std::string_view reason, std::string_view flags) {
    std::cout << "{\"class\":" << json_string(verdict) << ",\"reason\":" << json_string(reason)
              << ",\"flags\":" << flags << "}\n";
}

class checker {
public:
    checker(const check_options& options, std::optional<utc_time> now) : now_(now) {
        if (options.cluster_given) cluster_.emplace(cluster_identity{options.cluster});
    }

    void check(std::string_view body) const {
        if (body.size() > ingest::max_body_bytes) return print("reject413", too_large, "[]");
        // The one clock of a program that ends at once; tests hand in --now.
        const auto now     = now_.value_or(std::chrono::system_clock::now());
        const auto verdict = cluster_ ? ingest::check_event(body, *cluster_, now)
                                      : ingest::check_event_of_any_cluster(body, now);
        print(ingest::name_of(verdict.what), verdict.reason, json_flags(verdict.event));
    }

private:
    std::optional<utc_time>         now_;
    std::optional<cluster_identity> cluster_;
};

/// Standard input in portions. What is kept of one body never exceeds the limit by more than a
/// byte.
class body_reader {
public:
    /// The next body: up to the end of the line, its newline included, or of the input.
    /// Nothing: the input is over.
    std::optional<std::string_view> next(bool by_line) {
        body_.clear();
        bool any = false;
        for (;;) {
            if (at_ == size_ && !refill())
                return any ? std::optional<std::string_view>(body_) : std::nullopt;
            any = true;
            const std::string_view waiting(portion_.get() + at_, size_ - at_);
            const auto             newline = by_line ? waiting.find('\n') : std::string_view::npos;
            const auto take = newline == std::string_view::npos ? waiting.size() : newline + 1;
            const auto room = ingest::max_body_bytes + 1 - body_.size();
            body_.append(waiting.substr(0, std::min(take, room)));
            at_ += take;
            if (newline != std::string_view::npos) return body_;
        }
    }
    bool failed() const { return std::ferror(stdin) != 0; }

private:
    static constexpr std::size_t portion_bytes = 64 * 1024;

    bool refill() {
        at_   = 0;
        size_ = std::fread(portion_.get(), 1, portion_bytes, stdin);
        return size_ != 0;
    }

    std::unique_ptr<char[]> portion_ = std::make_unique<char[]>(portion_bytes);
    std::size_t             at_ = 0, size_ = 0;
    std::string             body_{};
};

bool is_blank(std::string_view line) {
    return line.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

int check_all(const check_options& options) {
    std::optional<utc_time> now;
    if (!options.now.empty()) {
        const auto given = read_now(options.now);
        if (!given) {
            std::cerr << given.error().detail << '\n';
            return wrong_usage;
        }
        now = *given;
    }

    const checker check(options, now);
    body_reader   in;
    if (options.ndjson) {
        while (const auto line = in.next(true))
            if (!is_blank(*line)) check.check(*line);
    } else {
        check.check(in.next(false).value_or(std::string_view{}));
    }
    std::cout.flush();
    if (in.failed()) {
        std::cerr << "standard input could not be read to its end\n";
        return answer_is_no;
    }
    return std::cout ? success : answer_is_no;
}

}  // namespace

void add_event_command(CLI::App& root, int& exit_code) {
    auto* const event = root.add_subcommand("event", "Events as clusters send them");
    event->require_subcommand(1);
    add_event_raw_command(*event, exit_code);

    auto* const check = event->add_subcommand(
        "check", "Says what the ingestor would do with events: one JSON verdict per line"
    );
    const auto  options = std::make_shared<check_options>();
    auto* const cluster = check
                              ->add_option(
                                  "--cluster", options->cluster,
                                  "The cluster that the token speaks for; without it, any"
                              )
                              ->type_name("ID");
    check->add_flag(
        "--ndjson", options->ndjson, "One event per line; without it all of the input is one"
    );
    check->add_option("--now", options->now, "The time of receipt; without it, now")
        ->type_name("RFC3339");
    check->footer(
        "Reads standard input. Classes: store, quarantine, reject400, reject413. Exit code 0 when "
        "every\n"
        "event got its verdict, whichever.\n\n"
        "Example:\n"
        "  falconer event check --ndjson < events.ndjson\n"
        "  {\"class\":\"store\",\"reason\":\"\",\"flags\":[\"test\"]}"
    );
    check->callback([options, cluster, &exit_code] {
        options->cluster_given = cluster->count() != 0;
        exit_code              = check_all(*options);
    });
}

}  // namespace falconer::cli
