#include "app/configuration.hpp"
#include "app/up.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

namespace falconer::app {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto example = "config/examples/falconer.yaml";
constexpr auto header =
    "apiVersion: falco.extensions.config.gardener.cloud/v1alpha1\nkind: Configuration\n";

const std::set<std::string> ingestor{"ingestor"};

std::string contents(const std::string& path) {
    std::ifstream      in(path);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}
configuration_reading read(const std::string& text) {
    return read_configuration("f.yaml", header + text, {});
}

TEST(ConfigurationTest, TheExampleIsReadWithoutAProblem) {
    EXPECT_THAT(read_configuration_file(example, ingestor).problems, IsEmpty());
}

/// An option that nobody finds is not there.
TEST(ConfigurationTest, TheExampleNamesEveryOption) {
    // Options without a default are commented out: "  # passwordFile: …".
    auto all = std::regex_replace(
        contents(example), std::regex(R"((^|\n)( *)# ([A-Za-z]+:( |\n)))"), "$1$2$3"
    );
    // One of the two, as is said beside them: the other is left out, and its name stays.
    const auto command = all.find("    command: aws s3 cp");
    ASSERT_NE(command, std::string::npos);
    all.insert(command, "#");
    const auto got = read_configuration("all", all, ingestor);
    EXPECT_THAT(got.problems, IsEmpty());
    const std::set<std::string> elsewhere{"falco", "alerts", "controller"};
    for (const auto& key : got.keys) {
        if (elsewhere.contains(key)) continue;
        const auto name = key.substr(key.rfind('.') + 1);
        EXPECT_TRUE(std::regex_search(all, std::regex("(^|\\n)#? *" + name + ":")))
            << key << " is not in " << example;
    }
}

/// What the example says is the default is the default.
TEST(ConfigurationTest, TheExampleShowsTheDefaults) {
    const auto shown    = read_configuration_file(example, {}).value;
    const auto defaults = read("").value;
    EXPECT_EQ(shown.store.postgres.host, defaults.store.postgres.host);
    EXPECT_EQ(shown.store.postgres.connect_limit, defaults.store.postgres.connect_limit);
    EXPECT_EQ(shown.store.keep, defaults.store.keep);
    EXPECT_EQ(shown.store.archive.command_timeout, defaults.store.archive.command_timeout);
    EXPECT_EQ(shown.ingestor.listen, defaults.ingestor.listen);
    EXPECT_EQ(
        shown.ingestor.clusters.cluster.events_per_day,
        defaults.ingestor.clusters.cluster.events_per_day
    );
    EXPECT_EQ(
        shown.ingestor.clusters.cluster.samples_per_day,
        defaults.ingestor.clusters.cluster.samples_per_day
    );
    EXPECT_EQ(
        shown.ingestor.clusters.cluster.requests_per_second,
        defaults.ingestor.clusters.cluster.requests_per_second
    );
    EXPECT_EQ(
        shown.ingestor.clusters.cluster.quarantined_per_day,
        defaults.ingestor.clusters.cluster.quarantined_per_day
    );
    EXPECT_EQ(
        shown.ingestor.clusters.cluster.quarantined_bytes_per_day,
        defaults.ingestor.clusters.cluster.quarantined_bytes_per_day
    );
    EXPECT_EQ(shown.ingestor.clusters.idle, defaults.ingestor.clusters.idle);
    EXPECT_EQ(shown.ingestor.push.hold, defaults.ingestor.push.hold);
    EXPECT_EQ(shown.ingestor.push.body_bytes, defaults.ingestor.push.body_bytes);
    EXPECT_EQ(shown.ingestor.http.connections, defaults.ingestor.http.connections);
    EXPECT_EQ(shown.ingestor.http.body_budget, defaults.ingestor.http.body_budget);
    EXPECT_EQ(shown.ingestor.http.idle, defaults.ingestor.http.idle);
    EXPECT_EQ(shown.ingestor.http.receive, defaults.ingestor.http.receive);
    EXPECT_EQ(shown.ingestor.writer.waiting_bytes, defaults.ingestor.writer.waiting_bytes);
    EXPECT_EQ(shown.ingestor.writer.store_limit, defaults.ingestor.writer.store_limit);
    EXPECT_EQ(shown.ingestor.writer.hold, defaults.ingestor.writer.hold);
    EXPECT_EQ(shown.ingestor.spool.capacity, defaults.ingestor.spool.capacity);
    EXPECT_EQ(shown.ingestor.spool.segment, defaults.ingestor.spool.segment);
    EXPECT_EQ(shown.ingestor.drain.accept, defaults.ingestor.drain.accept);
    EXPECT_EQ(shown.ingestor.drain.idle, defaults.ingestor.drain.idle);
    EXPECT_EQ(shown.ingestor.drain.grace, defaults.ingestor.drain.grace);
    EXPECT_EQ(shown.peers.ingestors, defaults.peers.ingestors);
    EXPECT_EQ(shown.peers.audience, defaults.peers.audience);
    EXPECT_EQ(shown.peers.answer, defaults.peers.answer);
    EXPECT_EQ(shown.peers.plain_http, defaults.peers.plain_http);
    EXPECT_EQ(shown.admission.listen, defaults.admission.listen);
    EXPECT_EQ(shown.admission.mode, defaults.admission.mode);
    EXPECT_EQ(shown.admission.service, defaults.admission.service);
    EXPECT_EQ(shown.admission.service_port, defaults.admission.service_port);
    EXPECT_EQ(shown.admission.usage, defaults.admission.usage);
    EXPECT_EQ(shown.admission.central_logging, defaults.admission.central_logging);
    EXPECT_EQ(shown.admission.otlp, defaults.admission.otlp);
    EXPECT_EQ(shown.admission.leader_election, defaults.admission.leader_election);
    EXPECT_EQ(shown.admission.lease, defaults.admission.lease);
    EXPECT_EQ(shown.admission.source_in_cluster, defaults.admission.source_in_cluster);
    EXPECT_EQ(shown.admission.certificates.authority, defaults.admission.certificates.authority);
    EXPECT_EQ(shown.admission.certificates.leaf, defaults.admission.certificates.leaf);
    EXPECT_EQ(shown.admission.certificates.overlap, defaults.admission.certificates.overlap);
    EXPECT_EQ(shown.admission.certificates.settle, defaults.admission.certificates.settle);
    EXPECT_EQ(shown.admission.drain.idle, defaults.admission.drain.idle);
    EXPECT_EQ(shown.metrics, defaults.metrics);
    EXPECT_EQ(shown.health, defaults.health);
}

TEST(ConfigurationTest, EveryProblemIsReportedAtOnce) {
    const auto got = read_configuration(
        "f.yaml",
        "kind: Configuration\n"
        "store:\n  hosts: []\n  port: 0\n  pasword: x\n"
        "ingestor:\n  listen: here\n  spool:\n    capacity: lots\n  tls:\n    keyFile: k\n"
        "metrics:\n  listen: 127.0.0.1\n",
        ingestor
    );
    EXPECT_THAT(
        got.problems,
        Contains(HasSubstr("apiVersion: expected falco.extensions.config.gardener.cloud/v1alpha1"))
    );
    EXPECT_THAT(got.problems, Contains(HasSubstr("f.yaml:3: store.hosts: at least one")));
    EXPECT_THAT(
        got.problems,
        Contains(HasSubstr("f.yaml:4: store.port: expected a whole number from 1 to 65535"))
    );
    EXPECT_THAT(
        got.problems,
        Contains("f.yaml:5: store.pasword: unknown key; did you mean 'passwordFile'?").Times(0)
    );
    EXPECT_THAT(got.problems, Contains(HasSubstr("f.yaml:5: store.pasword: unknown key")));
    EXPECT_THAT(
        got.problems,
        Contains(HasSubstr("f.yaml:7: ingestor.listen: expected an address and a port"))
    );
    EXPECT_THAT(
        got.problems, Contains(HasSubstr("f.yaml:9: ingestor.spool.capacity: expected a size"))
    );
    EXPECT_THAT(got.problems, Contains(HasSubstr("ingestor.tls.certificateFile: is needed")));
    EXPECT_THAT(got.problems, Contains(HasSubstr("ingestor.keysFile: is needed")));
    EXPECT_THAT(
        got.problems, Contains(HasSubstr("f.yaml:13: metrics.listen: expected an address"))
    );
    EXPECT_EQ(got.problems.size(), 9u);
}

TEST(ConfigurationTest, TheSecretOfHeartbeatsIsOneFileForBothRoles) {
    const auto got = read("heartbeat: {secretFile: /s}\n");
    EXPECT_EQ(got.value.ingestor.heartbeat_secret, "/s");
    EXPECT_EQ(got.value.falco.heartbeat_secret_file, "/s");
}

TEST(ConfigurationTest, ReadsWhatIsThere) {
    const auto got = read(
        "store:\n  hosts: [a, b]\n  port: 5433\n  user: w\n  passwordFile: /p\n  migrator: {user: "
        "m, passwordFile: /m}\n"
        "ingestor:\n  listen: 127.0.0.1:0\n  dailyEvents: 5\n  floodHold: 2s\n  drain: {accept: "
        "200ms}\n"
        "  tls: {certificateFile: c, keyFile: k}\n"
        "logging: {level: debug, format: json}\nalerts: {site: here}\n"
    );
    EXPECT_THAT(got.problems, IsEmpty());
    EXPECT_EQ(got.value.ingestor.drain.accept, 200ms);
    const auto& value = got.value;
    EXPECT_EQ(value.store.postgres.host, "a,b");
    EXPECT_EQ(value.store.postgres.target_session_attrs, "read-write") << "of several hosts";
    EXPECT_EQ(value.store.as_migrator().user, "m");
    EXPECT_EQ(value.store.as_migrator().password_file, "/m");
    EXPECT_EQ(value.store.as_reader().user, "w");
    EXPECT_EQ(endpoint_text(value.ingestor.listen), "127.0.0.1:0");
    EXPECT_EQ(value.ingestor.clusters.cluster.events_per_day, 5u);
    EXPECT_EQ(value.ingestor.clusters.cluster.hold, 2s);
    ASSERT_TRUE(value.ingestor.tls);
    EXPECT_EQ(value.ingestor.tls->key, "k");
    EXPECT_EQ(value.logging.level, spdlog::level::debug);
    EXPECT_EQ(value.alerts.site, "here");
}

TEST(ConfigurationTest, WhoReadsMayDoSoAtAReplica) {
    auto got = read("store: {hosts: [a, b], user: w, reader: {user: r, hosts: [b, c]}}\n");
    EXPECT_THAT(got.problems, IsEmpty());
    EXPECT_EQ(got.value.store.as_reader().host, "a,b") << "whoever must not read what is old";
    const auto replica = got.value.store.at_replica();
    EXPECT_EQ(replica.host, "b,c");
    EXPECT_EQ(replica.user, "r");
    EXPECT_EQ(replica.target_session_attrs, "prefer-standby");
    EXPECT_NE(replica.memory, got.value.store.postgres.memory);

    got = read("store: {hosts: [a], user: w}\n");
    EXPECT_FALSE(got.value.store.has_replicas());
    EXPECT_EQ(got.value.store.at_replica().host, "a");
    EXPECT_THAT(
        read("store: {reader: {hosts: ['a,b']}}\n").problems,
        ElementsAre(HasSubstr("store.reader.hosts: 'a,b' is no host"))
    );
}

TEST(ConfigurationTest, AnArchiveIsAFolderOrACommand) {
    EXPECT_TRUE(read("store: {archive: {directory: /a}}\n").value.store.archive.wanted());
    EXPECT_FALSE(read("store: {}\n").value.store.archive.wanted());
    EXPECT_THAT(
        read("store: {archive: {directory: /a, command: cat}}\n").problems,
        ElementsAre(HasSubstr("store.archive: directory or command: one of the two"))
    );
}

TEST(ConfigurationTest, WhatTheGoExtensionReadsAndNobodyUsesIsAWarning) {
    const auto got =
        read("healthCheckConfig: {syncPeriod: 30s}\nfalco: {defaultEventDestination: central}\n");
    EXPECT_THAT(got.problems, IsEmpty());
    EXPECT_THAT(
        got.value.falco.warnings, ElementsAre(
                                      HasSubstr("falco.defaultEventDestination has no effect"),
                                      HasSubstr("healthCheckConfig has no effect")
                                  )
    );
}

TEST(ConfigurationTest, AdmissionHasRulesOfItsOwnOnlyInAProcessOfItsOwn) {
    const auto read = [](const std::string& text, const std::set<std::string>& roles) {
        auto got = read_configuration(
            "f",
            "apiVersion: falco.extensions.config.gardener.cloud/v1alpha1\nkind: Configuration\n" +
                text,
            roles
        );
        EXPECT_THAT(got.problems, ::testing::IsEmpty());
        return got;
    };
    const std::string           source = "rulesSource: {from: /mirror, cache: /cache}\n";
    const std::set<std::string> both{"admission", "controller"}, one{"admission"};
    const auto apart = read("controller: {rules: /a}\nadmission:\n  rules: /b\n  " + source, both);
    EXPECT_THAT(
        apart.problems_of_rules(both),
        ::testing::ElementsAre(
            "f:5: admission.rules: differs from controller.rules, and a process has one set of "
            "rules; leave it out",
            ::testing::HasSubstr("admission.rulesSource: differs from controller.rulesSource")
        )
    );
    EXPECT_THAT(apart.problems_of_rules(one), ::testing::IsEmpty());
    EXPECT_EQ(apart.value.rules_of(one).folder, "/b");
    EXPECT_EQ(apart.value.rules_of(one).source.cache, "/cache");

    const auto alike = read(
        "controller:\n  rules: /a\n  " + source + "admission:\n  rules: /a\n  " + source, both
    );
    EXPECT_THAT(alike.problems_of_rules(both), ::testing::IsEmpty());
    const auto shared = read("controller:\n  rules: /a\n  " + source + "admission: {}\n", both);
    EXPECT_THAT(shared.problems_of_rules(both), ::testing::IsEmpty());
    EXPECT_EQ(shared.value.rules_of(both).folder, "/a");
}

TEST(ConfigurationTest, OfWhatIsNotYamlOnlyThatIsSaid) {
    for (const auto* text : {"a: [b", "- a\n- b\n", "", "store: &x {}\ningestor: *x\n"}) {
        const auto got = read_configuration("f.yaml", text, ingestor);
        EXPECT_EQ(got.problems.size(), 1u) << text;
        EXPECT_FALSE(got.readable);
    }
    EXPECT_THAT(
        read_configuration("f.yaml", "a: [b", ingestor).problems,
        ElementsAre(HasSubstr("f.yaml:1: not YAML: "))
    );
}

/// libpq would take its user's name for a database, and its own folder for a host.
TEST(ConfigurationTest, AnEmptyDatabaseOrHostIsAProblem) {
    EXPECT_THAT(
        read("store:\n  database: ''\n  hosts: [a, '', ' ']\n").problems,
        ElementsAre(
            "f.yaml:4: store.database: is needed", "f.yaml:5: store.hosts: '' is no host",
            "f.yaml:5: store.hosts: ' ' is no host"
        )
    );
}

TEST(ConfigurationTest, ADrainMustFitIntoItsLimit) {
    EXPECT_THAT(
        read("ingestor:\n  drain: {accept: 10m, idle: 1s, limit: 1s}\n").problems,
        ElementsAre(HasSubstr(
            "f.yaml:4: ingestor.drain.limit: is 1s, shorter than accept and idle together (10m and "
            "1s)"
        ))
    );
    EXPECT_THAT(
        read("admission:\n  drain:\n    idle: 2m\n").problems,
        ElementsAre(HasSubstr("f.yaml:5: admission.drain.limit: is 2m, shorter"))
    );
    EXPECT_THAT(
        read("ingestor:\n  drain: {accept: 0s, idle: 1s, limit: 1s}\n").problems, IsEmpty()
    );
}

TEST(ConfigurationTest, TheConsoleNeedsSomebodyWhoSaysWhoPeopleAre) {
    const auto console = [](const std::string& text) {
        return read_configuration("f.yaml", header + text, {"console"});
    };
    EXPECT_THAT(
        console("console: {listen: \"[::]:1\"}\n").problems,
        ElementsAre(HasSubstr("console.garden: is needed: nobody could sign in"))
    );
    const auto good = console(
        "console:\n  garden: {kubeconfig: /k, landscape: live, decisionsKept: 10s}\n  limits: "
        "{questionsPerSecond: 5, questionsAtOnce: 10, storeTimePerMinute: 30s}\n  auditReads: "
        "true\n"
    );
    EXPECT_THAT(good.problems, IsEmpty());
    EXPECT_EQ(good.value.console.garden.landscape, "live");
    EXPECT_EQ(good.value.console.garden.keep, std::chrono::seconds(10));
    EXPECT_EQ(good.value.console.limits.per_second, 5u);
    EXPECT_TRUE(good.value.console.audit_reads);
    EXPECT_THAT(
        console("console:\n  garden: {decisionsKept: 61s}\n").problems,
        ElementsAre(HasSubstr("console.garden.decisionsKept"))
    );
}

TEST(ConfigurationTest, WhereOneSignsInMustBeAllThere) {
    const auto problems = [](const std::string& oidc, const std::string& more = "  garden: {}\n") {
        return read("console:\n" + more + "  oidc: " + oidc + "\n").problems;
    };
    const std::string back = "redirectURL: \"https://f.example/api/v1/sign-in/oidc/callback\"";
    EXPECT_THAT(
        problems("{issuer: \"https://i.example/dex\", clientID: falconer, " + back + "}"), IsEmpty()
    );
    EXPECT_THAT(
        problems("{issuer: \"http://localhost:5556\", clientID: falconer, " + back + "}"), IsEmpty()
    );
    EXPECT_THAT(
        problems(
            "{issuer: \"http://i.example\", redirectURL: \"https://f.example/\", scopes: [email]}"
        ),
        ElementsAre(
            HasSubstr("'http://i.example' is no https address"), HasSubstr("is needed"),
            HasSubstr("ends with /api/v1/sign-in/oidc/callback"), HasSubstr("openid is one of them")
        )
    );
    EXPECT_THAT(
        problems("{issuer: \"https://i.example\", clientID: f, " + back + "}", ""),
        ElementsAre(HasSubstr("console.oidc: needs garden"))
    );
}

TEST(ConfigurationTest, AFileThatIsNotThereIsAProblem) {
    EXPECT_THAT(
        read_configuration_file("/none/such.yaml", {}).problems,
        ElementsAre(HasSubstr("/none/such.yaml: No such file"))
    );
}

TEST(EndpointTest, ReadsAddressesWithPorts) {
    for (const char* same : {"127.0.0.1:3200", "[::1]:80", "[::]:3200", "0.0.0.0:0"})
        EXPECT_EQ(endpoint_text(parse_endpoint(same).value()), same);
    EXPECT_EQ(endpoint_text(parse_endpoint(":3200").value()), "[::]:3200");
    for (const char* wrong :
         {"", "3200", "localhost:3200", "::1:80", "[127.0.0.1]:1", "1.2.3.4:", "1.2.3.4:65536",
          "1.2.3.4:1x", "[::1]"})
        EXPECT_FALSE(parse_endpoint(wrong)) << wrong;
}

TEST(ConfigurationTest, PeersAreAskedOverTlsUnlessTheyAreOnThisMachine) {
    const auto good = read(
        "peers:\n  ingestors: [\"https://a.example\", \"http://127.0.0.1:3200\", "
        "\"http://[::1]:3201\", \"http://localhost:3202\"]\n"
    );
    EXPECT_THAT(good.problems, IsEmpty());
    EXPECT_EQ(good.value.peers.places().size(), 4u);
    EXPECT_EQ(read("peers:\n  ingestors: [\"http://a.example\"]\n").problems.size(), 1u);
    EXPECT_THAT(
        read("peers:\n  plainHTTP: true\n  ingestors: [\"http://a.example\"]\n").problems, IsEmpty()
    );
    EXPECT_EQ(read("peers:\n  ingestors: [\"a.example\"]\n").problems.size(), 1u);
    EXPECT_EQ(read("peers:\n  tls:\n    keyFile: /k\n").problems.size(), 1u);
    EXPECT_EQ(read("peers:\n  audience: \"\"\n").problems.size(), 1u);
    EXPECT_EQ(read("peers:\n  ingestor: []\n").problems.size(), 1u);
}

TEST(ConfigurationTest, WhoAsksIngestorsElsewhereSaysForWhichSeedAndSignsIt) {
    const auto bare = read("peers:\n  ingestors: [\"https://a.example\"]\n");
    EXPECT_EQ(bare.problems_of_peers({"controller"}).size(), 2u);
    EXPECT_THAT(bare.problems_of_peers({"ingestor"}), IsEmpty());
    const auto whole = read(
        "peers:\n  ingestors: [\"https://a.example\"]\ncontroller:\n  seedName: s\n"
        "falco:\n  centralStorage:\n    tokenIssuerPrivateKeyFile: /k\n"
    );
    EXPECT_THAT(whole.problems_of_peers({"controller"}), IsEmpty());
    const auto same = read("peers:\n  audience: falco-db\n");
    EXPECT_EQ(same.problems_of_peers({"ingestor"}).size(), 1u);
}

TEST(ConfigurationTest, WhatUpWritesForARoleIsReadWithoutAProblem) {
    auto how                       = configuration_in("/data");
    how.controller.kubeconfig      = "/data/kubeconfig";
    how.controller.seed_name       = "s";
    how.controller.leader_election = false;
    how.controller.namespace_name  = "garden";
    how.ingestor.heartbeat_secret  = "/data/heartbeat.secret";
    how.falco.central.enabled      = true;
    how.falco.central.url          = "http://127.0.0.1:3200/v1/events";
    how.falco.central.token_issuer = {.file = "/data/key.pem"};
    for (const std::string role : {"controller", "admission", "ingestor", "console"}) {
        const auto got = read_configuration(role, configuration_text(how, role), {role});
        EXPECT_THAT(got.problems, IsEmpty()) << configuration_text(how, role);
        EXPECT_THAT(got.problems_of_peers({role}), IsEmpty());
        EXPECT_EQ(got.value.peers.wanted(), role == "controller");
    }
    const auto got = read_configuration("i", configuration_text(how, "ingestor"), {"ingestor"});
    EXPECT_EQ(got.value.ingestor.keys_file, how.ingestor.keys_file);
    EXPECT_EQ(got.value.ingestor.drain.grace, how.ingestor.drain.grace);
    EXPECT_EQ(got.value.store.data_folder, how.store.data_folder);
}

}  // namespace
}  // namespace falconer::app
