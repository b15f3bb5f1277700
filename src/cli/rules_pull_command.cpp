// falconer rules pull: the rules of a version, from a registry, a mirror or a folder.
#include "commands.hpp"

#include "falconer/steady_time_source.hpp"
#include "oci/rules_shelf.hpp"
#include "oci/rules_source.hpp"
#include "printable.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace falconer::cli {
namespace {

struct pull_options {
    std::string               version{}, to{};
    oci::rules_source_options source{};
    std::string               credentials{}, ca{};
    std::vector<std::string>  digests{}, artifacts{};
};

using outcome = std::optional<result<oci::shelved_rules>>;

task<void> pull_into(
    oci::rules_source& from, oci::rules_shelf shelf, oci::rules_wish wish, outcome& into
) {
    auto work = oci::pull_to_shelf(from, std::move(shelf), std::move(wish));
    auto got  = co_await std::move(work);
    into.emplace(std::move(got));
}

int complain(const std::string& what, int code) {
    std::cerr << "falconer rules pull: " << printable(what, 2000) << '\n';
    return code;
}

int report(const oci::shelved_rules& got, const oci::rules_shelf& shelf) {
    const auto& record = got.rules.record;
    for (const auto& each : record.files) {
        std::cout << each.file << "  " << each.is.text() << "  " << each.from;
        if (each.manifest) std::cout << '@' << each.manifest->text();
        std::cout << '\n';
    }
    for (const auto& each : record.absent)
        std::cerr << "warning: there is no " << each << " of version " << record.version << '\n';
    if (got.unwritten) return complain(got.unwritten->detail, answer_is_no);
    std::cout << shelf.folder_of(record.version).string()
              << (got.fetched ? " is written\n" : " is there already, and verified\n");
    return success;
}

int pull(const pull_options& opt) {
    int             wrong = 0;
    oci::rules_wish wish;
    wish.version = opt.version;
    if (!opt.artifacts.empty()) wish.artifacts = opt.artifacts;
    for (const auto& each : opt.digests) {
        auto pin = oci::parse_pin(each);
        if (pin && !pin->version.empty() && pin->version != opt.version)
            pin = failure{errc::malformed, "'" + each + "' is of another version"};
        if (pin)
            wish.pins.push_back(std::move(*pin));
        else
            wrong = complain("--digest: " + pin.error().detail, wrong_usage);
    }
    if (const auto good = oci::check_wish(wish); !good)
        wrong = complain(good.error().detail, wrong_usage);

    asio::io_context   loop{1};
    steady_time_source time{loop.get_executor()};
    auto               how = opt.source;
    how.credentials_file   = opt.credentials;
    how.ca_file            = opt.ca;
    auto source            = oci::make_rules_source(loop.get_executor(), time, how);
    if (!source) wrong = complain(source.error().detail, wrong_usage);
    if (wrong != 0) return wrong;

    const oci::rules_shelf shelf(opt.to);
    outcome                got;
    asio::co_spawn(
        loop, pull_into(**source, shelf, std::move(wish), got),
        [](const std::exception_ptr& thrown) {
            if (thrown) std::rethrow_exception(thrown);
        }
    );
    loop.run();
    if (!*got) return complain(got->error().detail, answer_is_no);
    return report(**got, shelf);
}

}  // namespace

void add_rules_pull_command(CLI::App& rules, int& exit_code) {
    auto* const sub = rules.add_subcommand(
        "pull", "Fetches the rules of a version, verifies them and puts them into a folder"
    );
    const auto opt = std::make_shared<pull_options>();
    sub->add_option("--version", opt->version, "Of the rules, such as 5.0.0")
        ->required()
        ->type_name("V");
    sub->add_option("--to", opt->to, "They go into DIR/V, whole or not at all")
        ->required()
        ->type_name("DIR");
    sub->add_option(
           "--from", opt->source.from,
           "A registry, a mirror of it, or a folder: an OCI image layout, or what this command "
           "wrote"
    )
        ->type_name("URL|DIR")
        ->capture_default_str();
    sub->add_option(
           "--digest", opt->digests,
           "What an artifact's manifest must be: falco-rules=sha256:…; may be given several times"
    )
        ->type_name("NAME=DIGEST");
    sub->add_option(
           "--artifact", opt->artifacts, "Only these; default: stable, incubating, sandbox"
    )
        ->type_name("NAME");
    sub->add_option("--credentials", opt->credentials, "A docker config.json; without it: nobody's")
        ->type_name("FILE");
    sub->add_option("--ca-file", opt->ca, "Whom to trust instead of the system's authorities")
        ->type_name("FILE");
    sub->add_flag(
        "--plain-http", opt->source.plain_http, "Without TLS, to other machines than this one, too"
    );
    sub->footer(
        "What was pulled, and its digests, stand in DIR/V/sources.json. A second pull verifies "
        "the\n"
        "files against it and fetches nothing; a tag that has moved since is not believed. When a\n"
        "pull fails (exit code 1), DIR is as it was.\n\n"
        "Example:\n"
        "  falconer rules pull --version 5.0.0 --to /etc/falconer/rules \\\n"
        "      --from https://registry.example.com/falcosecurity/rules"
    );
    sub->callback([opt, &exit_code] { exit_code = pull(*opt); });
}

}  // namespace falconer::cli
