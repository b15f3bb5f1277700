// falconer db import-legacy: what the Go ingestor has stored, taken over.
#include "commands.hpp"

#include "decimal.hpp"
#include "falconer/event.hpp"
#include "ingest/event_json.hpp"
#include "store/pg_event_store.hpp"
#include "store_access.hpp"

#include <unistd.h>

#include <charconv>
#include <iostream>
#include <memory>

namespace falconer::cli {
namespace {

using namespace std::chrono_literals;

struct import_options {
    store_choice      where{};
    store::pg_options from{};
    std::string       table = "falco_events";
};

struct import_sum {
    std::uint64_t read = 0, stored = 0, duplicates = 0, quarantined = 0;
};

/// Rows as Falcosidekick would have posted them. The table has lost the shoot's uid; the event's
/// own cluster_id still has it, else a uid of zeros stands for it. The time of receipt was never
/// kept: the event's own stands for it where it is plausible, so that a second run finds the same
/// day. Source: the published schema of falco-event-db-schema, table falco_events.
std::string page_of(const std::string& table) {
    return R"(
SELECT id,
       coalesce(CASE WHEN jsonb_typeof(output_fields -> 'cluster_id') = 'string' THEN output_fields ->> 'cluster_id' END,
                'shoot--' || coalesce(project, '') || '--' || coalesce(cluster, '') ||
                '-00000000-0000-0000-0000-000000000000-' || coalesce(landscape, '')),
       json_strip_nulls(json_build_object(
           'uuid', uuid, 'priority', priority, 'rule', rule, 'source', source, 'hostname', hostname, 'output', message,
           'tags', CASE WHEN tags <> '' THEN string_to_array(tags, ',') END,
           'time', CASE WHEN time IS NOT NULL THEN to_char(time, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') END))::text,
       coalesce(output_fields::text, 'null'),
       CASE WHEN time BETWEEN '2000-01-01' AND now() AT TIME ZONE 'UTC'
            THEN extract(epoch FROM time AT TIME ZONE 'UTC') * 1000000
            ELSE extract(epoch FROM date_trunc('day', now(), 'UTC')) * 1000000 END::int8
FROM )" + table +
           " WHERE id > $1::int8 ORDER BY id LIMIT 1000";
}

/// An identifier, perhaps with its schema: nothing that could be anything else.
bool is_table(std::string_view name) {
    return !name.empty() &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."
           ) == std::string_view::npos;
}

std::int64_t number(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// output_fields keeps its bytes and its nulls: it is put in as text.
std::string body_of(std::string_view envelope, std::string_view fields) {
    std::string body(envelope.substr(0, envelope.rfind('}')));
    return body + (body.find(':') == std::string::npos ? "" : ",") +
           "\"output_fields\":" + std::string(fields) + '}';
}

ingest_record record_of(const store::pg_rows& rows, int row) {
    const auto from =
        std::make_shared<const cluster_identity>(cluster_identity{std::string(rows.at(row, 1))});
    const utc_time received = utc_time{std::chrono::microseconds{number(rows.at(row, 4))}};
    auto           body     = body_of(rows.at(row, 2), rows.at(row, 3));
    auto           verdict  = ingest::check_event(body, *from, received);
    if (verdict.what == ingest::event_verdict::kind::store) {
        verdict.event.from     = from;
        verdict.event.received = received;
        return std::move(verdict.event);
    }
    quarantined_body aside;
    aside.from     = from;
    aside.received = received;
    aside.about    = verdict.about.empty() ? "import" : verdict.about;
    aside.reason   = "imported: " + verdict.reason;
    aside.body     = std::move(body);
    return aside;
}

void count(import_sum& sum, const std::vector<stored_as>& how) {
    for (const auto each : how) {
        if (each == stored_as::committed) ++sum.stored;
        if (each == stored_as::duplicate) ++sum.duplicates;
        if (each == stored_as::quarantined) ++sum.quarantined;
    }
}

record_batch batch_of(std::vector<ingest_record> records) {
    record_batch batch;
    batch.id       = uuid::random();
    batch.records  = std::move(records);
    batch.replayed = true;
    return batch;
}

/// One at a time, after the store has refused them together; who is refused alone is set aside.
task<result<void>> keep_singly(
    store::pg_event_store& events, record_batch refused, import_sum& sum
) {
    for (auto& record : refused.records) {
        auto       alone = batch_of({record});
        auto       done  = co_await events.insert(alone);
        const bool event = std::holds_alternative<falco_event>(record);
        if (!done && event && !worth_retrying(done.error())) {
            const auto&      what = std::get<falco_event>(record);
            quarantined_body aside;
            aside.from     = what.from;
            aside.received = what.received;
            aside.about    = "store";
            aside.reason   = "imported: the store refuses it: " + done.error().detail;
            aside.body     = body_of(what);
            auto instead   = batch_of({std::move(aside)});
            done           = co_await events.insert(instead);
        }
        if (!done) co_return std::move(done).error();
        count(sum, *done);
    }
    co_return result<void>{};
}

task<result<void>> copy_all(
    asio::any_io_executor loop, time_source& time, store::pg_options to, store::pg_options from,
    std::string table, import_sum& sum
) {
    auto source = co_await store::pg_connection::open(loop, time, std::move(from));
    if (!source) co_return std::move(source).error().while_doing("the Go ingestor's database");
    store::pg_event_store::options how;
    how.postgres       = std::move(to);
    how.insert_limit   = 60s;
    how.oldest_receipt = std::chrono::days(36'500);
    store::pg_event_store events(loop, time, std::move(how));
    const bool            terminal = ::isatty(STDERR_FILENO) == 1;
    const auto            page     = page_of(table);
    for (std::int64_t after = 0;;) {
        store::pg_connection::params values{std::to_string(after)};
        auto                         rows = co_await (*source)->query(page, std::move(values), 60s);
        if (!rows) co_return std::move(rows).error().while_doing("reading " + table);
        if (rows->size() == 0) break;
        std::vector<ingest_record> records;
        for (int row = 0; row < rows->size(); ++row) records.push_back(record_of(*rows, row));
        after     = number(rows->at(rows->size() - 1, 0));
        sum.read += records.size();

        auto batch = batch_of(std::move(records));
        auto done  = co_await events.insert(batch);
        if (done) {
            count(sum, *done);
        } else {
            if (worth_retrying(done.error())) co_return std::move(done).error();
            auto singly = co_await keep_singly(events, std::move(batch), sum);
            if (!singly) co_return std::move(singly).error();
        }
        if (terminal)
            std::cerr << "\r\x1b[K" << sum.read << " rows, up to id " << after << std::flush;
    }
    if (terminal) std::cerr << '\n';
    co_return result<void>{};
}

int import_legacy(const import_options& opt) {
    if (!is_table(opt.table)) {
        std::cerr << "falconer db import-legacy: --from-table: '" << opt.table
                  << "' is no table's name\n";
        return wrong_usage;
    }
    const auto to = find_store(opt.where, store_user::writer);
    if (!to) return wrong_usage;
    auto from = opt.from;
    if (from.host.empty()) {
        from.host = to->host;
        from.port = to->port;
    }
    from.statement_timeout = 60s;
    import_sum sum;
    const int  code = run_to_end([&](asio::any_io_executor loop, time_source& time) {
        return copy_all(std::move(loop), time, *to, from, opt.table, sum);
    });
    std::cout << "read " << sum.read << ", stored " << sum.stored << ", there already "
              << sum.duplicates << ", quarantined " << sum.quarantined << '\n';
    if (code != success) std::cout << "not finished; run it again: nothing is stored twice\n";
    return code;
}

}  // namespace

void add_import_legacy_command(CLI::App& db, int& exit_code) {
    auto opt           = std::make_shared<import_options>();
    opt->from.host     = "";
    opt->from.database = "falco";
    opt->from.user     = "postgres";
    auto* sub =
        db.add_subcommand("import-legacy", "Copies the events that the Go ingestor has stored");
    sub->footer(
        "May be run again, also after an end half-way: nothing is stored twice. What is no event "
        "by today's rules is quarantined.\n\n"
        "Example:\n  falconer db import-legacy --from-host db.example --from-database falco "
        "--from-user gardener_1 \\\n"
        "    --from-password-file password --config falconer.yaml"
    );
    add_store_options(*sub, opt->where);
    sub->add_option(
        "--from-host", opt->from.host, "Where the Go ingestor's database is; default: where ours is"
    );
    sub->add_option("--from-port", opt->from.port, "Its port")
        ->transform(a_decimal)
        ->check(CLI::Range(1, 65'535))
        ->capture_default_str();
    sub->add_option("--from-database", opt->from.database, "Its name")->capture_default_str();
    sub->add_option("--from-user", opt->from.user, "Who may read it")->capture_default_str();
    sub->add_option("--from-password-file", opt->from.password_file, "File with the password");
    sub->add_option("--from-table", opt->table, "The table")->capture_default_str();
    sub->callback([opt, &exit_code] { exit_code = import_legacy(*opt); });
}

}  // namespace falconer::cli
