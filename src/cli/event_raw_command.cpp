// falconer event raw: an event as it came, byte for byte.
#include "commands.hpp"

#include "falconer/event.hpp"
#include "printable.hpp"
#include "store/raw.hpp"
#include "store_access.hpp"

#include <iostream>
#include <memory>
#include <set>
#include <string>

namespace falconer::cli {
namespace {

struct raw_options {
    store_choice where{};
    std::string  id{};
    std::string  cluster{};
};

const CLI::Validator a_uuid(
    [](std::string& text) {
        return uuid::parse(text) ? std::string()
                                 : "expected an event's uuid, found '" + printable(text, 100) + "'";
    },
    "UUID"
);

/// The one that is meant. Errors: one sentence.
result<store::raw_event> choose(std::vector<store::raw_event> found, const raw_options& opt) {
    if (found.empty())
        return failure{
            errc::not_found, "there is no event " + opt.id +
                                 (opt.cluster.empty() ? "" : " of " + printable(opt.cluster, 200))
        };
    std::set<std::string> clusters;
    for (const auto& each : found) clusters.insert(each.cluster);
    if (clusters.size() > 1) {
        std::string why = "several clusters have an event " + opt.id + ", name one with --cluster:";
        for (const auto& each : clusters) why += "\n  " + printable(each, 200);
        return failure{errc::conflict, std::move(why)};
    }
    for (auto& each : found)  // on several days: the latest that has its bytes
        if (each.body) return std::move(each);
    if (found.front().replaced)
        return failure{
            errc::not_found, "characters of event " + opt.id +
                                 " were replaced, and its bytes were not kept: its "
                                 "cluster had spent what is kept "
                                 "for it in a day"
        };
    return failure{
        errc::not_found, "event " + opt.id +
                             " is stored as it came; its bytes are kept only where characters had "
                             "to be replaced"
    };
}

task<result<void>> print_raw(store::pg_connection& db, std::shared_ptr<raw_options> opt) {
    auto found = co_await store::read_raw(db, *uuid::parse(opt->id), opt->cluster);
    if (!found) co_return std::move(found).error();
    auto one = choose(std::move(*found), *opt);
    if (!one) co_return std::move(one).error();
    std::cout << *one->body << std::flush;
    co_return result<void>{};
}

}  // namespace

void add_event_raw_command(CLI::App& event, int& exit_code) {
    const auto opt = std::make_shared<raw_options>();
    auto*      raw = event.add_subcommand(
        "raw",
        "Prints the body of a stored event in which "
             "characters had to be replaced, as it came"
    );
    raw->footer(
        "Nothing but the sender's bytes is printed: mind what they may "
        "do to a terminal.\n\n"
        "Example:\n"
        "  falconer event raw 2f1c7a9e-8b1d-4c6e-9a57-2d4e6f8091a3 "
        "--data ./falconer-data > body"
    );
    raw->add_option("id", opt->id, "The event's uuid")->required()->check(a_uuid);
    raw->add_option("--cluster", opt->cluster, "Whose, where several clusters have that uuid")
        ->type_name("ID");
    add_store_options(*raw, opt->where);
    raw->callback([opt, &exit_code] {
        exit_code = with_store(opt->where, store_user::reader, [opt](auto& db, auto&) {
            return print_raw(db, opt);
        });
    });
}

}  // namespace falconer::cli
